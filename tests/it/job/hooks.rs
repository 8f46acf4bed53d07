//! The operator's hooks around a job (protocol.md 5.6).

use insta::assert_snapshot;

use super::given_commands;

#[test]
fn hooks_run_in_the_jobs_shell_and_see_its_variables() {
    let mut given =
        given_commands(&["echo job"])
            .variable("A", "1")
            .epilogues(&["echo always"], &[], &[]);
    given.settings.pre_job_hook = Some(given.script("pre", "echo pre $A; NOT_KEPT=1\n"));
    given.settings.post_job_hook =
        Some(given.script("post hook", "echo post $A $SEMAPHORE_JOB_RESULT; exit 9\n"));
    assert_snapshot!(given.run().log(), @r"
    job started
    > Exporting environment variables
    Exporting A
    < 0
    > Injecting Files
    < 0
    > Running the pre-job hook configured in the agent
    Running: bash FOLDER/pre
    Warning: The agent is configured to proceed with the job even if the pre-job hook fails.
    pre 1
    < 0
    > echo job
    job
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    > echo always
    always
    < 0
    > Running the post-job hook configured in the agent
    Running: bash 'FOLDER/post hook'
    post 1 passed
    < 9
    job passed
    ");
}

#[test]
fn a_sourced_hook_changes_the_jobs_shell() {
    let mut given = given_commands(&["echo $KEPT"]);
    given.settings.pre_job_hook = Some(given.script("pre", "KEPT=yes\n"));
    given.settings.source_pre_job_hook = true;
    let then = given.run();
    assert_eq!(then.output("echo $KEPT"), "yes\n");
}

#[test]
fn a_pre_job_hook_that_fails_is_ignored_unless_it_matters() {
    let mut given = given_commands(&["echo job"]);
    given.settings.pre_job_hook = Some(given.script("pre", "exit 3\n"));
    assert_snapshot!(given.run().commands_log(), @r"
    > Running the pre-job hook configured in the agent
    Running: bash FOLDER/pre
    Warning: The agent is configured to proceed with the job even if the pre-job hook fails.
    < 3
    > echo job
    job
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job passed
    ");

    let mut given = given_commands(&["echo job"]).epilogues(&["echo always"], &[], &["echo fail"]);
    given.settings.pre_job_hook = Some(given.script("pre", "exit 3\n"));
    given.settings.fail_on_pre_job_hook_error = true;
    assert_snapshot!(given.run().commands_log(), @r"
    > Running the pre-job hook configured in the agent
    Running: bash FOLDER/pre
    Warning: The agent is configured to fail the job if the pre-job hook fails.
    < 3
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    > echo always
    always
    < 0
    > echo fail
    fail
    < 0
    job failed
    ");
}

#[test]
fn the_post_job_hook_runs_after_an_early_exit_and_fails_in_a_dead_shell() {
    let mut given = given_commands(&["return 130"]).epilogues(&["echo always"], &[], &[]);
    given.settings.post_job_hook = Some(given.script("post", "echo post\n"));
    assert_snapshot!(given.run().commands_log(), @r"
    > return 130
    < 130
    > Checking job result
    SEMAPHORE_JOB_RESULT is neither passed nor failed: the job is stopped.
    < 0
    > Running the post-job hook configured in the agent
    Running: bash FOLDER/post
    post
    < 0
    job stopped
    ");

    let mut given = given_commands(&["exit 3"]);
    given.settings.post_job_hook = Some(given.script("post", "echo post\n"));
    assert_snapshot!(given.run().commands_log(), @r"
    > exit 3
    < 3
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 1
    > Running the post-job hook configured in the agent
    Running: bash FOLDER/post
    < 1
    job failed
    ");
}
