//! `dayfly-lab demo --machines qemu`: the demo's whole way, with a virtual machine for each job.

use std::fs;
use std::process::Command;

use serde_json::Value;
use tempfile::TempDir;

use super::setting::agent_program;
use super::world::System;

const PIPELINE: &str = "version: v1.0\nname: Two\n\
    agent: {machine: {type: s1-linux}}\n\
    blocks:\n  - name: Build\n    task:\n      jobs:\n        \
    - {name: Where, commands: [\"echo on $(cat /sys/class/dmi/id/sys_vendor)\"]}\n        \
    - {name: Fails, commands: [\"false\"]}\n";

#[test]
fn a_demo_runs_its_jobs_on_virtual_machines_and_leaves_none() {
    let Some(image) = System::Bookworm.image() else {
        return;
    };
    // Beside a small agent, because each machine fetches the one that is beside the program.
    let folder = TempDir::new().expect("a temporary folder");
    let place = |name: &str| folder.path().join(name);
    fs::write(place("dayfly-agent"), agent_program(folder.path())).expect("there is room");
    fs::copy(crate::programs::lab(), place("dayfly-lab")).expect("there is room");
    fs::write(place("two.yml"), PIPELINE).expect("there is room");
    let output = Command::new(place("dayfly-lab"))
        .args([
            "demo",
            "--machines",
            "qemu",
            "--json",
            "--pipeline",
            "two.yml",
            "--logs",
            "logs",
        ])
        .arg("--image")
        .arg(image)
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .output()
        .expect("it starts");
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    // One job fails, as it should.
    assert_eq!(output.status.code(), Some(1), "{said}");
    let record: Value = serde_json::from_slice(&output.stdout).expect("JSON");
    let jobs = record["jobs"].as_array().expect("a list").iter();
    let results = jobs.map(|job| (job["name"].as_str(), job["result"].as_str()));
    let mut results: Vec<_> = results.collect();
    results.sort_unstable();
    let expected = [("Fails", "failed"), ("Where", "passed")];
    let expected = expected.map(|(name, result)| (Some(name), Some(result)));
    assert_eq!(results, expected, "{record}");
    let machines = &record["machines"];
    assert_eq!(
        (&machines["launched"], &machines["alive"]),
        (&2.into(), &0.into())
    );
    let log = fs::read_to_string(place("logs/Where.log")).expect("it was written");
    assert!(log.contains("on Amazon EC2"), "{log}");
}

#[test]
fn a_demo_without_an_image_says_how_to_make_one() {
    let output = Command::new(crate::programs::lab())
        .args(["demo", "--machines", "qemu"])
        .output()
        .expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("--image"), "{said}");
}
