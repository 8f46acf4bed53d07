//! The pipeline of `dayfly-lab demo` is one that we would show: ten jobs, three blocks, all passing.

use std::process::{Command, Stdio};

use dayfly_lab::emulator::job_request::JobRequest;
use dayfly_lab::emulator::pipeline::{builtin, expand};

use super::ids;

#[test]
fn the_builtin_pipeline_has_ten_jobs_in_three_blocks() {
    let expansion = expand(&builtin(), &ids());
    let blocks = expansion.blocks.iter().map(|block| {
        let names: Vec<&str> = block.jobs.iter().map(|job| job.name.as_str()).collect();
        format!(
            "{} {:?}: {}",
            block.name,
            block.dependencies,
            names.join(", ")
        )
    });
    insta::assert_snapshot!(blocks.collect::<Vec<_>>().join("\n"), @"
    Build []: Compile, Lint
    Test [0]: Unit tests - 1/4, Unit tests - 2/4, Unit tests - 3/4, Unit tests - 4/4, Flight - WIND=calm, Flight - WIND=breeze, Flight - WIND=gale
    Report [1]: Summary
    ");
}

/// A script that stops at the first command that fails, as a job does; the epilogues follow.
fn script(job: &JobRequest) -> String {
    let mut script = String::from("export SEMAPHORE_JOB_RESULT=passed SEMAPHORE_JOB_NAME=test\n");
    for variable in &job.env_vars {
        let value = format!("$(printf %s '{}' | base64 --decode)", variable.value);
        script.push_str(&format!("export {}=\"{value}\"\n", variable.name));
    }
    let commands = job.commands.iter().chain(&job.epilogue_always);
    for command in commands.chain(&job.epilogue_on_pass) {
        script.push_str(&format!("{}\n[ $? = 0 ] || exit 1\n", command.directive));
    }
    script
}

#[test]
fn every_job_of_the_builtin_pipeline_passes_in_bash() {
    let jobs = expand(&builtin(), &ids()).blocks;
    let jobs = jobs.into_iter().flat_map(|block| block.jobs);
    // All at once: each of them waits a little, to be pleasant to watch.
    let started: Vec<_> = jobs
        .map(|job| {
            let home = tempfile::tempdir().expect("a folder");
            let child = Command::new("bash")
                .args(["-c", &script(&job)])
                .current_dir(home.path())
                .stdout(Stdio::null())
                .stderr(Stdio::piped())
                .spawn()
                .expect("bash");
            (job.name, home, child)
        })
        .collect();
    for (name, _home, child) in started {
        let output = child.wait_with_output().expect("bash");
        let errors = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success() && errors.is_empty(),
            "{name}: {errors}"
        );
    }
}
