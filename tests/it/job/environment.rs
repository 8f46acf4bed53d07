//! What a job finds around it: variables and files, and nothing of the agent's.

use std::os::unix::fs::PermissionsExt;

use dayfly::hub::wire::agent::JobResult;
use insta::assert_snapshot;

use super::{given, given_commands};

#[test]
fn variables_are_exported_sorted_and_as_they_are() {
    let value = "quotes ' \" $HOME `id`\nsecond line\tżółć \\n";
    let then = given_commands(&["printf '%s' \"$TRICKY\"", "bash -c 'echo $A $B'"])
        .variable("TRICKY", value)
        .variable("B", "two")
        .variable("A", "first")
        .variable("A", "last wins")
        .run();
    assert_eq!(then.output("printf '%s' \"$TRICKY\""), value);
    assert_eq!(then.output("bash -c 'echo $A $B'"), "last wins two\n");
    assert_eq!(
        then.output("Exporting environment variables"),
        "Exporting A\nExporting B\nExporting TRICKY\nExporting SEMAPHORE_JOB_RESULT\n"
    );
}

#[test]
fn the_agents_extra_variables_win() {
    let mut given = given_commands(&["echo $A $B"]).variable("A", "payload");
    let extra = [("A", "agent=1"), ("B", "too")];
    given.settings.extra_env_vars = extra
        .map(|(name, value)| (name.into(), value.into()))
        .to_vec();
    assert_eq!(given.run().output("echo $A $B"), "agent=1 too\n");
}

#[test]
fn a_job_sees_nothing_of_the_agents_settings() {
    let mut given = given_commands(&["env; cat /proc/$$/environ | tr '\\0' '\\n'"])
        .agent_variable("SEMAPHORE_AGENT_TOKEN", "secret-token")
        .agent_variable("DAYFLY_SECRET", "secret-too")
        .agent_variable("INHERITED", "yes");
    given
        .settings
        .hidden_variables
        .insert(String::from("DAYFLY_SECRET"));
    let log = given.run().log();
    assert!(!log.contains("secret"), "{log}");
    assert_eq!(log.matches("INHERITED=yes").count(), 2);
}

