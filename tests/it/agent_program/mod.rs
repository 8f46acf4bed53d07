//! The real `dayfly-agent` against an emulated hub on a port, over TLS 1.3.

mod faults;
mod leaving;
mod odd_answers;
pub mod port;
mod secrets;
mod signals;

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::log::LogEvent;
use dayfly::hub::wire::payload;
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::secret::Secret;
use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::hub::Hub;
use dayfly_lab::emulator::hub::job::JobState;
use dayfly_lab::emulator::hub::settings::{HubSettings, Limits};
use dayfly_lab::emulator::job_request::JobRequest;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use self::port::Port;

/// A hub with one agent type, and a folder for the agents of the test.
struct Scene {
    port: Port,
    token: Secret,
    folder: TempDir,
}

/// A running agent.
struct Agent {
    child: Child,
    folder: PathBuf,
}

/// What an agent left behind.
struct Left {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

fn agent_type() -> AgentType {
    AgentType::new("s1-test")
}

impl Scene {
    fn new() -> Self {
        // The hub asks back at once, so that a test takes no longer than what it tests.
        let mut hub = Hub::new(HubSettings {
            sync_interval_floor_ms: 20,
            sync_interval_ceiling_ms: 40,
            limits: Limits {
                payload_build: Duration::ZERO,
                scheduling: Duration::ZERO,
                stop_delay: Duration::ZERO,
                ..Limits::default()
            },
            ..HubSettings::default()
        });
        let token = hub
            .create_agent_type(agent_type(), SystemClock.now())
            .expect("a good name");
        let folder = tempfile::tempdir().expect("a folder");
        let port = Port::open(hub, &folder.path().join("ca.pem"));
        Self {
            port,
            token,
            folder,
        }
    }

    fn enqueue(&self, commands: &[&str]) -> JobId {
        let command = |directive: &&str| payload::Command {
            directive: (*directive).to_owned(),
            alias: None,
        };
        let request = JobRequest {
            name: "a job".into(),
            block: String::new(),
            agent_type: agent_type(),
            executor: None,
            env_vars: Vec::new(),
            files: Vec::new(),
            commands: commands.iter().map(command).collect(),
            epilogue_always: Vec::new(),
            epilogue_on_pass: Vec::new(),
            epilogue_on_fail: Vec::new(),
            execution_time_limit: Duration::from_secs(600),
        };
        self.port
            .with(|hub| hub.enqueue(request, SystemClock.now()))
    }

    fn start(&self) -> Agent {
        self.start_with(&[])
    }

    fn start_with(&self, flags: &[&str]) -> Agent {
        let endpoint = self.port.address.to_string();
        self.start_at(&endpoint, self.token.expose(), flags)
    }

    /// An agent with that token, its output in files.
    fn start_at(&self, endpoint: &str, token: &str, flags: &[&str]) -> Agent {
        let folder = self.agent_folder();
        let mut command = self.command(endpoint, flags);
        fs::write(folder.join("token"), token).expect("a folder of ours");
        let output = |name: &str| File::create(folder.join(name)).expect("a folder of ours");
        let child = command
            .stdout(output("stdout"))
            .stderr(output("stderr"))
            .spawn()
            .expect("the agent is built beside this test");
        Agent { child, folder }
    }

    fn agent_folder(&self) -> PathBuf {
        self.folder.path().join("agent")
    }

    /// The program with a folder, a home and an environment of its own.
    fn command(&self, endpoint: &str, flags: &[&str]) -> Command {
        let folder = self.agent_folder();
        fs::create_dir(&folder).expect("one agent a scene");
        fs::write(folder.join("token"), self.token.expose()).expect("a folder of ours");
        let mut command = Command::new(crate::programs::agent());
        command
            .args([
                "start",
                "--disconnect-after-job",
                "--name",
                "agent-of-the-test",
            ])
            .args(["--endpoint", endpoint, "--log-level", "trace"])
            .arg("--ca-file")
            .arg(self.folder.path().join("ca.pem"))
            .arg("--token-file")
            .arg(folder.join("token"))
            .args(flags)
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("HOME", &folder)
            .env("TMPDIR", &folder)
            .stdin(Stdio::null());
        command
    }

    /// The result of the job, once the hub has it.
    fn result(&self, job: &JobId) -> Option<JobResult> {
        self.port
            .with(|hub| hub.job(job).and_then(|job| job.result))
    }

    fn log(&self, job: &JobId) -> String {
        self.port.with(|hub| hub.log_events(job).join("\n"))
    }

    fn wait_for_state(&self, job: &JobId, state: JobState) {
        let what = format!("a job that is {state:?}");
        let is_so = |hub: &Hub| hub.job(job).is_some_and(|job| job.state == state);
        self.port.wait_until(&what, is_so);
    }

    /// Waits until the job's log holds the text.
    fn wait_for_log(&self, job: &JobId, text: &str) {
        let holds = |hub: &Hub| hub.log_events(job).iter().any(|line| line.contains(text));
        self.port.wait_until(text, holds);
    }

