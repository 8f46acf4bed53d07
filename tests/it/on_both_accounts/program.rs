//! The real program against each account: a queue of jobs makes machines, in either.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use dayfly::model::id::{AgentType, Deployment};
use dayfly::model::machine::Phase;
use dayfly::ports::{Clock, Cloud, SystemClock};
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use dayfly_lab::emulator::hub::Hub;
use dayfly_lab::emulator::hub::settings::{HubSettings, Limits};
use dayfly_lab::emulator::job_request::JobRequest;
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::{Site, TYPE, deployment, sites};

/// A test that waits for longer has found something that hangs.
const PATIENCE: Duration = Duration::from_secs(120);
const JOBS: usize = 3;

/// A hub with jobs in its queue, and no agent that could take one.
fn hub(folder: &Path) -> Server<Hub> {
    let mut hub = Hub::new(HubSettings {
        limits: Limits {
            payload_build: Duration::ZERO,
            scheduling: Duration::ZERO,
            ..Limits::default()
        },
        ..HubSettings::default()
    });
    let now = SystemClock.now();
    let agent_type = AgentType::new("s1-linux");
    let token = hub.create_agent_type(agent_type.clone(), now);
    let token = token.expect("a good name");
    fs::write(folder.join("token"), token.expose()).expect("a file");
    for number in 0..JOBS {
        let request = JobRequest {
            name: format!("job {number}"),
            block: "Block".to_owned(),
            agent_type: agent_type.clone(),
            executor: None,
            env_vars: Vec::new(),
            files: Vec::new(),
            commands: Vec::new(),
            epilogue_always: Vec::new(),
            epilogue_on_pass: Vec::new(),
            epilogue_on_fail: Vec::new(),
            execution_time_limit: Duration::from_secs(3600),
        };
        hub.enqueue(request, now);
    }
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = Server::start(Shared::new(hub), listener, Transport::Tls, SystemClock);
    let server = server.expect("it can be served");
    fs::write(folder.join("hub.pem"), server.ca_pem().expect("TLS")).expect("a file");
    server
}

fn configure(folder: &Path, site: &Site, hub: &Server<Hub>, deployment: &Deployment) {
    let subnets: Vec<String> = site.subnets.iter().map(|it| format!("{it:?}")).collect();
    let text = format!(
        "deployment = \"{deployment}\"\n\
         machines_max = 10\n\
         [hub]\n\
         endpoint = \"{hub}\"\n\
         ca_file = \"hub.pem\"\n\
         [cloud]\n\
         kind = \"ec2\"\n\
         region = \"{region}\"\n\
         endpoint_url = \"{endpoint}\"\n\
         ca_file = {ca_file:?}\n\
         [pools.linux]\n\
         agent_type = \"s1-linux\"\n\
         registration_token = {{ file = \"token\" }}\n\
         launch_template = {{ id = \"{template}\", version = 1 }}\n\
         instance_types = [\"{TYPE}\"]\n\
         subnets = [{subnets}]\n",
        hub = hub.address(),
        region = site.region,
        endpoint = site.endpoint,
        ca_file = site.ca_file,
        template = site.template,
        subnets = subnets.join(", "),
    );
    fs::write(folder.join("dayfly.toml"), text).expect("a file");
}

fn dayfly(folder: &Path, command: &str) -> Command {
    let mut program = Command::new(crate::programs::dayfly());
    program
        .args([command, "--config", "dayfly.toml"])
        .current_dir(folder)
        .env("AWS_ACCESS_KEY_ID", "any")
        .env("AWS_SECRET_ACCESS_KEY", "any")
        .env("AWS_EC2_METADATA_DISABLED", "true")
        .env_remove("AWS_CA_BUNDLE")
        .stdin(Stdio::null());
    program
}

#[tokio::test]
async fn the_program_launches_a_machine_for_each_job_and_says_so_when_asked() {
    for site in sites().await {
        let folder = TempDir::new().expect("a temporary folder");
        let (hub, deployment) = (hub(folder.path()), deployment());
        configure(folder.path(), &site, &hub, &deployment);
        // What the program asks is served by this thread.
        let mut plan = dayfly(folder.path(), "plan");
        let plan = tokio::task::spawn_blocking(move || plan.output()).await;
        let plan = plan.expect("no panic").expect("it runs");
        let said = String::from_utf8_lossy(&plan.stdout).into_owned();
        let trouble = String::from_utf8_lossy(&plan.stderr).into_owned();
        assert!(
            said.contains("launches 3"),
            "{}: {said}{trouble}",
            site.name
        );
        let cloud = site.cloud_of(&deployment);
        assert_eq!(cloud.machines().await.expect(site.name).len(), 0);
        let mut scaler = dayfly(folder.path(), "run");
        let scaler = scaler.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
        let scaler = scaler.expect("the scaler starts");
        let (child, lines) = wait_for_line(scaler, "launched").await;
        let listed = cloud.machines().await.expect(site.name);
        let alive = listed.values().filter(|machine| match machine.phase {
            Phase::Pending | Phase::Running => true,
            Phase::Stopping | Phase::Gone => false,
        });
        assert_eq!(alive.count(), JOBS, "{}: {lines}", site.name);
        let ids: Vec<_> = listed.keys().cloned().collect();
        assert!(cloud.end(&ids).await.values().all(Result::is_ok));
        kill_process(Pid::from_child(&child), Signal::TERM).expect("it is not waited for");
        let mut child = child;
        let ended = tokio::task::spawn_blocking(move || child.wait()).await;
        let ended = ended.expect("no panic").expect("it ends");
        assert_eq!(ended.code(), Some(0), "{lines}");
    }
}

/// Reads what the scaler logs until a line of it holds a word.
async fn wait_for_line(
    mut scaler: std::process::Child,
    word: &'static str,
) -> (std::process::Child, String) {
    use std::io::{BufRead, BufReader};
    let stderr = scaler.stderr.take().expect("it is piped");
    let read = tokio::task::spawn_blocking(move || {
        let mut said = String::new();
        let mut stderr = BufReader::new(stderr);
        let mut line = String::new();
        while 0 < stderr.read_line(&mut line).expect("text") {
            said.push_str(&line);
            if line.contains(word) {
                break;
            }
            line.clear();
        }
        (said, stderr)
    });
    let read = tokio::time::timeout(PATIENCE, read).await;
    let (said, stderr) = read.expect("the scaler says it").expect("no panic");
    // Whoever closes a pipe that is written to ends its writer.
    scaler.stderr = Some(stderr.into_inner());
    (scaler, said)
}
