//! `decide` at 10,000 machines × 10,000 jobs, and how it grows from 100.

use std::collections::BTreeMap;
use std::hint::black_box;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use dayfly::model::id::{
    AgentType, Deployment, JobId, LaunchToken, MachineId, PoolName, TemplateVersion,
};
use dayfly::model::job::{AgentReport, AgentState, QueueCounts};
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::pool::{BreakerPolicy, Policy, PoolPolicy, Speculation};
use dayfly::model::snapshot::{PoolView, Snapshot};
use dayfly::model::template::LaunchTemplate;
use dayfly::model::time::Timestamp;
use dayfly::plan::{check::check, decide};

const NOW: Timestamp = Timestamp::from_seconds(1_790_000_000);

fn offer() -> Offer {
    Offer {
        instance_type: "c7i.large".into(),
        subnet: "subnet-a".into(),
        market: Market::Spot,
        hourly: MicroDollars(35_000),
    }
}

fn policy(pool: &PoolName, size: u32) -> Policy {
    let pool_policy = PoolPolicy {
        agent_type: AgentType::new("s1-linux"),
        machines_max: size * 2,
        reserve: 10,
        reserve_hours: Vec::new(),
        boot_limit: Duration::from_secs(300),
        lifetime: Duration::from_secs(7200),
        template: LaunchTemplate::new("lt-1", 1),
        offers: vec![offer()],
        spot_patience: Duration::ZERO,
        speculation: Speculation::default(),
        breaker: BreakerPolicy {
            failures_max: 3,
            pause: Duration::from_secs(300),
        },
    };
    Policy {
        deployment: Deployment::new("bench"),
        machines_max: size * 2,
        launches_per_hour_max: size * 4,
        hourly_max: None,
        pools: BTreeMap::from([(pool.clone(), pool_policy)]),
    }
}

fn machine(pool: &PoolName, index: u32) -> Machine {
    Machine {
        id: MachineId::new(format!("i-{index:017x}")),
        pool: pool.clone(),
        token: LaunchToken::new("t"),
        template: TemplateVersion::new("lt-1:1"),
        offer: offer(),
        phase: Phase::Running,
        launched_at: NOW.minus(Duration::from_secs(60)),
        boot_limit: Duration::from_secs(300),
        lifetime: Duration::from_secs(7200),
        held: false,
        impaired: false,
        ended_by: None,
        console: None,
    }
}

/// `size` machines, a third of them booting, waiting and running, and `size` queued jobs.
fn world(size: u32) -> (Snapshot, Policy) {
    let pool = PoolName::new("linux");
    let (mut machines, mut agents) = (BTreeMap::new(), BTreeMap::new());
    for index in 0..size {
        let machine = machine(&pool, index);
        let state = if index % 3 == 1 {
            AgentState::Waiting
        } else {
            AgentState::Running
        };
        if index % 3 != 0 {
            agents.insert(
                machine.id.clone(),
                AgentReport {
                    state,
                    connected_at: NOW,
                },
            );
        }
        machines.insert(machine.id.clone(), machine);
    }
    let jobs = (0..size)
        .map(|index| JobId::new(format!("5f0c2f8e-4a55-{index:08x}")))
        .collect();
    let counts = QueueCounts {
        queued: size,
        running: size / 3,
        idle: size / 3,
        occupied: size / 3,
    };
    let view = PoolView {
        counts: Some(counts),
        jobs: Some(jobs),
        agents: Some(agents),
    };
    let snapshot = Snapshot {
        pools: BTreeMap::from([(pool.clone(), view)]),
        machines: Some(machines.into()),
        ..Snapshot::default()
    };
    (snapshot, policy(&pool, size))
}

fn bench(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("decide");
    for size in [100, 1_000, 10_000] {
        let (snapshot, policy) = world(size);
        group.throughput(Throughput::Elements(u64::from(size)));
        group.bench_with_input(BenchmarkId::new("plan", size), &size, |bencher, _| {
            bencher.iter(|| decide(black_box(&snapshot), black_box(&policy), NOW));
        });
        let plan = decide(&snapshot, &policy, NOW);
        group.bench_with_input(BenchmarkId::new("check", size), &size, |bencher, _| {
            bencher.iter(|| check(black_box(&snapshot), &policy, black_box(&plan), NOW));
        });
    }
    group.finish();
}

criterion_group!(benches, bench);
criterion_main!(benches);