    /// Nothing that must hold after every run is broken (protocol.md section 12).
    fn assert_clean(&self) {
        let violations = self.port.with(|hub| hub.violations());
        let sentences: Vec<String> = violations.iter().map(ToString::to_string).collect();
        assert_eq!(sentences, Vec::<String>::new());
    }
}

impl Agent {
    fn signal(&self, signal: Signal) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, signal).expect("it has not been waited for");
    }

    /// Waits for its end.
    fn wait(mut self) -> Left {
        let status = self.child.wait().expect("a child of ours");
        Left {
            code: status.code(),
            stdout: read(&self.folder, "stdout"),
            stderr: read(&self.folder, "stderr"),
        }
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        // A test that failed leaves no agent behind.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn read(folder: &Path, name: &str) -> String {
    fs::read_to_string(folder.join(name)).expect("the agent's output is text")
}

#[test]
fn a_job_is_run_reported_and_told_on_the_console() {
    let scene = Scene::new();
    let job = scene.enqueue(&["echo hello", "cd /tmp && export A=1", "echo $PWD $A"]);
    let left = scene.start().wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(
        scene.result(&job),
        Some(JobResult::Passed),
        "{}",
        scene.log(&job)
    );
    assert!(scene.log(&job).contains("hello\\n"), "{}", scene.log(&job));
    assert!(scene.log(&job).contains("/tmp 1\\n"), "{}", scene.log(&job));
    let marks = format!(
        "dayfly: registered agent-of-the-test\ndayfly: job {job} started\ndayfly: log closed {job}\ndayfly: leaving: job-finished\n"
    );
    assert_eq!(left.stdout, marks);
    scene.assert_clean();
}

#[test]
fn a_job_that_fails_is_no_failure_of_the_agent() {
    let scene = Scene::new();
    let job = scene.enqueue(&["(exit 3)"]);
    let left = scene.start().wait();
    assert_eq!(left.code, Some(0));
    assert_eq!(scene.result(&job), Some(JobResult::Failed));
    scene.assert_clean();
}

#[test]
fn an_agent_for_many_jobs_runs_them_one_after_another() {
    let scene = Scene::new();
    let first = scene.enqueue(&["echo one"]);
    let second = scene.enqueue(&["echo two"]);
    let flags = [
        "--disconnect-after-job=false",
        "--disconnect-after-idle-timeout=1",
    ];
    let left = scene.start_with(&flags).wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(scene.result(&first), Some(JobResult::Passed));
    assert_eq!(scene.result(&second), Some(JobResult::Passed));
    assert!(
        left.stdout.ends_with("dayfly: leaving: idle\n"),
        "{}",
        left.stdout
    );
    scene.assert_clean();
}

#[test]
fn a_hundred_thousand_lines_arrive_once_and_in_order() {
    let scene = Scene::new();
    let job = scene.enqueue(&["seq 100000"]);
    let left = scene.start().wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    let lines = scene.port.with(|hub| hub.log_events(&job));
    let outputs =
        lines
            .iter()
            .filter_map(|line| match serde_json::from_str(line).expect("an event") {
                LogEvent::CmdOutput { output, .. } => Some(output),
                LogEvent::JobStarted { .. }
                | LogEvent::CmdStarted { .. }
                | LogEvent::CmdFinished { .. }
                | LogEvent::JobFinished { .. } => None,
            });
    let text: String = outputs.collect();
    let numbers = text.lines().filter_map(|line| line.parse::<u32>().ok());
    assert!(numbers.eq(1..=100_000), "{} bytes came", text.len());
    scene.assert_clean();
}

#[test]
fn orphans_that_have_ended_do_not_pile_up_while_their_job_runs() {
    let scene = Scene::new();
    let make = r#"for round in $(seq 20); do
          for _ in $(seq 100); do (: &); done
          children=$(ps -o pid= --ppid "$PPID" | wc -l)
          [ "$children" -ge 50 ] || break
        done
        echo "$children children"; [ "$children" -lt 50 ]"#;
    let job = scene.enqueue(&[make]);
    assert_eq!(scene.start().wait().code, Some(0));
    let log = scene.log(&job);
    assert_eq!(scene.result(&job), Some(JobResult::Passed), "{log}");
}

#[test]
fn the_agents_folder_is_gone_when_it_is() {
    let scene = Scene::new();
    scene.enqueue(&["true"]);
    scene.start().wait();
    let agent = scene.folder.path().join("agent");
    let names = fs::read_dir(agent).expect("the test's folder");
    let names: Vec<String> = names
        .map(|entry| {
            entry
                .expect("readable")
                .file_name()
                .to_string_lossy()
                .into_owned()
        })
        .filter(|name| name.starts_with("dayfly") || name == "token")
        .collect();
    assert_eq!(names, Vec::<String>::new());
}
