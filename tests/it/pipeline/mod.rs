//! Semaphore pipeline files in a local run: what is refused, what they expand to, in which order
//! their jobs are queued.

mod builtin;
mod checkout;
mod expansion;
mod load;
mod run;
mod wrong;

use dayfly_lab::emulator::pipeline::{Expansion, Loaded, RunIds, expand, read};

/// What every pipeline of these tests begins with.
const HEAD: &str = "version: v1.0\nname: Test\nagent: {machine: {type: s1-test}}\n";

/// One job that does nothing, as a task.
const TASK: &str = "{jobs: [{commands: ['true']}]}";

fn no_files(_: &str) -> Result<String, String> {
    Err("no such file".to_owned())
}

fn ids() -> RunIds {
    RunIds {
        organization: "organization-1".to_owned(),
        workflow: "workflow-1".to_owned(),
        pipeline: "pipeline-1".to_owned(),
    }
}

/// A pipeline that is right, behind [`HEAD`].
fn loaded(text: &str) -> Loaded {
    match read(&format!("{HEAD}{text}"), "ci.yml", &no_files) {
        Ok(loaded) => loaded,
        Err(problems) => panic!("{problems:#?}"),
    }
}

fn expanded(text: &str) -> Expansion {
    expand(&loaded(text).pipeline, &ids())
}

/// The problems of a pipeline that is wrong, one in a line.
fn problems(text: &str) -> String {
    let problems = read(text, "ci.yml", &no_files).expect_err("a pipeline that is wrong");
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("\n")
}
