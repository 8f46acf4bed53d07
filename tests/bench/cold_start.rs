//! Cold start as a Lambda function: from the start of the process to the answer of its first
//! invocation, which is one whole tick with its plan.
//!
//! The Runtime API, the hub and EC2 are emulated in this process, one new process of the program is
//! started for each run. Prints wall time, CPU time and peak memory of the program, and its size.
#![expect(unreachable_pub, reason = "the Runtime API is shared with the tests")]
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

#[path = "../it/lambda/runtime_api.rs"]
mod runtime_api;

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use dayfly::model::id::AgentType;
use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::Ec2Settings;
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use dayfly_lab::emulator::hub::Hub;
use dayfly_lab::emulator::hub::settings::HubSettings;
use runtime_api::{Answer, RuntimeApi};
use tempfile::TempDir;
use tokio::process::{Child, Command};
use tokio::time::Instant;

const PROGRAM: &str = env!("CARGO_BIN_EXE_dayfly-lambda");
/// Enough for a median; the first is left out, because it reads the program from the disk.
const RUNS: usize = 21;

/// What one start cost.
struct Cost {
    wall: Duration,
    cpu: Duration,
    peak_kib: u64,
}

/// Everything that the program speaks to.
struct World {
    hub: Server<Hub>,
    _ec2: Server<Ec2>,
    api: RuntimeApi,
    folder: TempDir,
}

impl World {
    async fn new() -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let mut hub = Hub::new(HubSettings::default());
        let token = hub
            .create_agent_type(AgentType::new("s1-bench"), SystemClock.now())
            .expect("a good name");
        fs::write(folder.path().join("token"), token.expose()).expect("our folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let hub = Server::start(Shared::new(hub), listener, Transport::Tls, SystemClock);
        let hub = hub.expect("it can be served");
        let pem = hub.ca_pem().expect("it speaks TLS");
        fs::write(folder.path().join("ca.pem"), pem).expect("our folder");
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let account = Shared::new(Ec2::new(Ec2Settings::default()));
        let ec2 = Server::start(account, listener, Transport::Tls, SystemClock);
        let ec2 = ec2.expect("it can be served");
        let pem = ec2.ca_pem().expect("it speaks TLS");
        fs::write(folder.path().join("aws.pem"), pem).expect("our folder");
        let configuration = format!(
            "deployment = \"bench\"\nmachines_max = 10\ntick_seconds = 3600\n\
             [hub]\nendpoint = \"{}\"\nca_file = \"ca.pem\"\n\
             [cloud]\nkind = \"ec2\"\nregion = \"eu-central-1\"\nendpoint_url = \"https://{}\"\n\
             ca_file = \"aws.pem\"\n\
             [pools.bench]\nagent_type = \"s1-bench\"\n\
             registration_token = {{ file = \"token\" }}\n\
             launch_template = {{ id = \"lt-1\", version = 1 }}\n\
             instance_types = [\"c7i.large\"]\nsubnets = [\"subnet-a\"]\n",
            hub.address(),
            ec2.address(),
        );
        fs::write(folder.path().join("dayfly.toml"), configuration).expect("our folder");
        let api = RuntimeApi::start();
        Self {
            hub,
            _ec2: ec2,
            api,
            folder,
        }
    }

    /// One cold start, with the invocation waiting before the process is there, as in Lambda.
    async fn start(&mut self) -> Cost {
        let deadline = SystemClock.now().plus(Duration::from_secs(60));
        self.api.invoke("{}", deadline);
        let began = Instant::now();
        let mut child = self.spawn();
        let answer = tokio::select! {
            answer = self.api.answer() => answer,
            status = child.wait() => panic!("it ended with {status:?}"),
        };
        let wall = began.elapsed();
        let Answer::Response(summary) = answer else {
            panic!("{answer:?}");
        };
        assert_eq!(
            (&summary["ticks"], &summary["silent"]),
            (&1.into(), &0.into())
        );
        let id = child.id().expect("it waits for the next invocation");
        let cost = Cost {
            wall,
            cpu: cpu(id),
            peak_kib: peak_kib(id),
        };
        child.kill().await.expect("it runs");
        self.api = RuntimeApi::start();
        cost
    }

    fn spawn(&self) -> Child {
        Command::new(PROGRAM)
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", "/usr/local/bin:/usr/bin:/bin")
            .env("AWS_LAMBDA_RUNTIME_API", self.api.address.to_string())
            .env("AWS_LAMBDA_FUNCTION_NAME", "dayfly")
            .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
            .env("AWS_LAMBDA_FUNCTION_VERSION", "$LATEST")
            .env("DAYFLY_CONFIG", "dayfly.toml")
            .env("AWS_ACCESS_KEY_ID", "any")
            .env("AWS_SECRET_ACCESS_KEY", "any")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .kill_on_drop(true)
            .spawn()
            .expect("it is built beside this bench")
    }
}

/// What all threads of a process have run so far; the kernel counts nanoseconds.
fn cpu(id: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{id}/task")).expect("it runs");
    let of_thread = |thread: fs::DirEntry| {
        let text = read(&thread.path().join("schedstat"));
        let nanoseconds = text.split_whitespace().next().map(str::parse);
        Duration::from_nanos(nanoseconds.expect("a number").expect("a number"))
    };
    threads
        .map(|thread| of_thread(thread.expect("it runs")))
        .sum()
}

/// The most memory that was ever resident.
fn peak_kib(id: u32) -> u64 {
    let status = read(Path::new(&format!("/proc/{id}/status")));
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number.expect("a number").parse().expect("a number")
}

fn read(path: &Path) -> String {
    fs::read_to_string(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn median<T: Ord + Copy>(mut values: Vec<T>) -> T {
    values.sort_unstable();
    values[values.len() / 2]
}

fn main() {
    // `cargo test --benches` passes this to see that it starts; it has nothing to list.
    if std::env::args().any(|argument| argument == "--list") {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let costs = runtime.expect("a runtime").block_on(async {
        let mut world = World::new().await;
        world.start().await;
        let mut costs = Vec::new();
        for _ in 0..RUNS {
            costs.push(world.start().await);
        }
        assert!(world.hub.shared().lock().violations().is_empty());
        costs
    });
    let wall: Vec<Duration> = costs.iter().map(|cost| cost.wall).collect();
    let least = wall.iter().min().copied().unwrap_or_default();
    let bytes = fs::metadata(PROGRAM).expect("it was started").len();
    println!("cold start to the first answer, {RUNS} runs of {PROGRAM}");
    println!("  wall    median {:?}, least {least:?}", median(wall));
    println!(
        "  CPU     median {:?}",
        median(costs.iter().map(|cost| cost.cpu).collect())
    );
    let peak = median(costs.iter().map(|cost| cost.peak_kib).collect::<Vec<u64>>());
    println!("  memory  median {} KiB at its peak", peak);
    println!("  size    {:.1} MB", bytes as f64 / 1e6);
}
