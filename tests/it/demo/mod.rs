//! The main job, end to end: the real binary with its embedded hub, its scaler, real agents in
//! machines on this computer, and real bash jobs of a pipeline file.

mod bad_input;
pub mod commands;
mod ends;
mod outcomes;
mod readme;
mod scale;
mod secrets;
mod shapes;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// One pipeline file in a folder of its own, and what `dayfly-lab demo` makes of it.
pub struct Demo {
    pub folder: TempDir,
    arguments: Vec<String>,
}

/// What a demo did.
pub struct Ran {
    pub status: i32,
    pub report: Value,
    pub stderr: String,
    pub logs: PathBuf,
    _folder: TempDir,
}

impl Demo {
    /// A demo of that pipeline file.
    pub fn new(pipeline: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        std::fs::write(folder.path().join("pipeline.yml"), pipeline).expect("a file in it");
        Self {
            folder,
            arguments: Vec::new(),
        }
    }

    /// A demo of one block with these jobs, each `name: [command, …]`.
    pub fn of_jobs(jobs: &[(&str, &[&str])]) -> Self {
        let jobs = jobs.iter().map(|(name, commands)| {
            let commands = commands.iter().map(|command| format!("{command:?}"));
            let commands = commands.collect::<Vec<_>>().join(", ");
            format!("        - name: {name}\n          commands: [{commands}]\n")
        });
        Self::new(&format!("{HEAD}{}", jobs.collect::<String>()))
    }

    pub fn arguments(mut self, arguments: &[&str]) -> Self {
        self.arguments
            .extend(arguments.iter().map(ToString::to_string));
        self
    }

    pub fn command(&self) -> Command {
        let mut command = Command::new(crate::programs::lab());
        command
            .arg("demo")
            .arg("--pipeline")
            .arg(self.folder.path().join("pipeline.yml"))
            .args(&self.arguments)
            .stdin(Stdio::null());
        command
    }

    /// Runs it with `--json --logs` and reads both.
    pub fn run(self) -> Ran {
        let logs = self.folder.path().join("logs");
        let output = self
            .command()
            .arg("--json")
            .arg("--logs")
            .arg(&logs)
            .output()
            .expect("the demo starts");
        let Output {
            status,
            stdout,
            stderr,
        } = output;
        let stderr = String::from_utf8_lossy(&stderr).into_owned();
        let report = serde_json::from_slice(&stdout)
            .unwrap_or_else(|error| panic!("no JSON on stdout ({error}); stderr:\n{stderr}"));
        let status = status.code().expect("it was not killed");
        Ran {
            status,
            report,
            stderr,
            logs,
            _folder: self.folder,
        }
    }
}

/// One block whose jobs follow.
const HEAD: &str = "\
version: v1.0
name: Test
agent:
  machine:
    type: s1-test
blocks:
  - name: Block
    task:
      jobs:
";

impl Ran {
    pub fn jobs(&self) -> &Vec<Value> {
        self.report["jobs"].as_array().expect("jobs is a list")
    }

    pub fn job(&self, name: &str) -> &Value {
        let found = self.jobs().iter().find(|job| job["name"] == name);
        found.unwrap_or_else(|| panic!("no job {name:?} in {:#}", self.report))
    }

    pub fn result(&self, name: &str) -> &str {
        self.job(name)["result"]
            .as_str()
            .expect("a result is a word")
    }

    /// A job's raw events.
    pub fn events(&self, name: &str) -> Vec<Value> {
        let lines = read(&self.log_file(name, "jsonl"));
        lines
            .lines()
            .map(|line| serde_json::from_str(line).expect("an event a line"))
            .collect()
    }

    /// A job's log as text.
    pub fn text(&self, name: &str) -> String {
        read(&self.log_file(name, "log"))
    }

    /// The commands of a job's log: what was shown, what it put out, and its exit code.
    pub fn steps(&self, name: &str) -> Vec<(String, String, i64)> {
        let mut steps: Vec<(String, String, i64)> = Vec::new();
        for event in self.events(name) {
            let text = |key: &str| event[key].as_str().unwrap_or_default().to_owned();
            match event["event"].as_str().expect("an event has a kind") {
                "cmd_started" => steps.push((text("directive"), String::new(), i64::MIN)),
                "cmd_output" => steps.last_mut().expect("after its start").1 += &text("output"),
                "cmd_finished" => {
                    let step = steps.last_mut().expect("after its start");
                    assert_eq!(step.0, text("directive"));
                    step.2 = event["exit_code"].as_i64().expect("a number");
                }
                "job_started" | "job_finished" => {}
                other => panic!("an event {other:?}"),
            }
        }
        steps
    }

    /// What every run must keep, whatever its jobs do: a machine of its own for each job that
    /// ran, its log closed before the machine was gone, and nothing left.
    pub fn assert_clean(&self) {
        assert_eq!(self.report["machines"]["alive"], 0, "{:#}", self.report);
        let mut machines = std::collections::BTreeSet::new();
        for job in self
            .jobs()
            .iter()
            .filter(|job| !job["started_at"].is_null())
        {
            let moment = |key: &str| {
                job[key]
                    .as_u64()
                    .unwrap_or_else(|| panic!("{key} of {job:#} is missing"))
            };
            assert!(moment("queued_at") <= moment("started_at"), "{job:#}");
            assert!(moment("started_at") <= moment("finished_at"), "{job:#}");
            assert!(
                moment("log_closed_at") <= moment("machine_gone_at"),
                "{job:#}"
            );
            let machine = job["machine"]
                .as_str()
                .expect("a job that ran had a machine");
            assert!(machines.insert(machine.to_owned()), "two jobs on {machine}");
        }
    }

    fn log_file(&self, name: &str, extension: &str) -> PathBuf {
        self.logs
            .join(format!("{}.{extension}", name.replace('/', "_")))
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
