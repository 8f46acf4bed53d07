//! The real program as a function: invoked over the Runtime API, against an emulated hub, with
//! machines of this computer.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use dayfly::emulator::hub::job::JobState;
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::id::JobId;
use dayfly::ports::{Clock, SystemClock};
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::process::{Child, Command};

use super::runtime_api::{Answer, RuntimeApi};
use crate::hub_client::Served;
use crate::scaler::metrics::assert_emf;

/// A test that waits for longer has found something that hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A function in its process, with everything around it.
struct Scene {
    api: RuntimeApi,
    hub: Served,
    folder: TempDir,
    child: Option<Child>,
}

impl Scene {
    async fn new() -> Self {
        Self {
            api: RuntimeApi::start().await,
            hub: Served::new(),
            folder: TempDir::new().expect("a temporary folder"),
            child: None,
        }
    }

    /// A configuration whose token is in a file, with that many seconds from tick to tick.
    fn configuration(&self, tick_seconds: u32) -> String {
        let http = &self.hub.settings;
        let ca_file = http.ca_file.as_ref().expect("it is served over TLS");
        format!(
            "deployment = \"ci\"\nmachines_max = 3\ntick_seconds = {tick_seconds}\n\
             [hub]\nendpoint = {:?}\nca_file = {ca_file:?}\ntimeout_seconds = 30\n\
             [cloud]\nkind = \"process\"\nfolder = {:?}\n\
             [pools.test]\nagent_type = \"s1-test\"\nregistration_token = {{ file = {:?} }}\n",
            http.endpoint,
            self.machines(),
            self.token_file(),
        )
    }

    fn machines(&self) -> PathBuf {
        self.folder.path().join("machines")
    }

    fn token_file(&self) -> PathBuf {
        self.folder.path().join("token")
    }

    fn write_token(&self) {
        fs::write(self.token_file(), self.hub.registration_token.expose()).expect("our folder");
    }

    /// Starts the process as Lambda would, with its configuration in a variable.
    fn start(&mut self, configuration: &str) {
        self.start_with(&[("DAYFLY_CONFIG_TOML", configuration)]);
    }

