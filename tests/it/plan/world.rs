//! Worlds for `decide`: a builder for the named cases.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::model::id::{
    AgentType, Deployment, JobId, LaunchToken, MachineId, PoolName, TemplateVersion,
};
use dayfly::model::job::{AgentReport, AgentState, QueueCounts};
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::pool::{BreakerPolicy, Policy, PoolPolicy, Speculation};
use dayfly::model::snapshot::{Machines, PoolView, Shortage, Sighting, Snapshot};
use dayfly::model::template::LaunchTemplate;
use dayfly::model::time::Timestamp;
use dayfly::plan::census::ANSWERS_MIN;

pub const BOOT_LIMIT: Duration = Duration::from_secs(300);
pub const LIFETIME: Duration = Duration::from_secs(7200);

/// The moment at which every test decides.
pub fn now() -> Timestamp {
    Timestamp::from_seconds(1_790_000_000)
}

pub fn seconds_ago(seconds: u64) -> Timestamp {
    now().minus(Duration::from_secs(seconds))
}

pub fn pool(name: &str) -> PoolName {
    PoolName::new(name)
}

pub fn offer(instance_type: &str) -> Offer {
    Offer {
        instance_type: instance_type.to_owned(),
        subnet: "subnet-a".to_owned(),
        market: Market::OnDemand,
        hourly: MicroDollars(100_000),
    }
}

pub fn spot(instance_type: &str) -> Offer {
    Offer {
        market: Market::Spot,
        hourly: MicroDollars(40_000),
        ..offer(instance_type)
    }
}

pub fn shortage(word: &str, until: Timestamp) -> Shortage {
    let word = word.to_owned();
    Shortage { until, word }
}

pub fn machine(id: &str, pool_name: &str, age_seconds: u64) -> Machine {
    Machine {
        id: MachineId::new(id),
        pool: pool(pool_name),
        token: LaunchToken::new("t"),
        template: TemplateVersion::new("lt-1:7"),
        offer: offer("c7i.large"),
        phase: Phase::Running,
        launched_at: seconds_ago(age_seconds),
        boot_limit: BOOT_LIMIT,
        lifetime: LIFETIME,
        held: false,
        impaired: false,
        ended_by: None,
        console: None,
    }
}

pub fn pool_policy(machines_max: u32, reserve: u32) -> PoolPolicy {
    PoolPolicy {
        agent_type: AgentType::new("s1-linux"),
        machines_max,
        reserve,
        reserve_hours: Vec::new(),
        boot_limit: BOOT_LIMIT,
        lifetime: LIFETIME,
        template: LaunchTemplate::new("lt-1", 7),
        offers: vec![offer("c7i.large"), offer("m7i.large")],
        spot_patience: Duration::ZERO,
        speculation: Speculation::default(),
        breaker: BreakerPolicy {
            failures_max: 3,
            pause: Duration::from_secs(300),
        },
    }
}

/// A pool with two types on both markets, which waits two minutes for spot.
pub fn spot_first(machines_max: u32, reserve: u32) -> PoolPolicy {
    let of_type = ["c7i.large", "m7i.large"];
    PoolPolicy {
        offers: of_type
            .map(spot)
            .into_iter()
            .chain(of_type.map(offer))
            .collect(),
        spot_patience: Duration::from_secs(120),
        ..pool_policy(machines_max, reserve)
    }
}

/// One pool `linux` with that cap and reserve, and room for a thousand machines in all.
pub fn policy(machines_max: u32, reserve: u32) -> Policy {
    Policy {
        deployment: Deployment::new("ci"),
        machines_max: 1000,
        launches_per_hour_max: 1000,
        hourly_max: None,
        pools: BTreeMap::from([(pool("linux"), pool_policy(machines_max, reserve))]),
    }
}

/// A world of one pool `linux`, built up by what is in it.
#[derive(Clone)]
pub struct World {
    pub snapshot: Snapshot,
}

impl World {
    /// A hub and a cloud that answer, with nothing in either.
    pub fn new() -> Self {
        let view = PoolView {
            counts: Some(QueueCounts::default()),
            jobs: Some(Vec::new()),
            agents: Some(BTreeMap::new()),
        };
        let snapshot = Snapshot {
            pools: BTreeMap::from([(pool("linux"), view)]),
            machines: Some(Machines::default()),
            ..Snapshot::default()
        };
        Self { snapshot }
    }

    pub fn view(&mut self) -> &mut PoolView {
        self.snapshot
            .pools
            .get_mut(&pool("linux"))
            .expect("the one pool of this world")
    }

    pub fn queued(mut self, jobs: u32) -> Self {
        let ids = (0..jobs).map(|index| JobId::new(format!("job-{index:05}")));
        self.view().jobs = Some(ids.collect());
        self.counts(|counts| counts.queued = jobs)
    }

    pub fn counts(mut self, change: impl FnOnce(&mut QueueCounts)) -> Self {
        change(
            self.view()
                .counts
                .as_mut()
                .expect("the hub of this world answers"),
        );
        self
    }

    /// The machine, and that enough earlier answers lacked its agent, should it not be listed.
    pub fn machine(mut self, machine: Machine) -> Self {
        let machines = self.snapshot.machines.get_or_insert_default();
        let sightings = &mut self.snapshot.memory.sightings;
        let sighting = sightings.entry(machine.id.clone()).or_default();
        sighting.absent_answers = ANSWERS_MIN;
        machines.insert(machine.id.clone(), machine);
        self
    }

    pub fn booting(self, id: &str) -> Self {
        self.machine(machine(id, "linux", 10))
    }

    pub fn waiting(self, id: &str) -> Self {
        self.counts(|counts| counts.idle += 1)
            .machine(machine(id, "linux", 60))
            .agent(id, AgentState::Waiting)
    }

    pub fn running(self, id: &str) -> Self {
        self.machine(machine(id, "linux", 60))
            .agent(id, AgentState::Running)
    }

    pub fn agent(mut self, id: &str, state: AgentState) -> Self {
        let report = AgentReport {
            state,
            connected_at: seconds_ago(30),
        };
        self.view()
            .agents
            .get_or_insert_default()
            .insert(MachineId::new(id), report);
        self
    }

    pub fn sighting(mut self, id: &str, sighting: Sighting) -> Self {
        self.snapshot
            .memory
            .sightings
            .insert(MachineId::new(id), sighting);
        self
    }
}
