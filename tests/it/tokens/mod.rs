//! Tokens in the real program: changed while it runs, and nowhere in what it writes.

mod parameter;
mod quiet;
mod rotation;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

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

use crate::agent_program::port::Port;

/// A hub of the test's own, and a folder for the scaler and its machines.
struct Scene {
    port: Port,
    registration_token: Secret,
    api_token: Secret,
    folder: TempDir,
}

/// `dayfly-lab run`.
struct Scaler {
    child: Child,
    stderr: BufReader<std::process::ChildStderr>,
    /// What it has written to stderr.
    log: String,
}

fn agent_type() -> AgentType {
    AgentType::new("s1-test")
}

impl Scene {
    fn new() -> Self {
        let mut hub = Hub::new(HubSettings {
            sync_interval_floor_ms: 20,
            sync_interval_ceiling_ms: 40,
            limits: Limits {
                payload_build: Duration::ZERO,
                scheduling: Duration::ZERO,
                ..Limits::default()
            },
            ..HubSettings::default()
        });
        let registration_token = hub
            .create_agent_type(agent_type(), SystemClock.now())
            .expect("a good name");
        let api_token = hub.create_api_token();
        let folder = TempDir::new().expect("a temporary folder");
        let port = Port::open(hub, &folder.path().join("ca.pem"));
        Self {
            port,
            registration_token,
            api_token,
            folder,
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Puts a job into the queue.
    fn enqueue(&self, command: &str) -> JobId {
        let request = JobRequest {
            name: "a job".into(),
            block: String::new(),
            agent_type: agent_type(),
            executor: None,
            env_vars: Vec::new(),
            files: Vec::new(),
            commands: vec![payload::Command {
                directive: command.to_owned(),
                alias: None,
            }],
            epilogue_always: Vec::new(),
            epilogue_on_pass: Vec::new(),
            epilogue_on_fail: Vec::new(),
            execution_time_limit: Duration::from_secs(600),
        };
        self.port
            .with(|hub| hub.enqueue(request, SystemClock.now()))
    }

    fn wait_until_finished(&self, job: &JobId) {
        self.port.wait_until("the end of the job", |hub| {
            hub.job(job)
                .is_some_and(|job| job.state == JobState::Finished)
        });
    }

    /// Writes `dayfly.toml`, with lines beside those that every configuration has.
    fn configure(&self, top: &str, api_token: &str, registration_token: &str) {
        let config = format!(
            "deployment = \"test\"\nmachines_max = 4\ntick_seconds = 1\n{top}\n[hub]\n\
             endpoint = \"{}\"\nca_file = \"ca.pem\"\napi_token = {api_token}\n[cloud]\n\
             kind = \"process\"\nfolder = \"machines\"\n[pools.linux]\nagent_type = \"s1-test\"\n\
             registration_token = {registration_token}\n",
            self.port.address
        );
        std::fs::write(self.path("dayfly.toml"), config).expect("a folder of the test's");
    }

    /// Starts the scaler with such a configuration.
    fn run(&self, top: &str, api_token: &str, registration_token: &str) -> Scaler {
        self.configure(top, api_token, registration_token);
        let mut child = Command::new(crate::programs::lab())
            .args(["run", "--verbose", "--config", "dayfly.toml"])
            .current_dir(self.folder.path())
            .env("API", self.api_token.expose())
            .env("TOKEN", self.registration_token.expose())
            .env("TMPDIR", self.folder.path())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stderr = BufReader::new(child.stderr.take().expect("it is piped"));
        Scaler {
            child,
            stderr,
            log: String::new(),
        }
    }
}

impl Scaler {
    /// Reads its log until a line holds these words.
    fn wait_for(&mut self, words: &str) {
        let before = self.log.len();
        while !self.log[before..].contains(words) {
            let read = self.stderr.read_line(&mut self.log).expect("text");
            assert!(0 < read, "it ended before {words:?}: {}", self.log);
        }
    }

    /// Ends it, and gives all that it has written to stdout and stderr.
    fn stop(mut self) -> (String, String) {
        kill_process(Pid::from_child(&self.child), Signal::TERM).expect("it runs");
        self.stderr.read_to_string(&mut self.log).expect("text");
        let mut stdout = String::new();
        let mut pipe = self.child.stdout.take().expect("it is piped");
        pipe.read_to_string(&mut stdout).expect("text");
        let status = self.child.wait().expect("it ends");
        assert_eq!(status.code(), Some(0), "{}", self.log);
        (stdout, std::mem::take(&mut self.log))
    }
}

impl Drop for Scaler {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Every file below a folder, with what is in it.
fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    // A machine may go while its folder is being read.
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(kind) = entry.file_type() else {
            continue;
        };
        if kind.is_dir() {
            found.extend(files(&path));
        } else if kind.is_file()
            && let Ok(bytes) = std::fs::read(&path)
        {
            found.push((path, bytes));
        }
    }
    found
}
