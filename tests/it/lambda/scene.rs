//! The real program as a function in its process, with a Runtime API and an emulated hub.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::JobId;
use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::hub::job::JobState;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::runtime_api::{Answer, RuntimeApi};
use crate::hub_client::Served;

/// A test that waits for longer has found something that hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A function in its process, with everything around it.
pub struct Scene {
    api: RuntimeApi,
    pub hub: Served,
    pub folder: TempDir,
    child: Option<Child>,
}

impl Scene {
    pub async fn new() -> Self {
        Self {
            api: RuntimeApi::start(),
            hub: Served::new(),
            folder: TempDir::new().expect("a temporary folder"),
            child: None,
        }
    }

    /// A configuration with machines of this computer and that many seconds from tick to tick.
    pub fn configuration(&self, tick_seconds: u32) -> String {
        let cloud = format!("kind = \"process\"\nfolder = {:?}\n", self.machines());
        self.configuration_of(tick_seconds, &cloud, "")
    }

    /// A configuration whose token is in a file; lines of its cloud and of its pool.
    pub fn configuration_of(&self, tick_seconds: u32, cloud: &str, pool: &str) -> String {
        let http = &self.hub.settings;
        let ca_file = http.ca_file.as_ref().expect("it is served over TLS");
        format!(
            "deployment = \"ci\"\nmachines_max = 3\ntick_seconds = {tick_seconds}\n\
             [hub]\nendpoint = {:?}\nca_file = {ca_file:?}\ntimeout_seconds = 30\n\
             [cloud]\n{cloud}\
             [pools.test]\nagent_type = \"s1-test\"\nregistration_token = {{ file = {:?} }}\n{pool}",
            http.endpoint,
            self.token_file(),
        )
    }

    pub fn machines(&self) -> PathBuf {
        self.folder.path().join("machines")
    }

    pub fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    pub fn write_token(&self) {
        fs::write(self.token_file(), self.hub.registration_token.expose()).expect("our folder");
    }

    /// Starts the process as Lambda would, with its configuration in a variable.
    pub fn start(&mut self, configuration: &str) {
        self.start_with(&[("DAYFLY_CONFIG_TOML", configuration)]);
    }

    pub fn start_with(&mut self, variables: &[(&str, &str)]) {
        // Dropped, and so killed.
        if self.child.take().is_some() {
            self.api = RuntimeApi::start();
        }
        let output = |name: &str| File::create(self.folder.path().join(name)).expect("our folder");
        let child = Command::new(env!("CARGO_BIN_EXE_dayfly"))
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("AWS_LAMBDA_RUNTIME_API", self.api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "dayfly")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .envs(variables.iter().copied())
            .stdin(Stdio::null())
            .stdout(output("stdout"))
            .stderr(output("stderr"))
            .kill_on_drop(true)
            .spawn();
        self.child = Some(child.expect("the program is built beside this test"));
    }

    /// One invocation with that many seconds to go, less than none if negative.
    pub async fn invoke(&mut self, payload: &Value, seconds: i64) -> Answer {
        let now = SystemClock.now();
        let span = Duration::from_secs(seconds.unsigned_abs());
        let deadline = if seconds < 0 {
            now.minus(span)
        } else {
            now.plus(span)
        };
        self.api.invoke(&payload.to_string(), deadline);
        let child = self.child.as_mut().expect("it was started");
        tokio::select! {
            answer = self.api.answer() => answer,
            status = child.wait() => panic!("it ended with {status:?}: {}", self.stderr()),
        }
    }

    /// The summary of an invocation that succeeds.
    pub async fn succeed(&mut self, payload: &Value, seconds: i64) -> Value {
        match self.invoke(payload, seconds).await {
            Answer::Response(summary) => summary,
            Answer::Error(error) => panic!("{error}; {}", self.stderr()),
        }
    }

    /// Type and words of the error of an invocation that fails.
    pub async fn fail(&mut self, payload: &Value, seconds: i64) -> (String, String) {
        match self.invoke(payload, seconds).await {
            Answer::Response(summary) => panic!("it succeeds with {summary}"),
            Answer::Error(error) => {
                let text = |name: &str| error[name].as_str().expect("a text").to_owned();
                (text("errorType"), text("errorMessage"))
            }
        }
    }

    pub fn stdout(&self) -> String {
        read(&self.folder.path().join("stdout"))
    }

    pub fn stderr(&self) -> String {
        read(&self.folder.path().join("stderr"))
    }

    pub async fn wait_until_passed(&self, job: &JobId) {
        let shared = self.hub.server.shared();
        let mut bell = shared.listen();
        let state = || shared.lock().job(job).map(|job| (job.state, job.result));
        let passed = async {
            while state() != Some((JobState::Finished, Some(JobResult::Passed))) {
                bell.changed().await.expect("the hub outlives this");
            }
        };
        let waited = tokio::time::timeout(PATIENCE, passed).await;
        assert!(waited.is_ok(), "{:?}; {}", state(), self.stderr());
    }
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).expect("a file of ours")
}

pub fn schedule() -> Value {
    json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} })
}

pub fn message(body: &str) -> Value {
    let record = json!({ "messageId": "m-1", "eventSource": "aws:sqs", "body": body });
    json!({ "Records": [record] })
}

pub fn interruption() -> Value {
    let body = json!({
        "source": "aws.ec2",
        "detail-type": "EC2 Spot Instance Interruption Warning",
        "detail": { "instance-id": "i-0123456789abcdef0", "instance-action": "terminate" },
    });
    message(&body.to_string())
}
