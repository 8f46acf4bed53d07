//! The real scaler, an emulated account whose machines have bodies, real agents, real jobs: three
//! processes that know each other by their addresses alone, and an emulated hub that sees it all.

use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::payload;
use dayfly::model::id::{AgentType, JobId};
use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use dayfly_lab::emulator::hub::Hub;
use dayfly_lab::emulator::hub::job::JobState;
use dayfly_lab::emulator::hub::settings::{HubSettings, Limits};
use dayfly_lab::emulator::job_request::JobRequest;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use crate::programs;
use crate::told::told;

/// A test that waits for longer has found something that hangs.
const PATIENCE: Duration = Duration::from_secs(120);

/// A hub whose agents are asked back at once, with one job in its queue.
fn hub(folder: &Path) -> (Server<Hub>, JobId) {
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
    let now = SystemClock.now();
    let agent_type = AgentType::new("s1-test");
    let token = hub.create_agent_type(agent_type.clone(), now);
    let token = token.expect("a good name");
    fs::write(folder.join("token"), token.expose()).expect("a file");
    let request = JobRequest {
        name: "one".to_owned(),
        block: "Block".to_owned(),
        agent_type,
        executor: None,
        env_vars: Vec::new(),
        files: Vec::new(),
        commands: vec![payload::Command {
            directive: "echo from inside".to_owned(),
            alias: None,
        }],
        epilogue_always: Vec::new(),
        epilogue_on_pass: Vec::new(),
        epilogue_on_fail: Vec::new(),
        execution_time_limit: Duration::from_secs(3600),
    };
    let job = hub.enqueue(request, now);
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = Server::start(Shared::new(hub), listener, Transport::Tls, SystemClock);
    let server = server.expect("it can be served");
    let pem = server.ca_pem().expect("it speaks TLS");
    fs::write(folder.join("hub.pem"), pem).expect("a file");
    (server, job)
}

/// The same file for the scaler and for the account, which has no use for its own address.
fn configure(folder: &Path, hub: &str, account: &str) {
    let text = format!(
        "deployment = \"ci\"\n\
         machines_max = 1\n\
         [hub]\n\
         endpoint = \"{hub}\"\n\
         ca_file = \"hub.pem\"\n\
         [cloud]\n\
         kind = \"ec2\"\n\
         region = \"eu-central-1\"\n\
         endpoint_url = \"{account}\"\n\
         ca_file = \"account.pem\"\n\
         lease_table = \"dayfly-lease\"\n\
         [pools.linux]\n\
         agent_type = \"s1-test\"\n\
         registration_token = {{ file = \"token\" }}\n\
         launch_template = {{ id = \"lt-1\", version = 1 }}\n\
         instance_types = [\"c7i.large\"]\n\
         subnets = [\"subnet-a\"]\n"
    );
    fs::write(folder.join("dayfly.toml"), text).expect("a file");
}

fn command(program: PathBuf, folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command
        .args(arguments)
        .args(["--config", "dayfly.toml"])
        .current_dir(folder)
        .env("TMPDIR", folder)
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .stdin(Stdio::null());
    let said = fs::File::options()
        .append(true)
        .create(true)
        .open(folder.join("said"));
    command.stderr(said.expect("a file"));
    command
}

/// The job's result, as soon as it has one.
async fn finished(hub: &Server<Hub>, job: &JobId) -> Option<JobResult> {
    let mut bell = hub.shared().listen();
    loop {
        bell.mark_unchanged();
        let found = hub.shared().lock().job(job).cloned();
        if let Some(job) = found.filter(|job| job.state == JobState::Finished) {
            return job.result;
        }
        bell.changed().await.expect("the hub outlives this");
    }
}

/// Ends it as an operator would, and gives its exit code.
fn end(mut child: Child) -> Option<i32> {
    kill_process(Pid::from_child(&child), Signal::TERM).expect("it has not been waited for");
    child.wait().expect("it ends").code()
}

#[tokio::test]
async fn a_job_runs_on_a_machine_of_the_emulated_account() {
    let folder = TempDir::new().expect("a temporary folder");
    let (hub, job) = hub(folder.path());
    let address = hub.address().to_string();
    configure(folder.path(), &address, "https://127.0.0.1:1");
    let account = [
        "emulate",
        "aws",
        "--ca-file",
        "account.pem",
        "--seconds-pending",
        "0",
    ];
    let mut account = command(programs::lab(), folder.path(), &account)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the account starts");
    let line = told(&mut account);
    let endpoint = line["endpoint"].as_str().expect("an address");
    configure(folder.path(), &address, endpoint);
    let scaler = command(programs::dayfly(), folder.path(), &["run"])
        .stdout(Stdio::null())
        .spawn();
    let scaler = scaler.expect("the scaler starts");
    let finished = tokio::time::timeout(PATIENCE, finished(&hub, &job)).await;
    let said = fs::read_to_string(folder.path().join("said")).unwrap_or_default();
    assert_eq!(finished.ok(), Some(Some(JobResult::Passed)), "{said}");
    let log = hub.shared().lock().log_events(&job).join("\n");
    assert!(log.contains("from inside"), "{log}");
    assert_eq!((end(scaler), end(account)), (Some(0), Some(0)));
}
