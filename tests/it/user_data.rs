//! `dayfly render user-data`: what a machine is told at its boot.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

const CONFIGURATION: &str = r#"
deployment = "ci"
machines_max = 20
[hub]
endpoint = "acme.semaphoreci.com"
[cloud]
kind = "ec2"
region = "eu-central-1"
[pools.linux]
agent_type = "s1-linux"
registration_token = { parameter = "/dayfly/linux" }
launch_template = { id = "lt-0123456789abcdef0", version = 7 }
instance_types = ["c7i.large"]
subnets = ["subnet-a"]
lifetime_seconds = 7200
[pools.linux.machine]
agent = "semaphore"
agent_url = "https://example.com/agent.tar.gz"
agent_sha256 = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
metadata = "guarded"
sudo = true
"#;

fn render(configuration: &str, arguments: &[&str]) -> (Output, TempDir) {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("dayfly.toml"), configuration).expect("a file");
    let output = Command::new(crate::programs::dayfly())
        .args(["render", "user-data", "--config", "dayfly.toml"])
        .args(arguments)
        .current_dir(folder.path())
        .output()
        .expect("the program starts");
    (output, folder)
}

fn refused(configuration: &str, pool: &str) -> String {
    let (output, _folder) = render(configuration, &["--pool", pool]);
    assert_eq!(
        (output.status.code(), &output.stdout[..]),
        (Some(3), &b""[..])
    );
    String::from_utf8(output.stderr).expect("text")
}

#[test]
fn what_the_configuration_says_stands_in_the_user_data() {
    let (output, _folder) = render(CONFIGURATION, &["--pool", "linux"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let text = String::from_utf8(output.stdout).expect("text");
    assert!(text.starts_with("#cloud-config\n"));
    assert!(!text.contains("${"), "a placeholder is left");
    for said in [
        r#""endpoint": "acme.semaphoreci.com", "region": "eu-central-1", "token_parameter": "/dayfly/linux""#,
        r#""agent": "semaphore", "agent_url": "https://example.com/agent.tar.gz""#,
        r#""agent_sha256": "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef""#,
        r#""metadata": "guarded", "idle_timeout_seconds": "120""#,
        r#""sudo": "true""#,
        "OnBootSec=7200",
    ] {
        assert!(text.contains(said), "{said} is not in {text}");
    }
}

#[test]
fn a_file_gets_the_same_bytes_as_stdout() {
    let (shown, _folder) = render(CONFIGURATION, &["--pool", "linux"]);
    let (output, folder) = render(CONFIGURATION, &["--pool", "linux", "--output", "it.yaml"]);
    assert_eq!(
        (output.status.code(), &output.stdout[..]),
        (Some(0), &b""[..])
    );
    let written = fs::read(folder.path().join("it.yaml")).expect("the file is there");
    assert_eq!(written, shown.stdout);
    let arguments = ["--pool", "linux", "--output", "nowhere/it.yaml"];
    let (output, _folder) = render(CONFIGURATION, &arguments);
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(1));
    assert!(said.starts_with("error: nowhere/it.yaml: "), "{said}");
}

#[test]
fn what_is_missing_is_said_all_at_once() {
    let bare = CONFIGURATION
        .replace("region = \"eu-central-1\"\n", "")
        .replace("{ parameter = \"/dayfly/linux\" }", "{ env = \"TOKEN\" }");
    insta::assert_snapshot!(refused(&bare, "linux"), @r#"
    error: dayfly.toml: cloud.region: missing; expected the region that the machines ask for their token
    error: dayfly.toml: pools.linux.machine.token_parameter: missing; expected the parameter of SSM that holds the registration token, because registration_token is on this computer
    "#);
    insta::assert_snapshot!(refused(CONFIGURATION, "windows"), @"error: dayfly.toml: pools.windows: no such pool; expected one of its pools: linux");
}

#[test]
fn a_token_on_this_computer_needs_a_parameter_for_the_machines() {
    let text = CONFIGURATION.replace("{ parameter = \"/dayfly/linux\" }", "{ env = \"TOKEN\" }")
        + "token_parameter = \"/dayfly/machines\"\n";
    let (output, _folder) = render(&text, &["--pool", "linux"]);
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        said.contains(r#""token_parameter": "/dayfly/machines""#),
        "{output:?}"
    );
}
