//! `dayfly-lab emulate hub`: one line tells how to reach it, then any agent and any reader can.

use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use dayfly::hub::client::{HttpSettings, PublicClient};
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::secret::Secret;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const PIPELINE: &str = "\
version: v1.0
name: Test
agent: {machine: {type: s1-test}}
blocks:
  - name: First
    task: {jobs: [{name: one, commands: ['echo from one']}]}
  - name: Second
    task: {jobs: [{name: two, commands: ['echo from two']}]}
";

/// A hub that has told its line.
struct Running {
    child: Child,
    line: Value,
    folder: TempDir,
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let pipeline = folder.join("pipeline.yml");
    if !pipeline.exists() {
        fs::write(&pipeline, PIPELINE).expect("a file in a temporary folder");
    }
    let mut command = Command::new(crate::programs::lab());
    command
        .args(["emulate", "hub", "--pipeline", "pipeline.yml"])
        .args(arguments)
        .current_dir(folder)
        .env("TMPDIR", folder)
        .stdin(Stdio::null());
    command
}

impl Running {
    fn new(arguments: &[&str]) -> Self {
        Self::inside(TempDir::new().expect("a temporary folder"), arguments)
    }

    fn inside(folder: TempDir, arguments: &[&str]) -> Self {
        let mut command = command(folder.path(), arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the hub starts");
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
        stdout.read_line(&mut line).expect("a line of text");
        child.stdout = Some(stdout.into_inner());
        let line = serde_json::from_str(&line).expect("a line of JSON");
        Self {
            child,
            line,
            folder,
        }
    }

    fn text(&self, pointer: &str) -> &str {
        let value = self.line.pointer(pointer);
        let text = value.and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {pointer} in {}", self.line))
    }

    /// One real agent, from its registration to its end; gives its exit code.
    fn run_agent(&self, flags: &[&str]) -> Option<i32> {
        let mut agent = Command::new(crate::programs::agent());
        agent
            .args(["start", "--disconnect-after-job"])
            .args(["--endpoint", self.text("/endpoint")])
            .args(flags)
            .env(
                "SEMAPHORE_AGENT_TOKEN",
                self.text("/registration_tokens/s1-test"),
            )
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        agent.status().expect("the agent starts").code()
    }

    fn operator(&self) -> PublicClient {
        let ca_file = self.line["ca_file"].as_str().map(PathBuf::from);
        let settings = HttpSettings {
            plain_http: ca_file.is_none(),
            ca_file,
            ..HttpSettings::new(self.text("/endpoint"))
        };
        PublicClient::new(&settings, Secret::new(self.text("/api_token"))).expect("good settings")
    }

    /// What a hub over plain HTTP answers to a call with the registration token.
    async fn answer(&self, method: reqwest::Method, path: &str, body: &str) -> (u16, String) {
        let endpoint = self.text("/endpoint");
        let url = format!("http://{endpoint}/api/v1/self_hosted_agents{path}");
        let token = self.text("/registration_tokens/s1-test");
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::new().request(method, url);
        let request = client.header("authorization", format!("Token {token}"));
        let answer = request.body(body.to_owned()).send().await;
        let answer = answer.expect("it answers");
        let status = answer.status().as_u16();
        (status, answer.text().await.expect("a text"))
    }

    async fn metrics(&self) -> (u16, String) {
        self.answer(reqwest::Method::GET, "/metrics", "").await
    }

    async fn register(&self, name: &str) -> (u16, String) {
        let body = serde_json::json!({ "name": name }).to_string();
        self.answer(reqwest::Method::POST, "/register", &body).await
    }

    /// Ends it with SIGTERM; gives its exit code and what it wrote after its line.
    fn end(mut self) -> (Option<i32>, String, TempDir) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("it has not been waited for");
        let status = self.child.wait().expect("it ends");
        let mut rest = String::new();
        let stdout = self.child.stdout.as_mut().expect("it is piped");
        stdout.read_to_string(&mut rest).expect("text");
        (status.code(), rest, self.folder)
    }
}

