//! One shell for all commands: what lasts, what it survives, and what it never waits for.

use dayfly::hub::wire::agent::JobResult;
use insta::assert_snapshot;

use super::{given, given_commands};

#[test]
fn folder_variables_functions_aliases_and_options_last() {
    let then = given_commands(&[
        "pwd; cd /usr",
        "pwd; export A=1; B=2; greet() { echo \"hello $1\"; }; alias hi='greet alias'; shopt -s expand_aliases",
        "hi; greet you; echo $A$B; bash -c 'echo [$A$B]'; set -o pipefail",
        "false | true",
    ])
    .run();
    assert_snapshot!(then.commands_log(), @r#"
    > pwd; cd /usr
    FOLDER/home
    < 0
    > pwd; export A=1; B=2; greet() { echo "hello $1"; }; alias hi='greet alias'; shopt -s expand_aliases
    /usr
    < 0
    > hi; greet you; echo $A$B; bash -c 'echo [$A$B]'; set -o pipefail
    hello alias
    hello you
    12
    [1]
    < 0
    > false | true
    < 1
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job failed
    "#);
}

#[test]
fn a_command_of_many_lines_gives_the_status_of_its_last() {
    let then = given_commands(&["false\ntrue", "cat <<END\nheld\nEND", "true\nfalse"]).run();
    assert_snapshot!(then.commands_log(), @r"
    > false
    true
    < 0
    > cat <<END
    held
    END
    held
    < 0
    > true
    false
    < 1
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job failed
    ");
}

#[test]
fn a_child_that_dies_of_sigint_ends_its_command_with_130() {
    let then = given_commands(&[
        "bash -c 'kill -INT $$'; echo not reached",
        "echo not reached",
    ])
    .epilogues(&["echo not reached"], &[], &[])
    .run();
    assert_snapshot!(then.commands_log(), @r"
    > bash -c 'kill -INT $$'; echo not reached

    < 130
    > Checking job result
    SEMAPHORE_JOB_RESULT is neither passed nor failed: the job is stopped.
    < 0
    job stopped
    ");
}

#[test]
fn a_shell_that_interrupts_itself_is_alive_and_its_prompt_is_not_trusted() {
    let changes = "PS1=mine; PROMPT_COMMAND='echo prompt'; readonly PS1 PROMPT_COMMAND; PS0=zero";
    let then = given_commands(&[
        changes,
        "export SEMAPHORE_JOB_RESULT=passed; echo still here; return 130",
    ])
    .run();
    assert_snapshot!(then.commands_log(), @r"
    > PS1=mine; PROMPT_COMMAND='echo prompt'; readonly PS1 PROMPT_COMMAND; PS0=zero
    < 0
    > export SEMAPHORE_JOB_RESULT=passed; echo still here; return 130
    still here
    < 130
    > Checking job result
    SEMAPHORE_JOB_RESULT is passed: the job is passed.
    < 0
    job passed
    ");
    let then =
        given_commands(&["SEMAPHORE_JOB_RESULT=passed; kill -INT $$; echo not reached"]).run();
    assert_snapshot!(then.commands_log(), @r"
    > SEMAPHORE_JOB_RESULT=passed; kill -INT $$; echo not reached

    < 130
    > Checking job result
    SEMAPHORE_JOB_RESULT is passed: the job is passed.
    < 0
    job passed
    ");
}

#[test]
fn syntax_errors_and_unset_variables_leave_the_shell_alive() {
    let then = given_commands(&["echo 'unbalanced"])
        .epilogues(&["echo alive"], &[], &[])
        .run();
    assert!(then.log().contains("\n< 2\n"), "{}", then.log());
    assert!(
        then.log().contains("> echo alive\nalive\n< 0\n"),
        "{}",
        then.log()
    );
    let then = given_commands(&["set -u", "echo $NOT_SET"])
        .epilogues(&["echo alive"], &[], &[])
        .run();
    assert!(then.log().contains("unbound variable"), "{}", then.log());
    assert!(
        then.log().contains("> echo alive\nalive\n< 0\n"),
        "{}",
        then.log()
    );
}

#[test]
fn a_terminal_that_a_command_has_changed_is_put_right() {
    let then = given_commands(&["stty echo -opost raw", "echo one", "stty size"]).run();
    assert_snapshot!(then.commands_log(), @r"
    > stty echo -opost raw
    < 0
    > echo one
    one
    < 0
    > stty size
    24 80
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job passed
    ");
}

#[test]
fn output_that_was_redirected_for_good_does_not_hide_the_end() {
    let then =
        given_commands(&["exec > out 2>&1", "echo hidden", "exec > /dev/tty; cat out"]).run();
    assert_snapshot!(then.commands_log(), @r"
    > exec > out 2>&1
    < 0
    > echo hidden
    < 0
    > exec > /dev/tty; cat out
    hidden
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job passed
    ");
}

#[test]
fn traces_show_the_sourcing_and_none_of_the_marks() {
    let then = given_commands(&["set -x", "echo hi", "set +x"]).run();
    assert_snapshot!(then.commands_log(), @r"
    > set -x
    < 0
    > echo hi
    + builtin source FOLDER/scratch/command
    ++ echo hi
    hi
    < 0
    > set +x
    + builtin source FOLDER/scratch/command
    ++ set +x
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job passed
    ");
}

#[test]
fn a_forged_mark_ends_no_command() {
    let nonce = r#"grep -oE '[0-9a-f]{32}' <<< "$PROMPT_COMMAND" > nonce; wc -c < nonce"#;
    let guessed = r#"printf '\001%032dE0\002\001' 0; (exit 0)"#;
    let known =
        r#"printf '\001%sE0\002' "$(cat nonce)"; printf '\001%sS\002' "$(cat nonce)"; (exit 4)"#;
    let then = given_commands(&[nonce, guessed, known]).run();
    assert_eq!(then.output(nonce), "33\n");
    let zeros = "0".repeat(32);
    let output = format!("\u{1}{zeros}E0\u{2}\u{1}");
    assert_eq!(then.output(guessed), output);
    assert_eq!(then.output(known).len(), 2 * 35 + 1);
    assert!(then.log().contains("\n< 4\n"), "{}", then.log());
}

#[test]
fn login_files_run_and_stay_out_of_the_log() {
    let given = given_commands(&["echo $FROM_PROFILE"]);
    let profile = given.folder.path().join("home/.bash_profile");
    std::fs::write(
        profile,
        "export FROM_PROFILE=yes; echo noise; PROMPT_COMMAND='echo more'\n",
    )
    .expect("a profile");
    let then = given.run();
    assert_snapshot!(then.commands_log(), @r"
    > echo $FROM_PROFILE
    yes
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job passed
    ");
    assert!(!then.folder.path().join("home/.bash_history").exists());
}

#[test]
fn a_job_may_sweep_its_temporary_folder() {
    let given = given();
    let scratch = given.settings.scratch.clone();
    let sweep = format!("rm -rf {}", scratch.display());
    let mut given = given.epilogues(&["echo $SEMAPHORE_JOB_RESULT"], &[], &[]);
    given.payload.commands = super::commands_of(&[&sweep, "echo still here"]);
    let then = given.run();
    assert_eq!(then.output("echo still here"), "still here\n");
    assert_eq!(then.output("echo $SEMAPHORE_JOB_RESULT"), "passed\n");
    assert_eq!(then.result, JobResult::Passed);
}
