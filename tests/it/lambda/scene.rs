//! The real program as a function in its process, with a Runtime API, an emulated hub and an
//! emulated account, whose machines are process trees of this computer where they have bodies.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::{Deployment, JobId, PoolName};
use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::cli::cloud::bodies::Bodies;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::{Delays, Ec2Settings};
use dayfly_lab::emulator::ec2::throttle::Throttling;
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use dayfly_lab::emulator::hub::job::JobState;
use dayfly_lab::local::process::{AgentSettings, ProcessCloud, ProcessSettings};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::task::JoinSet;

use super::runtime_api::{Answer, RuntimeApi};
use crate::hub_client::Served;
use crate::programs;

/// A test that waits for longer has found something that hangs.
const PATIENCE: Duration = Duration::from_secs(120);
/// The credentials that the program finds in its environment.
pub const KEY_ID: &str = "AKIAEXAMPLEEXAMPLE00";
pub const KEY: &str = "e6b9f0a9c4b14bd2a7d1e6b9f0a9c4b14bd2a7d1";
/// Keeps the machines of one test apart from those of another, beside those of `cloud_bodies`.
static ACCOUNTS: AtomicU64 = AtomicU64::new(128);

/// A function in its process, with everything around it.
pub struct Scene {
    api: RuntimeApi,
    pub hub: Served,
    pub ec2: Server<Ec2>,
    pub folder: TempDir,
    child: Option<Child>,
    _following: JoinSet<()>,
}

impl Scene {
    /// With an account whose machines have bodies, and these have agents.
    pub async fn new() -> Self {
        let number = ACCOUNTS.fetch_add(1, Ordering::Relaxed);
        let mut scene = Self::of(Ec2Settings {
            ids_from: u64::from(std::process::id()) << 24 | number << 16,
            throttling: Throttling::Off,
            delays: Delays {
                pending: Duration::from_millis(1),
                unseen: Duration::ZERO,
                shutting_down: Duration::from_millis(1),
                ..Delays::default()
            },
            ..Ec2Settings::default()
        });
        let account = scene.ec2.shared().clone();
        let bodies = Bodies::new(account, scene.computer());
        scene._following.spawn(bodies.follow());
        scene
    }

    /// With such an account, whose machines run nothing.
    pub fn of(account: Ec2Settings) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let account = Shared::new(Ec2::new(account));
        let ec2 = Server::start(account, listener, Transport::Tls, SystemClock);
        Self {
            api: RuntimeApi::start(),
            hub: Served::new(),
            ec2: ec2.expect("it can be served"),
            folder: TempDir::new().expect("a temporary folder"),
            child: None,
            _following: JoinSet::new(),
        }
    }

    /// This computer, for machines with the agent that was built.
    fn computer(&self) -> ProcessCloud<SystemClock> {
        let http = &self.hub.settings;
        let agent = AgentSettings {
            endpoint: http.endpoint.clone(),
            ca_file: http.ca_file.clone(),
            plain_http: false,
            registration_token: self.hub.registration_token.clone(),
            interruption_grace_period: Duration::ZERO,
        };
        let settings = ProcessSettings {
            root: self.folder.path().join("machines"),
            deployment: Deployment::new("ci"),
            init_command: vec![programs::lab().into_os_string()],
            agent_command: vec![programs::agent().into_os_string()],
            pools: BTreeMap::from([(PoolName::new("test"), agent)]),
            boot_delay: (Duration::ZERO, Duration::ZERO),
            path: std::env::var_os("PATH").expect("a search path"),
        };
        ProcessCloud::new(settings, SystemClock).expect("machines can be made here")
    }

    /// A configuration with that many seconds from tick to tick, and no lease.
    pub fn configuration(&self, tick_seconds: u32) -> String {
        self.configuration_with(tick_seconds, "")
    }

    /// The same, with more lines about the cloud.
    pub fn configuration_with(&self, tick_seconds: u32, cloud: &str) -> String {
        let pem = self.ec2.ca_pem().expect("it speaks TLS");
        let ca_file = self.folder.path().join("aws.pem");
        fs::write(&ca_file, pem).expect("our folder");
        let cloud = format!(
            "kind = \"ec2\"\nregion = \"eu-central-1\"\nendpoint_url = \"https://{}\"\n\
             ca_file = {ca_file:?}\n{cloud}",
            self.ec2.address()
        );
        let pool = "launch_template = { id = \"lt-1\", version = 1 }\n\
                    instance_types = [\"c7i.large\", \"m7i.large\"]\n\
                    subnets = [\"subnet-a\", \"subnet-b\"]\n";
        self.configuration_of(tick_seconds, &cloud, pool)
    }

    /// A configuration whose token is in a file; lines of its cloud and of its pool.
    fn configuration_of(&self, tick_seconds: u32, cloud: &str, pool: &str) -> String {
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

    fn token_file(&self) -> PathBuf {
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
        let child = Command::new(programs::function())
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("AWS_LAMBDA_RUNTIME_API", self.api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "dayfly")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("AWS_ACCESS_KEY_ID", KEY_ID)
            .env("AWS_SECRET_ACCESS_KEY", KEY)
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