#[tokio::test]
async fn agents_run_the_pipeline_in_its_order_and_results_and_logs_are_read_back() {
    let hub = Running::new(&["--sync-interval-ms", "20", "40"]);
    let ca_file = hub.text("/ca_file").to_owned();
    for _ in 0..2 {
        assert_eq!(hub.run_agent(&["--ca-file", &ca_file]), Some(0));
    }
    let operator = hub.operator();
    let jobs = operator.jobs(&["FINISHED"]).await.expect("the jobs");
    let told = |job: &dayfly::hub::wire::public::Job| {
        (job.metadata.name.clone(), job.status.result.clone())
    };
    let told: Vec<_> = jobs.iter().rev().map(told).collect();
    let passed = |name: &str| (name.to_owned(), "PASSED".to_owned());
    assert_eq!(told, [passed("one"), passed("two")]);
    for job in &jobs {
        let log = operator.log(&JobId::new(&job.metadata.id), 0).await;
        let log = format!("{:?}", log.expect("the log"));
        assert!(
            log.contains(&format!("from {}", job.metadata.name)),
            "{log}"
        );
    }
    let (code, rest, _folder) = hub.end();
    assert_eq!((code, rest.as_str()), (Some(0), ""));
    assert!(!Path::new(&ca_file).exists(), "it leaves {ca_file}");
}

#[tokio::test]
async fn plain_http_and_another_agent_type_are_there_for_who_asks() {
    let hub = Running::new(&["--plain-http", "--agent-type", "s1-other"]);
    assert_eq!(hub.line["ca_file"], Value::Null);
    let types = hub.operator().agent_types().await.expect("agent types");
    let names: Vec<&str> = types.iter().map(|it| it.metadata.name.as_str()).collect();
    assert_eq!(names, ["s1-other", "s1-test"]);
    assert_ne!(
        hub.text("/registration_tokens/s1-other"),
        hub.text("/registration_tokens/s1-test")
    );
    hub.end();
}

#[test]
fn a_ca_file_that_was_asked_for_is_told_in_full_and_stays() {
    let hub = Running::new(&["--ca-file", "ca.pem"]);
    let path = hub.folder.path().join("ca.pem");
    let path = path.canonicalize().expect("it is there");
    assert_eq!(
        Path::new(hub.text("/ca_file")).canonicalize().ok(),
        Some(path.clone())
    );
    assert!(Path::new(hub.text("/ca_file")).is_absolute());
    let (_, _, _folder) = hub.end();
    assert!(path.exists());
}

#[test]
fn what_a_job_sees_does_not_lead_to_the_tokens() {
    // Given a seed that shows wherever it is copied to.
    let hub = Running::new(&[
        "--seed",
        "12297829382473034410",
        "--sync-interval-ms",
        "20",
        "40",
    ]);
    let seed = format!("{:x}", 12_297_829_382_473_034_410_u64);
    assert_eq!(seed, "aaaaaaaaaaaaaaaa");
    let ca_file = hub.text("/ca_file").to_owned();
    let hook = hub.folder.path().join("hook");
    let seen = hub.folder.path().join("seen");
    fs::write(&hook, format!("env > {}", seen.display())).expect("a file");
    let hook = hook.display().to_string();
    let flags = ["--ca-file", &ca_file, "--pre-job-hook-path", &hook];
    assert_eq!(hub.run_agent(&flags), Some(0));
    let seen = fs::read_to_string(seen).expect("the hook has run");
    assert!(seen.contains("SEMAPHORE_PIPELINE_ID="), "{seen}");
    assert!(!seen.contains("aaaaaaaa"), "{seen}");
    hub.end();
}

#[tokio::test]
async fn edge_of_all_answers_lets_none_of_the_hub_pass() {
    let edge = [
        "--edge-fault-percent",
        "100",
        "--edge-fault-kinds",
        "404-go",
    ];
    let hub = Running::new(&[&["--plain-http"], edge.as_slice()].concat());
    for _ in 0..5 {
        let answer = hub.metrics().await;
        assert_eq!(answer, (404, "404 page not found\n".to_owned()));
    }
    hub.end();
}

#[tokio::test]
async fn agent_quota_refuses_one_registration_more() {
    let hub = Running::new(&["--plain-http", "--agent-quota", "1"]);
    assert_eq!(hub.register("agent-one").await.0, 201);
    let sentence = "agent quota for organization has been reached\n";
    assert_eq!(hub.register("agent-two").await, (422, sentence.to_owned()));
    hub.end();
}

const FAULTS: &str = r#"
[[fault]]
endpoint = "metrics"
kind = "captive-portal"
times = 1

[[fault]]
endpoint = "metrics"
kind = "zeros"
times = 1

[[fault]]
endpoint = "register"
kind = "403-html"
acted = true
from_seconds = 0
to_seconds = 3600
"#;