    fn start_with(&mut self, variables: &[(&str, &str)]) {
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
    async fn invoke(&mut self, payload: &Value, seconds: i64) -> Answer {
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
    async fn succeed(&mut self, payload: &Value, seconds: i64) -> Value {
        match self.invoke(payload, seconds).await {
            Answer::Response(summary) => summary,
            Answer::Error(error) => panic!("{error}; {}", self.stderr()),
        }
    }

    /// Type and words of the error of an invocation that fails.
    async fn fail(&mut self, payload: &Value, seconds: i64) -> (String, String) {
        match self.invoke(payload, seconds).await {
            Answer::Response(summary) => panic!("it succeeds with {summary}"),
            Answer::Error(error) => {
                let text = |name: &str| error[name].as_str().expect("a text").to_owned();
                (text("errorType"), text("errorMessage"))
            }
        }
    }

    fn stdout(&self) -> String {
        read(&self.folder.path().join("stdout"))
    }

    fn stderr(&self) -> String {
        read(&self.folder.path().join("stderr"))
    }

    async fn wait_until_passed(&self, job: &JobId) {
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

fn schedule() -> Value {
    json!({ "source": "aws.events", "detail-type": "Scheduled Event", "detail": {} })
}

fn message(body: &str) -> Value {
    let record = json!({ "messageId": "m-1", "eventSource": "aws:sqs", "body": body });
    json!({ "Records": [record] })
}

fn interruption() -> Value {
    let body = json!({
        "source": "aws.ec2",
        "detail-type": "EC2 Spot Instance Interruption Warning",
        "detail": { "instance-id": "i-0123456789abcdef0", "instance-action": "terminate" },
    });
    message(&body.to_string())
}

#[tokio::test]
async fn a_schedule_launches_what_the_queue_asks_for_and_writes_metrics() {
    let mut scene = Scene::new().await;
    scene.write_token();
    scene.start(&scene.configuration(3600));
    let job = scene.hub.enqueue("a job");
    let summary = scene.succeed(&schedule(), 60).await;
    assert_eq!(
        summary,
        json!({
            "ticks": 1, "launched": 1, "ended": 0, "failed": 0, "silent": 0, "standing": "alone",
            "batchItemFailures": [],
        })
    );
    scene.wait_until_passed(&job).await;
    // The same process goes on with what it remembers.
    let summary = scene.succeed(&schedule(), 60).await;
    assert_eq!(
        (&summary["ticks"], &summary["launched"]),
        (&json!(1), &json!(0))
    );
    let stdout = scene.stdout();
    assert_eq!(stdout.lines().count(), 2);
    stdout.lines().for_each(assert_emf);
    let first: Value = serde_json::from_str(stdout.lines().next().expect("a line")).expect("JSON");
    assert_eq!(
        (&first["Pool"], &first["Launched"]),
        (&json!("test"), &json!(1))
    );
    for line in scene.stderr().lines() {
        serde_json::from_str::<Value>(line).expect("the log is JSON, a line an event");
    }
}

#[tokio::test]
async fn a_deadline_is_kept() {
    let mut scene = Scene::new().await;
    scene.write_token();
    scene.start(&scene.configuration(1));
    let (error_type, words) = scene.fail(&schedule(), -1).await;
    assert_eq!(error_type, "Dayfly.NoTime");
    assert!(words.starts_with("no time for a tick: the invocation ends in 0 ms"));
    assert_eq!(scene.stdout(), "");
    // The fourth tick would begin with a second left, and take longer than none. A computer that
    // is very slow may not even come to the first.
    let ticks = match scene.invoke(&schedule(), 4).await {
        Answer::Response(summary) => summary["ticks"].as_u64().expect("a count"),
        Answer::Error(error) => {
            assert_eq!(error["errorType"], "Dayfly.NoTime");
            0
        }
    };
    assert!(ticks <= 3, "{ticks}");
    assert_eq!(scene.stdout().lines().count() as u64, ticks);
}

#[tokio::test]
async fn messages_hasten_a_tick_if_they_are_about_machines() {
    let mut scene = Scene::new().await;
    scene.write_token();
    scene.start(&scene.configuration(3600));
    let job = scene.hub.enqueue("a job");
    let summary = scene.succeed(&interruption(), 60).await;
    assert_eq!(
        (&summary["ticks"], &summary["launched"]),
        (&json!(1), &json!(1))
    );
    for other in [
        "{\"source\": \"aws.s3\", \"detail-type\": \"x\"}",
        "{ not even JSON",
    ] {
        let summary = scene.succeed(&message(other), 60).await;
        assert_eq!(summary["ticks"], json!(0));
        assert_eq!(summary["batchItemFailures"], json!([]));
    }
    let stderr = scene.stderr();
    let warnings: Vec<&str> = stderr
        .lines()
        .filter(|line| line.contains("\"WARN\""))
        .collect();
    assert_eq!(warnings.len(), 1, "{stderr}");
    assert!(warnings[0].contains("a message is left alone"), "{stderr}");
    scene.wait_until_passed(&job).await;
}

#[tokio::test]
async fn a_wrong_configuration_fails_every_invocation_in_words() {
    let mut scene = Scene::new().await;
    scene.write_token();
    let configuration = scene
        .configuration(3600)
        .replace("machines_max", "machine_max");
    scene.start(&configuration);
    for _ in 0..2 {
        let (error_type, words) = scene.fail(&schedule(), 60).await;
        assert_eq!(error_type, "Dayfly.Configuration");
        assert!(
            words.contains("DAYFLY_CONFIG_TOML:2: machine_max: unknown key"),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_configuration_is_in_one_place() {
    for variables in [
        &[][..],
        &[("DAYFLY_CONFIG", "a.toml"), ("DAYFLY_CONFIG_TOML", "a = 1")],
    ] {
        let mut scene = Scene::new().await;
        scene.start_with(variables);
        let (error_type, words) = scene.fail(&schedule(), 60).await;
        assert_eq!(error_type, "Dayfly.Configuration");
        assert!(
            words.starts_with(&format!("found {} of ", variables.len())),
            "{words}"
        );
    }
}

#[tokio::test]
async fn a_configuration_file_lies_in_the_zip() {
    let mut scene = Scene::new().await;
    scene.write_token();
    let file = scene.folder.path().join("dayfly.toml");
    fs::write(file, scene.configuration(3600)).expect("our folder");
    scene.start_with(&[("DAYFLY_CONFIG", "dayfly.toml")]);
    assert_eq!(scene.succeed(&schedule(), 60).await["ticks"], json!(1));
}

#[tokio::test]
async fn a_token_that_comes_later_heals_the_function() {
    let mut scene = Scene::new().await;
    scene.start(&scene.configuration(3600));
    let (error_type, words) = scene.fail(&schedule(), 60).await;
    assert_eq!(error_type, "Dayfly.Secrets");
    assert!(words.contains("pools.test.registration_token"), "{words}");
    scene.write_token();
    assert_eq!(scene.succeed(&schedule(), 60).await["ticks"], json!(1));
}

#[tokio::test]
async fn silence_all_around_is_an_error() {
    let mut scene = Scene::new().await;
    scene.write_token();
    scene.start(&scene.configuration(3600));
    scene.succeed(&schedule(), 60).await;
    // The cloud's folder becomes a file, and the hub's port is closed.
    fs::remove_dir_all(scene.machines()).expect("our folder");
    fs::write(scene.machines(), "").expect("our folder");
    let hub = std::mem::replace(&mut scene.hub, Served::new());
    hub.server.shutdown().await;
    let (error_type, words) = scene.fail(&schedule(), 60).await;
    assert_eq!(error_type, "Dayfly.Silent");
    assert!(words.starts_with("neither the hub nor the cloud answers: no counts of pool test"));
}

#[tokio::test]
async fn no_token_is_in_anything_that_it_writes() {
    let mut scene = Scene::new().await;
    scene.write_token();
    scene.start_with(&[
        ("DAYFLY_CONFIG_TOML", &scene.configuration(3600)),
        ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
    ]);
    let job = scene.hub.enqueue("a job");
    let mut written = scene.succeed(&schedule(), 60).await.to_string();
    scene.wait_until_passed(&job).await;
    // Every question that cannot be asked has the token in it, and its error must not.
    let hub = std::mem::replace(&mut scene.hub, Served::new());
    let token = hub.registration_token.expose().to_owned();
    hub.server.shutdown().await;
    written += &scene.succeed(&interruption(), 60).await.to_string();
    written += &scene.stdout();
    written += &scene.stderr();
    assert!(written.contains("a question was not answered"), "{written}");
    assert!(!written.contains(&token));
}

#[tokio::test]
async fn outside_lambda_its_name_gets_a_word_about_it() {
    let folder = TempDir::new().expect("a temporary folder");
    let program = folder.path().join("bootstrap");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_dayfly"), &program).expect("our folder");
    let output = Command::new(&program)
        .env_clear()
        .output()
        .await
        .expect("it starts");
    assert_eq!(output.status.code(), Some(2));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("AWS_LAMBDA_RUNTIME_API is not set"),
        "{stderr}"
    );
    // With arguments it is the program that it always is.
    let output = Command::new(&program)
        .arg("--version")
        .output()
        .await
        .expect("it starts");
    assert_eq!(output.status.code(), Some(0));
}
