//! `dayfly doctor` as an operator types it, for machines of an emulated account on a port.

use std::fs;
use std::io::{BufRead, BufReader};
use std::process::{Child, Stdio};

use serde_json::Value;

use super::command::change;
use crate::demo::commands::Operator;
use crate::programs::dayfly;

/// `dayfly-lab emulate aws`, which has told its line.
struct Account {
    child: Child,
    line: Value,
}

impl Account {
    fn new(operator: &Operator) -> Self {
        let mut command = operator.command(&["emulate", "aws"]);
        let command = command.env("TMPDIR", operator.folder.path());
        let mut child = command.stdout(Stdio::piped()).spawn().expect("it starts");
        let mut line = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout)
            .read_line(&mut line)
            .expect("one line");
        let line = serde_json::from_str(&line).expect("JSON");
        Self { child, line }
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The operator's configuration for machines of that account.
fn on_ec2(operator: &Operator, account: &Account) {
    let cloud = format!(
        "kind = \"ec2\"\nregion = \"eu-central-1\"\nendpoint_url = {}\nca_file = {}\n\
         lease_table = \"dayfly-lease\"\n",
        account.line["endpoint"], account.line["ca_file"]
    );
    let pool = "launch_template = { id = \"lt-1\", version = 1 }\ninstance_types = [\"c7i.large\"]\n\
                subnets = [\"subnet-a\", \"subnet-b\"]\n";
    change(operator, |text| {
        let text = text.replace("kind = \"process\"\nfolder = \"machines\"\n", &cloud);
        text + pool
    });
}

fn with_keys(operator: &Operator, arguments: &[&str]) -> (i32, String) {
    let mut command = operator.command_of(dayfly(), &["doctor", "--config", "dayfly.toml"]);
    let command = command.args(arguments);
    let command = command
        .env("AWS_ACCESS_KEY_ID", "AKIATEST")
        .env("AWS_SECRET_ACCESS_KEY", "the-key");
    let output = command.output().expect("it starts");
    let stdout = String::from_utf8_lossy(&output.stdout).into_owned();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (output.status.code().expect("not killed"), stdout)
}

#[test]
fn an_account_is_looked_at_whole() {
    let operator = Operator::new();
    let account = Account::new(&operator);
    on_ec2(&operator, &account);
    let (status, stdout) = with_keys(&operator, &[]);
    assert_eq!(status, 0, "{stdout}");
    for expected in [
        "ok       AWS: answers, and takes the credentials",
        "ok       permission DescribeInstances: given",
        "warning  permission TerminateInstances: no machine is there to ask for; ask again while",
        "ok       lease: table dayfly-lease can be written, and nobody holds it",
        "ok       pool linux: launch template: lt-1 version 1: powering off ends a machine",
        "ok       pool linux: launch template: lt-1 version 1: metadata needs a session",
        "warning  pool linux: launch template: lt-1 version 1: machines have no role",
        "ok       pool linux: user data: none: the image starts the agent by itself",
        "ok       pool linux: image: ami-x86 is available, x86_64",
        "ok       pool linux: types: 1 type, all of which run x86_64",
        "ok       pool linux: subnets: 2 subnets with 8182 free addresses, and up to 4 machines",
        "ok       pool linux: CreateFleet: would go through",
        "ok       pool linux: RunInstances: would go through",
        "ok       quota of standard types, on-demand: 100000 vCPUs, and the pools want 8 at most",
    ] {
        assert!(
            stdout.lines().any(|line| line.starts_with(expected)),
            "{expected}: {stdout}"
        );
    }
    assert!(!stdout.contains("the-key"), "{stdout}");
}

#[test]
fn what_is_wrong_with_an_account_is_said_for_each_part() {
    let operator = Operator::new();
    let account = Account::new(&operator);
    on_ec2(&operator, &account);
    let path = operator.folder.path().join("dayfly.toml");
    let text = fs::read_to_string(&path).expect("just written");
    let text = text
        .replace("dayfly-lease", "elsewhere")
        .replace("\"c7i.large\"", "\"c7i.large\", \"c7g.large\"")
        .replace("\"subnet-b\"", "\"subnet-lost\"");
    fs::write(&path, text).expect("a file");
    let (status, stdout) = with_keys(&operator, &["--json"]);
    assert_eq!(status, 1, "{stdout}");
    let lines = stdout
        .lines()
        .map(|line| -> Value { serde_json::from_str(line).expect("JSON") });
    let wrong: Vec<Value> = lines.filter(|it| it["health"] == "wrong").collect();
    let subjects: Vec<&str> = wrong
        .iter()
        .filter_map(|it| it["subject"].as_str())
        .collect();
    assert_eq!(
        subjects,
        ["lease", "pool linux: types", "pool linux: subnets"],
        "{stdout}"
    );
    let found = wrong[1]["found"].as_str().expect("a text");
    assert_eq!(found, "c7g.large cannot run ami-x86, which is x86_64");
    // Without credentials, everything else would fail in the same way, and is not asked.
    let mut command = operator.command_of(dayfly(), &["doctor", "--config", "dayfly.toml"]);
    let command = command
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env("HOME", operator.folder.path());
    let output = command.output().expect("it starts");
    let stdout = String::from_utf8_lossy(&output.stdout);
    assert_eq!(output.status.code(), Some(1), "{stdout}");
    let last = stdout.lines().next_back().unwrap_or_default();
    assert!(last.starts_with("wrong    AWS: "), "{stdout}");
    assert!(last.contains("credential"), "{stdout}");
}