#[tokio::test]
async fn faults_of_a_file_strike_as_it_says() {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("faults.toml"), FAULTS).expect("a file");
    let hub = Running::inside(folder, &["--plain-http", "--faults", "faults.toml"]);
    assert!(hub.metrics().await.1.starts_with("<!DOCTYPE html>"));
    assert!(hub.metrics().await.1.contains(r#""queued":0"#));
    assert!(hub.metrics().await.1.contains(r#""queued":1"#));
    assert_eq!(hub.register("agent-one").await.0, 403);
    let agent_type = AgentType::new("s1-test");
    let agents = hub
        .operator()
        .agents(&agent_type)
        .await
        .expect("the agents");
    assert_eq!(agents.len(), 1);
    hub.end();
}

#[test]
fn wrong_faults_are_listed_with_their_lines() {
    let folder = TempDir::new().expect("a temporary folder");
    let text = "[[fault]]\nkind = \"403\"\n\n[[fault]]\nendpoint = \"sink\"\nkind = \"late\"\n\n\
                [[fault]]\nkind = \"reset\"\nevery = 3\ntimes = 1\nonce = true\n";
    fs::write(folder.path().join("faults.toml"), text).expect("a file");
    let (code, stderr) = refused_in(&folder, &["--faults", "faults.toml"]);
    assert_eq!(code, Some(3));
    let lines: Vec<&str> = stderr.lines().collect();
    let starts = [
        "error: faults.toml:2: fault[0].kind: found the text \"403\"; expected status, reset,",
        "error: faults.toml:4: fault[1].seconds: missing; expected a number of seconds",
        "error: faults.toml:5: fault[1].endpoint: found the text \"sink\"; expected any, register,",
        "error: faults.toml:8: fault[2]: found several ways to say when; expected times and first",
        "error: faults.toml:12: fault[2].once: unknown key; expected endpoint, kind,",
    ];
    assert_eq!(lines.len(), starts.len(), "{stderr}");
    for (line, start) in lines.iter().zip(starts) {
        assert!(line.starts_with(start), "{line}");
    }
    let (code, stderr) = refused_in(&folder, &["--faults", "nowhere.toml"]);
    assert_eq!(code, Some(3));
    assert!(stderr.starts_with("error: nowhere.toml: cannot be read: No such file"));
}

#[test]
fn wrong_edge_options_are_answered_with_what_would_be_right() {
    for wrong in ["101", "three", "0.00001"] {
        let (code, stderr) = refused(&["--edge-fault-percent", wrong]);
        assert_eq!(code, Some(2), "{wrong}");
        assert!(stderr.contains("a percentage from 0 to 100"), "{stderr}");
    }
    let kinds = ["--edge-fault-kinds", "404,418"];
    let (code, stderr) = refused(&[&["--edge-fault-percent", "3"], kinds.as_slice()].concat());
    assert_eq!(code, Some(2));
    assert!(
        stderr.contains("'418'") && stderr.contains("404-envoy"),
        "{stderr}"
    );
    let (code, stderr) = refused(&kinds[..1]);
    assert_eq!(code, Some(2), "{stderr}");
}

/// Exit code and stderr of a hub that does not start.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    refused_in(&TempDir::new().expect("a temporary folder"), arguments)
}

fn refused_in(folder: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let output = command(folder.path(), arguments).output();
    let output = output.expect("the hub starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), stderr)
}

#[test]
fn a_port_in_use_is_said_in_one_sentence() {
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let (code, stderr) = refused(&["--listen", &address]);
    assert_eq!(code, Some(1));
    let expected = format!("error: cannot listen on {address}: Address already in use");
    assert!(stderr.starts_with(&expected), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
}

#[test]
fn an_address_that_no_agent_can_call_is_refused() {
    let (code, stderr) = refused(&["--listen", "0.0.0.0:0"]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(stderr, @"error: cannot serve on 0.0.0.0:0: name an address of this computer, such as 127.0.0.1:0");
}

#[test]
fn a_ca_folder_that_cannot_be_written_is_said_in_one_sentence() {
    let (code, stderr) = refused(&["--ca-file", "nowhere/ca.pem"]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(stderr, @"error: the CA file nowhere/ca.pem cannot be written: No such file or directory (os error 2)");
}

#[test]
fn an_agent_type_that_cannot_be_is_named() {
    let (code, stderr) = refused(&["--agent-type", "linux"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(stderr, @r#"
    error: agent type name "linux" does not match s1-NAME (letters, digits and dashes)

    hint: --agent-type takes a name such as s1-linux
    "#);
}

#[test]
fn an_address_without_numbers_is_answered_with_what_would_be_right() {
    let (code, stderr) = refused(&["--listen", "localhost:0"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("such as 127.0.0.1:0"), "{stderr}");
}
