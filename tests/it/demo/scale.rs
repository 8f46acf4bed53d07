//! Many jobs, few machines.

use super::Demo;

#[test]
fn two_hundred_jobs_never_take_more_than_twenty_machines_at_once() {
    let job = |index: u32| format!("        - {{name: job-{index:03}, commands: ['true']}}\n");
    let block = |index: u32| {
        let jobs: String = (index * 50..(index + 1) * 50).map(job).collect();
        format!("  - name: Block {index}\n    dependencies: []\n    task:\n      jobs:\n{jobs}")
    };
    let blocks: String = (0..4).map(block).collect();
    let head = "version: v1.0\nagent: {machine: {type: s1-test}}\nblocks:\n";
    let ran = Demo::new(&format!("{head}{blocks}"))
        .arguments(&["--machines-max", "20"])
        .run();
    let others: Vec<_> = ran
        .jobs()
        .iter()
        .filter(|job| job["result"] != "passed")
        .collect();
    assert_eq!(ran.status, 0, "{others:#?}\n{}", ran.stderr);
    assert_eq!(ran.jobs().len(), 200);
    ran.assert_clean();
    let peak = ran.report["machines"]["peak"].as_u64().expect("a number");
    assert!((1..=20).contains(&peak), "{peak} machines at once");
    let launched = ran.report["machines"]["launched"]
        .as_u64()
        .expect("a number");
    assert!(
        (200..=240).contains(&launched),
        "{launched} machines for 200 jobs"
    );
}

/// A job of some output, of which every twentieth fails.
fn job_with_output(index: u32) -> String {
    let code = if index % 20 == 7 { 3 } else { 0 };
    format!("        - {{name: job-{index:03}, commands: ['seq {index} 400', '(exit {code})']}}\n")
}

#[test]
fn two_hundred_jobs_behind_a_faulty_edge_end_true_and_whole() {
    let block = |index: u32| {
        let jobs: String = (index * 50..(index + 1) * 50)
            .map(job_with_output)
            .collect();
        format!("  - name: Block {index}\n    dependencies: []\n    task:\n      jobs:\n{jobs}")
    };
    let blocks: String = (0..4).map(block).collect();
    let head = "version: v1.0\nagent: {machine: {type: s1-test}}\nblocks:\n";
    let ran = Demo::new(&format!("{head}{blocks}"))
        .arguments(&["--machines-max", "20", "--seed", "16"])
        .arguments(&["--edge-fault-percent", "3", "--edge-fault-unseen"])
        .run();
    assert_eq!(ran.jobs().len(), 200, "{}", ran.stderr);
    for index in 0..200 {
        let name = format!("job-{index:03}");
        let is_failed = index % 20 == 7;
        let result = if is_failed { "failed" } else { "passed" };
        assert_eq!(ran.result(&name), result, "{}", ran.text(&name));
        let output: String = (index..=400).map(|line| format!("{line}\n")).collect();
        let steps = ran.steps(&name);
        let step = |of: &str| {
            steps
                .iter()
                .find(|(directive, _, _)| directive.starts_with(of))
        };
        let (_, said, code) = step("seq ").expect("the first command");
        assert_eq!((said, *code), (&output, 0), "{name}");
        let (_, _, code) = step("(exit ").expect("the second command");
        assert_eq!(*code, if is_failed { 3 } else { 0 });
    }
    ran.assert_clean();
    let launched = ran.report["machines"]["launched"].as_u64();
    assert!(
        launched.is_some_and(|it| (200..=240).contains(&it)),
        "{launched:?}"
    );
}

#[test]
fn the_built_in_pipeline_passes_with_a_reserve_and_leaves_nothing() {
    let output = std::process::Command::new(crate::programs::lab())
        .args([
            "demo",
            "--json",
            "--reserve",
            "2",
            "--machines-max",
            "6",
            "--seed",
            "7",
        ])
        .output()
        .expect("the demo starts");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(output.status.code(), Some(0), "{report:#}");
    let jobs = report["jobs"].as_array().expect("a list");
    assert!((8..=14).contains(&jobs.len()), "about ten jobs");
    assert!(
        jobs.iter().all(|job| job["result"] == "passed"),
        "{report:#}"
    );
    assert_eq!(report["machines"]["alive"], 0);
}