#[test]
fn a_variable_that_is_no_base64_fails_the_job_in_its_step() {
    let mut given = given_commands(&["echo never"])
        .variable("GOOD", "1")
        .variable("BAD", "");
    given.payload.env_vars[1].value = String::from("{SANITIZED}");
    let then = given.epilogues(&["echo always"], &[], &["echo fail"]).run();
    assert_snapshot!(then.log(), @r"
    job started
    > Exporting environment variables
    The value of BAD is not base64, so that no variable is exported.
    < 1
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
fn a_name_that_bash_cannot_export_is_left_out_and_its_value_is_not_shown() {
    let then = given_commands(&["echo $GOOD"])
        .variable("not-a-name", "secret")
        .variable("9", "secret")
        .variable("GOOD", "yes")
        .run();
    assert_eq!(then.result, JobResult::Passed);
    assert_snapshot!(then.log(), @r#"
    job started
    > Exporting environment variables
    Exporting GOOD
    Not exporting "9": a name is made of letters, digits and underscores.
    Not exporting "not-a-name": a name is made of letters, digits and underscores.
    < 0
    > Injecting Files
    < 0
    > echo $GOOD
    yes
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job passed
    "#);
}

#[test]
fn the_files_of_variables_and_commands_are_private_and_go() {
    let look = "stat -c '%a %n' \"$BASH_SOURCE\" \"$(dirname \"$BASH_SOURCE\")\"; ls \"$(dirname \"$BASH_SOURCE\")\"";
    let then = given_commands(&[look]).variable("A", "1").run();
    assert_snapshot!(then.output(look).replace(&then.folder.path().display().to_string(), "FOLDER"), @r"
    600 FOLDER/scratch/command
    700 FOLDER/scratch
    command
    ");
    let left = std::fs::read_dir(then.folder.path().join("scratch")).expect("the folder");
    assert_eq!(left.count(), 0);
}

#[test]
fn files_are_written_with_their_modes() {
    let folder = tempfile::tempdir().expect("a folder");
    let absolute = folder.path().join("deep/er/absolute");
    let then = given_commands(&[
        "stat -c '%a %n' .ssh .ssh/id_rsa 'tilde~' script; cat .ssh/id_rsa; ./script",
    ])
    .file(".ssh/id_rsa", "key\n", "0600")
    .file("~/tilde~", "", "640")
    .file("script", "#!/bin/sh\necho runs\n", "0755")
    .file(&absolute.display().to_string(), "x", "0644")
    .run();
    assert_snapshot!(then.log().replace(&folder.path().display().to_string(), "OTHER"), @r"
    job started
    > Exporting environment variables
    < 0
    > Injecting Files
    Injecting .ssh/id_rsa with file mode 0600
    Injecting ~/tilde~ with file mode 640
    Injecting script with file mode 0755
    Injecting OTHER/deep/er/absolute with file mode 0644
    < 0
    > stat -c '%a %n' .ssh .ssh/id_rsa 'tilde~' script; cat .ssh/id_rsa; ./script
    750 .ssh
    600 .ssh/id_rsa
    640 tilde~
    755 script
    key
    runs
    < 0
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job passed
    ");
    let mode = std::fs::metadata(&absolute)
        .expect("the file")
        .permissions()
        .mode();
    assert_eq!(mode & 0o7777, 0o644);
}

#[test]
fn an_existing_file_gets_the_new_content_and_mode() {
    let given = given_commands(&["stat -c %a f; cat f"]).file("f", "new\n", "0600");
    std::fs::write(
        given.folder.path().join("home/f"),
        "much longer than before\n",
    )
    .expect("a file");
    assert_eq!(given.run().output("stat -c %a f; cat f"), "600\nnew\n");
}

#[test]
fn a_file_that_is_no_base64_fails_the_job_in_its_step() {
    let mut given = given().file("a", "", "0644").file("b", "", "0644");
    given.payload.files[0].content = String::from("{SANITIZED}");
    assert_snapshot!(given.run().log(), @r"
    job started
    > Exporting environment variables
    < 0
    > Injecting Files
    Injecting a with file mode 0644
    Failed to inject the file: the content of a is not base64.
    < 1
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job failed
    ");
}

#[test]
fn a_mode_that_is_none_and_a_place_that_cannot_be_written_are_explained() {
    let broken = given().file("a", "", "obviously broken").run();
    assert_snapshot!(broken.output("Injecting Files"), @r#"
    Injecting a with file mode obviously broken
    Failed to inject the file: the mode of a is "obviously broken", and should be octal digits such as 0644.
    "#);
    let folder = given().file("/dev/null/a", "", "0644").run();
    assert_snapshot!(folder.log(), @r"
    job started
    > Exporting environment variables
    < 0
    > Injecting Files
    Injecting /dev/null/a with file mode 0644
    Failed to inject the file: the folder /dev/null cannot be made: File exists (os error 17).
    < 1
    > Exporting environment variables
    Exporting SEMAPHORE_JOB_RESULT
    < 0
    job failed
    ");
    let write = given().file("~/", "", "0644").run();
    assert!(write.log().contains("\n< 255\n"), "{}", write.log());
}

#[test]
fn base64_with_line_breaks_is_exported_and_written() {
    let mut given = given_commands(&["echo \"$A\"; cat ~/a"])
        .variable("A", "")
        .file("a", "", "0644");
    // As GNU `base64` and YAML's `|` write it.
    given.payload.env_vars[0].value = String::from("aGVs\nbG8=\n");
    given.payload.files[0].content = String::from("d29y\r\nbGQ=\r\n");
    let then = given.run();
    assert_eq!(then.result, JobResult::Passed, "{}", then.log());
    assert!(then.log().contains("hello\nworld"), "{}", then.log());
}
