//! `dayfly doctor` as an operator types it, for machines on this computer.

use std::fs;

use dayfly::doctor::Health;
use serde_json::Value;

use crate::demo::commands::Operator;

/// Exit code, stdout and stderr.
fn doctor(operator: &Operator, arguments: &[&str]) -> (i32, String, String) {
    let mut command = operator.command(&["doctor", "--config", "dayfly.toml"]);
    let output = command.args(arguments).output().expect("it starts");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (
        output.status.code().expect("not killed"),
        text(&output.stdout),
        text(&output.stderr),
    )
}

pub fn change(operator: &Operator, change: impl Fn(&str) -> String) {
    let path = operator.config();
    let text = fs::read_to_string(&path).expect("just written");
    fs::write(&path, change(&text)).expect("a file");
}

#[test]
fn a_deployment_that_is_well_is_one_line_for_each_look_and_changes_nothing() {
    let operator = Operator::new();
    operator.config();
    let (status, stdout, stderr) = doctor(&operator, &[]);
    assert_eq!((status, stderr.as_str()), (0, ""), "{stdout}");
    let expected = [
        "ok       configuration: dayfly.toml is right: deployment test",
        "ok       tokens: 2 found",
        "ok       hub: 127.0.0.1:",
        "ok       pool linux: registration token: the hub knows it: 2 queued, 0 running",
        "ok       API token: the hub knows it, and lists 0 agents",
        "ok       pool linux: agent type: the hub has s1-test",
        "ok       clock: within 5 s of the hub's",
        "ok       machines' folder: machines can be written",
    ];
    let lines: Vec<&str> = stdout.lines().collect();
    assert_eq!(lines.len(), expected.len(), "{stdout}");
    for (line, expected) in lines.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
    assert!(!operator.folder.path().join("machines").exists());
}

#[test]
fn what_is_wrong_is_said_with_its_remedy_and_in_the_exit_code() {
    let operator = Operator::new();
    change(&operator, |text| {
        text.replace("\"s1-test\"", "\"s1-other\"")
            .replace("\"machines\"", "\"dayfly.toml/machines\"")
    });
    let (status, stdout, _) = doctor(&operator, &["--json"]);
    assert_eq!(status, 1, "{stdout}");
    let findings: Vec<Value> = stdout
        .lines()
        .map(|line| serde_json::from_str(line).expect("a line of JSON"))
        .collect();
    let wrong: Vec<&Value> = findings
        .iter()
        .filter(|it| it["health"] == "wrong")
        .collect();
    assert_eq!(wrong.len(), 2, "{stdout}");
    assert_eq!(wrong[0]["subject"], "pool linux: agent type");
    assert_eq!(wrong[0]["found"], "the hub has no s1-other; it has s1-test");
    assert_eq!(wrong[1]["subject"], "machines' folder");
    assert!(wrong.iter().all(|it| it["remedy"].is_string()), "{stdout}");
    assert_eq!(
        serde_json::to_value(Health::Wrong).expect("a word"),
        "wrong"
    );
}

#[test]
fn a_configuration_or_a_token_that_is_wrong_has_the_exit_code_of_configurations() {
    let operator = Operator::new();
    change(&operator, |text| {
        text.replace("machines_max = 4", "machines_max = -4")
    });
    let (status, stdout, _) = doctor(&operator, &[]);
    assert_eq!(status, 3, "{stdout}");
    assert_eq!(stdout.lines().count(), 2, "one for each mistake: {stdout}");
    let mistake =
        "wrong    configuration: dayfly.toml:2: machines_max: found the number -4; expected";
    assert!(stdout.starts_with(mistake), "{stdout}");

    operator.config();
    let mut command = operator.command(&["doctor", "--config", "dayfly.toml"]);
    let output = command.env_remove("TOKEN").output().expect("it starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(3), "{stdout}");
    assert!(
        stdout.contains("wrong    tokens: pools.linux.registration_token: environment"),
        "{stdout}"
    );
    assert!(
        stdout.contains("ok       machines' folder"),
        "the rest is looked at: {stdout}"
    );

    let mut command = operator.command(&["doctor", "--config", "dayfly.toml"]);
    let output = command
        .env("TOKEN", "0badc0de")
        .output()
        .expect("it starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    assert!(
        stdout.contains("does not know the registration_token of pool linux; copy it"),
        "{stdout}"
    );
    assert!(!stdout.contains("0badc0de"), "{stdout}");
}
