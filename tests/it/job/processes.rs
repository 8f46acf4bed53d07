//! Nothing that a job starts outlives it, and nothing that it starts delays its end.

use std::path::Path;
use std::process::Command;

use dayfly::hub::wire::agent::JobResult;
use dayfly_agent::process::{Orphans, become_subreaper};
use insta::assert_snapshot;

use super::{Then, given_commands};

/// The processes that a job has written down, which all must be gone.
fn assert_gone(then: &Then, count: usize) {
    let home = then.folder.path().join("home");
    let ids = std::fs::read_to_string(home.join("ids")).expect("a list of processes");
    assert_eq!(ids.lines().count(), count, "{ids}");
    for id in ids.lines() {
        // Nothing once it is gone.
        let stat = std::fs::read_to_string(Path::new("/proc").join(id).join("stat"));
        let stat = stat.unwrap_or_default();
        let is_over = stat.is_empty() || stat.contains(") Z ") || stat.contains(") X ");
        assert!(is_over, "process {id} of {ids:?} is alive: {stat}");
    }
}

/// Starts, in any way it can, processes that would live for long.
const DAEMONS: &str = r#"
    sleep 1000 & echo $! >> ids
    nohup sleep 1000 > /dev/null 2>&1 & echo $! >> ids
    setsid bash -c 'echo $$ >> ids; trap "" HUP TERM INT; echo > first; while :; do sleep 1000; done' &
    (setsid bash -c 'echo $$ >> ids; echo > second; exec sleep 1000' > /dev/null 2>&1 < /dev/null &)
    bash -c 'env -i PATH="$PATH" setsid bash stubborn & wait' &
    cat first second third"#;

/// A script that ignores what can be ignored.
const STUBBORN: &str = "echo 'trap \"\" HUP TERM INT; echo $$ >> ids; echo > third; while :; do sleep 1000; done' > stubborn";

#[test]
fn daemons_end_with_the_job_and_do_not_delay_it() {
    let then = given_commands(&[
        "mkfifo first second third",
        STUBBORN,
        DAEMONS,
        "for id in $(cat ids); do kill -0 $id; done",
    ])
    .run();
    assert_eq!(then.result, JobResult::Passed, "{}", then.log());
    assert_gone(&then, 5);
}

#[test]
fn a_daemon_that_holds_the_terminal_does_not_hide_a_dead_shell() {
    let then = given_commands(&[
        "mkfifo ready",
        "setsid bash -c 'echo $$ >> ids; echo > ready; while :; do echo noise; done' & cat ready > /dev/null; exit 5",
    ])
    .run();
    assert_eq!(then.result, JobResult::Failed);
    assert!(then.log().contains("\n< 5\n"));
    assert_gone(&then, 1);
}

#[test]
fn a_stop_ends_a_sleeping_command_and_runs_no_epilogue() {
    let then = given_commands(&[
        "echo $BASHPID >> ids; echo ready; sleep 1000",
        "echo not reached",
    ])
    .epilogues(&["echo always"], &[], &["echo fail"])
    .stopped_at("ready\n")
    .run();
    assert_snapshot!(then.commands_log(), @r"
    > echo $BASHPID >> ids; echo ready; sleep 1000
    ready
    < 1
    job stopped
    ");
    assert_gone(&then, 1);
}

#[test]
fn a_stop_ends_a_loop_that_ignores_signals_and_its_daemons() {
    let stubborn =
        "trap '' HUP TERM INT\n echo $BASHPID >> ids; echo 'ready'; while :; do sleep 1000; done";
    let then = given_commands(&["mkfifo first second third", STUBBORN, DAEMONS, stubborn])
        .stopped_at("ready\n")
        .run();
    assert_eq!(then.result, JobResult::Stopped);
    assert_gone(&then, 6);
}

#[test]
fn a_stop_ends_those_that_have_lost_their_parent_to_it() {
    // The shell and the parent of the stubborn one die at the first signal, so that nothing tells
    // any more whose the stubborn one is, and the job's end has to remember.
    let wait = "echo ready; sleep 1000";
    let then = given_commands(&["mkfifo first second third", STUBBORN, DAEMONS, wait])
        .stopped_at("ready\n")
        .run();
    assert_eq!(then.result, JobResult::Stopped);
    assert_gone(&then, 5);
}

#[test]
fn a_stop_during_an_epilogue_stops_the_job() {
    let then = given_commands(&["true"])
        .epilogues(&["echo ready; sleep 1000"], &["echo pass"], &[])
        .stopped_at("ready\n")
        .run();
    assert_snapshot!(then.commands_log(), @r"
    > true
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    > echo ready; sleep 1000
    ready
    < 1
    job stopped
    ");
}

#[test]
fn a_stop_reaches_a_job_that_floods_its_log() {
    let then = given_commands(&["yes ready"]).stopped_at("ready\n").run();
    assert_eq!(then.result, JobResult::Stopped);
    assert!(then.log().ends_with("\n< 1\njob stopped\n"));
}

#[test]
fn the_post_job_hook_of_a_stopped_job_meets_a_dead_shell() {
    let mut given = given_commands(&["echo ready; sleep 1000"]).stopped_at("ready\n");
    given.settings.post_job_hook = Some(given.script("post", "echo post\n"));
    assert_snapshot!(given.run().commands_log(), @r"
    > echo ready; sleep 1000
    ready
    < 1
    > Running the post-job hook configured in the agent
    Running: bash FOLDER/post
    < 1
    job stopped
    ");
}

#[test]
fn a_stop_before_the_first_step_runs_nothing() {
    let mut given = given_commands(&["echo never"]).epilogues(&["echo always"], &[], &[]);
    given.is_stopped_at_once = true;
    assert_snapshot!(given.run().log(), @r"
    job started
    > Exporting environment variables
    < 1
    job stopped
    ");
}

#[test]
fn a_child_that_is_suspended_does_not_suspend_the_job() {
    let command = "bash -c 'echo $$ >> ids; kill -STOP $$'; echo after $?";
    let then = given_commands(&[command]).run();
    assert!(
        then.output(command).ends_with("after 147\n"),
        "{}",
        then.log()
    );
    assert_gone(&then, 1);
}

/// In a process of its own, because whoever adopts orphans ends every child that it has.
#[test]
fn an_orphan_that_shows_nothing_ends_with_the_job_of_an_agent_that_adopts() {
    const ALONE: &str = "DAYFLY_TEST_ALONE";
    const NAME: &str =
        "job::processes::an_orphan_that_shows_nothing_ends_with_the_job_of_an_agent_that_adopts";
    if std::env::var_os(ALONE).is_none() {
        let test = std::env::current_exe().expect("this test");
        let alone = Command::new(test)
            .args(["--exact", NAME])
            .env(ALONE, "1")
            .output();
        let output = alone.expect("the same test, alone");
        assert!(
            output.status.success(),
            "{}",
            String::from_utf8_lossy(&output.stdout)
        );
        return;
    }
    become_subreaper().expect("a subreaper");
    // It loses its parent and its environment long before the job ends, and the shell dies as well.
    let orphan = "(env -i PATH=\"$PATH\" setsid bash stubborn &); cat third; exit 5";
    let mut given = given_commands(&["mkfifo third", STUBBORN, orphan]);
    given.settings.orphans = Orphans::All;
    let then = given.run();
    assert!(then.log().contains("\n< 5\n"), "{}", then.log());
    assert_gone(&then, 1);
}
