//! The program as it is started. What it does with a hub is tested in `tests/it` of the workspace's
//! root, where there is one. This file also makes `cargo test` leave the program beside the others.

use std::process::Command;

#[test]
fn program_without_settings_exits_with_3() {
    let output = Command::new(env!("CARGO_BIN_EXE_dayfly-agent"))
        .arg("start")
        .env_clear()
        .output()
        .expect("the program was built");
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(stderr.contains("endpoint"), "{stderr}");
}
