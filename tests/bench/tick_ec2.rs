//! A whole tick with 10,000 machines in 20 pools: the real client lists them from the emulated
//! EC2 over a socket, and everything is decided.
//!
//! The emulator runs in this process; the tick runs in one of its own, whose CPU time and peak
//! memory are measured.
#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]
#![expect(
    clippy::disallowed_methods,
    reason = "a bench is told by its environment where the emulator is"
)]

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::process::Command;
use std::time::Duration;

use dayfly::aws::{Clients, Ec2Cloud};
use dayfly::config::Ec2Settings;
use dayfly::model::id::{AgentType, Deployment, JobId, MachineId, PoolName};
use dayfly::model::job::{AgentReport, QueueCounts};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::pool::{BreakerPolicy, Policy, PoolPolicy, Speculation};
use dayfly::model::template::LaunchTemplate;
use dayfly::ports::{Clock, Hub, HubError, SystemClock};
use dayfly::scaler::Scaler;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::Ec2Settings as Account;
use dayfly_lab::emulator::ec2::throttle::Throttling;
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use dayfly_lab::emulator::message::Request;

/// The variable that tells the measured process where the emulator is.
const ENDPOINT: &str = "DAYFLY_BENCH_ENDPOINT";
const POOLS: u32 = 20;
const MACHINES: u32 = 500;
const TICKS: u32 = 5;

fn pool(number: u32) -> PoolName {
    PoolName::new(format!("pool-{number}"))
}

/// An account with all machines.
fn crowd() -> Ec2 {
    let mut account = Account {
        throttling: Throttling::Off,
        ..Account::default()
    };
    account.delays.unseen = Duration::ZERO;
    account.delays.pending = Duration::ZERO;
    for subnet in account.subnets.values_mut() {
        subnet.addresses_max = 65_536;
    }
    let mut ec2 = Ec2::new(account);
    for number in 0..POOLS {
        let mut form = format!(
            "Action=RunInstances&Version=2016-11-15&LaunchTemplate.LaunchTemplateId=lt-1\
             &InstanceType=c7i.large&SubnetId=subnet-a&MinCount={MACHINES}&MaxCount={MACHINES}\
             &TagSpecification.1.ResourceType=instance"
        );
        let pool = pool(number);
        let tags = [
            ("deployment", "bench"),
            ("pool", pool.as_str()),
            ("launch", "dayfly-0123456789abcdef0123456789abcdef"),
            ("template", "lt-1:1"),
            ("boot-limit", "3600"),
            ("lifetime", "90000"),
        ];
        for (place, (key, value)) in tags.into_iter().enumerate() {
            let place = place + 1;
            form.push_str(&format!(
                "&TagSpecification.1.Tag.{place}.Key=dayfly%3A{key}\
                 &TagSpecification.1.Tag.{place}.Value={value}"
            ));
        }
        let request = Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            authorization: Some("AWS4-HMAC-SHA256".to_owned()),
            body: form.into_bytes(),
            ..Request::default()
        };
        assert_eq!(ec2.handle(&request, SystemClock.now()).status, 200);
    }
    ec2
}

/// A hub whose every agent has a job.
struct Busy;

impl Hub for Busy {
    async fn counts(&self, _: &PoolName) -> Result<QueueCounts, HubError> {
        Ok(QueueCounts {
            queued: 0,
            running: MACHINES,
            idle: 0,
            occupied: MACHINES,
        })
    }

    async fn jobs(&self, _: &PoolName) -> Result<Vec<JobId>, HubError> {
        Ok(Vec::new())
    }

    async fn agents(
        &self,
        _: &PoolName,
    ) -> Result<Option<BTreeMap<MachineId, AgentReport>>, HubError> {
        Ok(None)
    }
}

fn policy() -> Policy {
    let offers = vec![Offer {
        instance_type: "c7i.large".to_owned(),
        subnet: "subnet-a".to_owned(),
        market: Market::OnDemand,
        hourly: MicroDollars(100_000),
    }];
    let of_pool = |number| PoolPolicy {
        agent_type: AgentType::new(format!("s1-pool-{number}")),
        machines_max: 10_000,
        reserve: 0,
        reserve_hours: Vec::new(),
        spot_patience: Duration::ZERO,
        boot_limit: Duration::from_secs(3_600),
        lifetime: Duration::from_secs(90_000),
        template: LaunchTemplate::new("lt-1", 1),
        offers: offers.clone(),
        speculation: Speculation::default(),
        breaker: BreakerPolicy {
            failures_max: 3,
            pause: Duration::from_secs(300),
        },
    };
    Policy {
        deployment: Deployment::new("bench"),
        machines_max: 100_000,
        launches_per_hour_max: 100_000,
        hourly_max: None,
        pools: (0..POOLS)
            .map(|number| (pool(number), of_pool(number)))
            .collect(),
    }
}

/// The time that this thread, the process's only one of note, has spent on a CPU.
fn cpu() -> Duration {
    let text = fs::read_to_string("/proc/thread-self/schedstat").expect("Linux tells");
    let nanoseconds = text.split(' ').next().and_then(|it| it.parse().ok());
    Duration::from_nanos(nanoseconds.expect("a number"))
}

fn peak_kib() -> u64 {
    let text = fs::read_to_string("/proc/self/status").expect("Linux tells");
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|it| it.split_whitespace().next()?.parse().ok());
    number.expect("a number")
}

async fn measured(endpoint: String) {
    let settings = Ec2Settings {
        region: Some("eu-central-1".to_owned()),
        endpoint_url: Some(endpoint),
        ..Ec2Settings::default()
    };
    let clients = Clients::connect(&settings).await.expect("clients");
    let cloud = Ec2Cloud::new(clients, &policy(), SystemClock);
    let mut scaler = Scaler::new(Busy, cloud, SystemClock, policy());
    for tick in 1..=TICKS {
        let before = cpu();
        let seen = scaler.tick().await;
        let spent = cpu() - before;
        assert!(seen.silences.is_empty(), "{:?}", seen.silences);
        let machines = seen.snapshot.machines.expect("a list").len();
        let milliseconds = spent.as_secs_f64() * 1000.0;
        let megabytes = peak_kib() / 1024;
        println!(
            "tick {tick}: {machines} machines, {milliseconds:.0} ms of CPU, peak {megabytes} MiB"
        );
    }
}

async fn served() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let server = Server::start(
        Shared::new(crowd()),
        listener,
        Transport::Plain,
        SystemClock,
    );
    let server = server.expect("it can be served");
    let program = std::env::current_exe().expect("this program");
    let mut command = Command::new(program);
    command
        .env(ENDPOINT, format!("http://{}", server.address()))
        .env("AWS_ACCESS_KEY_ID", "bench")
        .env("AWS_SECRET_ACCESS_KEY", "bench");
    let status = tokio::task::spawn_blocking(move || command.status()).await;
    assert!(status.expect("it ran").expect("it started").success());
}

fn main() {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    match std::env::var(ENDPOINT) {
        Ok(endpoint) => runtime.block_on(measured(endpoint)),
        Err(_) => runtime.block_on(served()),
    }
}
