//! The systemd unit that ships: systemd understands it, and little is left to take away.

use std::fs;
use std::process::{Command, Output};

use tempfile::TempDir;

const UNIT: &str = include_str!("../../../systemd/dayfly.service");
/// What `systemd-analyze security` may find at most, in tenths; 100 is a service without limits.
const EXPOSURE_MAX: &str = "15";

/// Runs `systemd-analyze` on the unit, with the program that was just built in its place; `None`
/// where there is no systemd.
#[expect(clippy::print_stdout, reason = "a test that was skipped says so")]
fn analyze(arguments: &[&str]) -> Option<Output> {
    let folder = TempDir::new().expect("a temporary folder");
    let path = folder.path().join("dayfly.service");
    let program = crate::programs::dayfly();
    let program = program.to_str().expect("a readable path");
    let unit = UNIT.replace("/usr/local/bin/dayfly", program);
    assert_ne!(unit, UNIT);
    fs::write(&path, unit).expect("a file");
    let mut command = Command::new("systemd-analyze");
    match command.args(arguments).arg(path).output() {
        Ok(output) => Some(output),
        Err(error) => {
            println!("skipped: systemd-analyze cannot be run here: {error}");
            None
        }
    }
}

#[test]
fn systemd_understands_every_line_of_the_unit() {
    let Some(output) = analyze(&["verify", "--man=no"]) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    let ours: Vec<&str> = said
        .lines()
        .filter(|line| line.contains("dayfly"))
        .collect();
    assert_eq!(ours, [""; 0]);
}

#[test]
fn the_unit_leaves_the_service_little_to_do_harm_with() {
    let threshold = format!("--threshold={EXPOSURE_MAX}");
    let arguments = ["security", "--offline=true", "--no-pager", &threshold];
    let Some(output) = analyze(&arguments) else {
        return;
    };
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
}
