//! What `dayfly` says of commands and of machines that are `dayfly-lab`'s.

use std::process::{Command, Output};

use tempfile::TempDir;

use crate::programs::dayfly;

const ON_THIS_COMPUTER: &str = "deployment = 'test'\nmachines_max = 1\n\
    [hub]\nendpoint = '127.0.0.1:1'\n[cloud]\nkind = 'process'\nfolder = 'machines'\n\
    [pools.linux]\nagent_type = 's1-linux'\nregistration_token = { env = 'TOKEN' }\n";

fn run(arguments: &[&str]) -> (Option<i32>, String) {
    let folder = TempDir::new().expect("a temporary folder");
    std::fs::write(folder.path().join("dayfly.toml"), ON_THIS_COMPUTER).expect("a file");
    let output = Command::new(dayfly())
        .args(arguments)
        .current_dir(folder.path())
        .env("TOKEN", "a-token")
        .output();
    let Output {
        status,
        stdout,
        stderr,
    } = output.expect("it starts");
    let said = [stdout, stderr].concat();
    (status.code(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn old_command_names_the_new_one() {
    for (old, new) in [
        ("demo", "dayfly-lab demo"),
        ("sim", "dayfly-lab fault-sim"),
        ("simulate", "dayfly-lab simulate"),
        ("hub", "dayfly-lab emulate hub"),
        ("cloud", "dayfly-lab emulate aws"),
        ("agent", "dayfly-agent"),
    ] {
        let (code, said) = run(&[old, "--anything"]);
        assert_eq!(code, Some(2), "{said}");
        assert_eq!(said, format!("error: `dayfly {old}` is now `{new}`\n"));
    }
}

#[test]
fn machines_of_this_computer_are_refused_by_name_of_the_lab() {
    let config = ["--config", "dayfly.toml"];
    for command in [
        &["check"][..],
        &["plan"],
        &["run"],
        &["explain", "linux"],
        &["doctor"],
    ] {
        let (code, said) = run(&[command, &config].concat());
        assert_ne!(code, Some(0), "{said}");
        assert!(said.contains("use `dayfly-lab run`"), "{command:?}: {said}");
    }
}
