//! The program as it is started. What it does is tested in `tests/it` of the workspace's root. This
//! file also makes `cargo test` leave the program beside the others.

use std::process::Command;

#[test]
fn help_lists_commands_and_hides_those_of_machines() {
    let output = Command::new(env!("CARGO_BIN_EXE_dayfly-lab"))
        .arg("--help")
        .output()
        .expect("the program was built");
    let help = String::from_utf8_lossy(&output.stdout);
    let listed = |name: &str| {
        let line = format!("  {name} ");
        help.lines().any(|it| it.starts_with(&line))
    };
    let shown = [
        "demo",
        "emulate",
        "fault-sim",
        "simulate",
        "run",
        "plan",
        "check",
        "doctor",
        "explain",
    ];
    assert!(shown.into_iter().all(listed), "{help}");
    let hidden = ["agent", "machine", "virtual-machine", "relay"];
    assert!(!hidden.into_iter().any(listed), "{help}");
}
