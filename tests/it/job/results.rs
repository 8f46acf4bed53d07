//! The table of protocol.md 5.5: how a job ends, and which steps run.

use dayfly::hub::wire::agent::JobResult;
use insta::assert_snapshot;

use super::{given, given_commands};

#[test]
fn a_job_without_commands_passes() {
    let then = given()
        .epilogues(&["echo always"], &["echo pass"], &["echo fail"])
        .run();
    assert_eq!(then.result, JobResult::Passed);
    assert_snapshot!(then.log(), @r"
    job started
    > Exporting environment variables
    < 0
    > Injecting Files
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    > echo always
    always
    < 0
    > echo pass
    pass
    < 0
    job passed
    ");
}

#[test]
fn a_failing_command_stops_the_rest_and_epilogues_run() {
    let then = given_commands(&["echo one", "(exit 3)", "echo two"])
        .epilogues(
            &["echo $SEMAPHORE_JOB_RESULT"],
            &["echo pass"],
            &["echo fail"],
        )
        .run();
    assert_snapshot!(then.commands_log(), @r"
    > echo one
    one
    < 0
    > (exit 3)
    < 3
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    > echo $SEMAPHORE_JOB_RESULT
    failed
    < 0
    > echo fail
    fail
    < 0
    job failed
    ");
}

#[test]
fn a_failing_epilogue_ends_its_list_and_changes_no_result() {
    let then = given_commands(&["true"])
        .epilogues(&["false", "echo not reached"], &["return 130"], &[])
        .run();
    assert_snapshot!(then.commands_log(), @r"
    > true
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    > false
    < 1
    > return 130
    < 130
    job passed
    ");
}

#[test]
fn a_shell_that_exits_fails_the_job_with_its_status_and_stays_dead() {
    let then = given_commands(&["echo before; exit 3", "echo after"])
        .epilogues(&["echo always"], &[], &["echo fail"])
        .run();
    assert_snapshot!(then.commands_log(), @r"
    > echo before; exit 3
    before
    < 3
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 1
    > echo always
    < 1
    > echo fail
    < 1
    job failed
    ");
}

#[test]
fn a_shell_that_is_gone_is_never_a_success() {
    for gone in ["exit 0", "exec true"] {
        let then = given_commands(&[gone]).run();
        assert_eq!(then.result, JobResult::Failed);
        assert!(
            then.log().contains(&format!("> {gone}\n< 1\n")),
            "{}",
            then.log()
        );
    }
}

#[test]
fn an_exit_with_130_is_a_dead_shell_and_not_an_early_exit() {
    let then = given_commands(&["exit 130"])
        .epilogues(&["echo always"], &[], &[])
        .run();
    assert_snapshot!(then.commands_log(), @r"
    > exit 130
    < 130
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 1
    > echo always
    < 1
    job failed
    ");
}

#[test]
fn a_failing_line_after_set_e_takes_the_shell_along() {
    let then = given_commands(&["set -e", "echo one\n(exit 7)\necho two", "echo three"]).run();
    assert_snapshot!(then.commands_log(), @r"
    > set -e
    < 0
    > echo one
    (exit 7)
    echo two
    one
    < 7
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 1
    job failed
    ");
}

#[test]
fn an_early_exit_runs_no_epilogues_and_stops_the_job() {
    let then = given_commands(&["(exit 130)", "echo after"])
        .epilogues(&["echo always"], &["echo pass"], &["echo fail"])
        .run();
    assert_snapshot!(then.commands_log(), @r"
    > (exit 130)
    < 130
    > Checking job result
    SEMAPHORE_JOB_RESULT is neither passed nor failed: the job is stopped.
    < 0
    job stopped
    ");
}

#[test]
fn an_early_exit_may_name_its_result() {
    let passed = given_commands(&["SEMAPHORE_JOB_RESULT=passed; return 130"])
        .epilogues(&["echo always"], &["echo pass"], &["echo fail"])
        .run();
    assert_snapshot!(passed.commands_log(), @r"
    > SEMAPHORE_JOB_RESULT=passed; return 130
    < 130
    > Checking job result
    SEMAPHORE_JOB_RESULT is passed: the job is passed.
    < 0
    job passed
    ");
    let failed =
        given_commands(&["set -u", "export SEMAPHORE_JOB_RESULT=failed; return 130"]).run();
    assert_eq!(failed.result, JobResult::Failed);
    let neither = given_commands(&["SEMAPHORE_JOB_RESULT=maybe", "return 130"]).run();
    assert_eq!(neither.result, JobResult::Stopped);
}

#[test]
fn a_command_with_an_alias_is_shown_by_it() {
    let mut given = given_commands(&["echo Hello World"]);
    given.payload.commands[0].alias = Some(String::from("Display Hello World"));
    assert_snapshot!(given.run().commands_log(), @r"
    > Display Hello World
    Running: echo Hello World
    Hello World
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job passed
    ");
}

#[test]
fn an_executor_that_is_not_ours_is_explained() {
    let mut given = given_commands(&["echo never"]);
    given.payload.executor = Some(String::from("dockercompose"));
    let then = given.run();
    assert_eq!(then.result, JobResult::Failed);
    assert_snapshot!(then.log(), @r#"
    job started
    > Preparing the job
    The job asks for the executor "dockercompose", and this agent runs jobs of the executor "shell" alone: a pipeline that names no containers gets it.
    < 1
    job failed
    "#);
}

#[test]
fn a_shell_that_cannot_be_started_is_explained() {
    let given = given_commands(&["echo never"]).agent_variable("PATH", "/nowhere");
    let then = given.run();
    assert_eq!(then.result, JobResult::Failed);
    assert_snapshot!(then.log(), @r"
    job started
    > Preparing the job
    The job has no shell: bash cannot be started: No such file or directory (os error 2).
    < 1
    job failed
    ");
}
