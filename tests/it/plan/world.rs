//! Worlds for `decide`: a builder for the named cases, and a strategy for random ones.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::model::id::{
    AgentType, Deployment, JobId, LaunchToken, MachineId, PoolName, TemplateVersion,
};
use dayfly::model::job::{AgentReport, AgentState, QueueCounts};
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::pool::{BreakerPolicy, Policy, PoolPolicy};
use dayfly::model::snapshot::{BootRecord, PoolView, Sighting, Snapshot};
use dayfly::model::time::Timestamp;
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

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

pub fn machine(id: &str, pool_name: &str, age_seconds: u64) -> Machine {
    Machine {
        id: MachineId::new(id),
        pool: pool(pool_name),
        token: LaunchToken::new("t"),
        template: TemplateVersion::new("7"),
        offer: offer("c7i.large"),
        phase: Phase::Running,
        launched_at: seconds_ago(age_seconds),
        boot_limit: BOOT_LIMIT,
        lifetime: LIFETIME,
        held: false,
        console: None,
    }
}

pub fn pool_policy(machines_max: u32, reserve: u32) -> PoolPolicy {
    PoolPolicy {
        agent_type: AgentType::new("s1-linux"),
        machines_max,
        reserve,
        boot_limit: BOOT_LIMIT,
        lifetime: LIFETIME,
        template: TemplateVersion::new("7"),
        offers: vec![offer("c7i.large"), offer("m7i.large")],
        spot_patience: Duration::ZERO,
        breaker: BreakerPolicy {
            failures_max: 3,
            pause: Duration::from_secs(300),
        },
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
            machines: Some(BTreeMap::new()),
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

    pub fn machine(mut self, machine: Machine) -> Self {
        let machines = self.snapshot.machines.get_or_insert_default();
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

/// Random worlds: two pools of the policy and a third that it does not have, with every answer
/// missing now and then, and machines of every age and phase.
pub fn any_world() -> impl Strategy<Value = (Snapshot, Policy)> {
    (
        any_machines(),
        any_view(),
        any_view(),
        any_policy(),
        any_boots(),
    )
        .prop_map(|(machines, linux, mac, policy, boots)| {
            let mut snapshot = Snapshot {
                pools: BTreeMap::from([(pool("linux"), linux), (pool("mac"), mac)]),
                machines: None,
                ..Snapshot::default()
            };
            let Some((listed, ledger, sightings)) = machines else {
                return (snapshot, policy);
            };
            snapshot.machines = Some(listed);
            agree(&mut snapshot);
            snapshot.memory.ledger = ledger;
            snapshot.memory.sightings = sightings;
            if let Some(record) = boots {
                let of_pool = BTreeMap::from([(TemplateVersion::new("7"), record)]);
                snapshot.memory.boots.insert(pool("linux"), of_pool);
            }
            (snapshot, policy)
        })
}

/// A machine whose agent the hub lists has a console that says so, and has not closed its log.
fn agree(snapshot: &mut Snapshot) {
    for (id, machine) in snapshot.machines.iter_mut().flatten() {
        let agents = snapshot
            .pools
            .get(&machine.pool)
            .and_then(|view| view.agents.as_ref());
        let is_registered = agents.is_some_and(|agents| agents.contains_key(id));
        if let Some(console) = machine.console.as_mut().filter(|_| is_registered) {
            *console = ConsoleMarks {
                registered: true,
                log_closed: false,
            };
        }
    }
}

type Machines = BTreeMap<MachineId, Machine>;

fn any_machines()
-> impl Strategy<Value = Option<(Machines, Machines, BTreeMap<MachineId, Sighting>)>> {
    let one = (any_machine(), any::<bool>(), option::of(any_sighting()));
    option::weighted(
        0.9,
        btree_map(0_u8..40, one, 0..30).prop_map(|entries| {
            let (mut listed, mut ledger, mut sightings) =
                (Machines::new(), Machines::new(), BTreeMap::new());
            for (index, (mut machine, is_listed, sighting)) in entries {
                machine.id = machine_id(index);
                sightings.extend(sighting.map(|sighting| (machine.id.clone(), sighting)));
                let target = if is_listed { &mut listed } else { &mut ledger };
                target.insert(machine.id.clone(), machine);
            }
            (listed, ledger, sightings)
        }),
    )
}

fn machine_id(index: u8) -> MachineId {
    MachineId::new(format!("i-{index:03}"))
}

fn any_machine() -> impl Strategy<Value = Machine> {
    let phase = prop_oneof![
        Just(Phase::Pending),
        Just(Phase::Running),
        Just(Phase::Stopping),
        Just(Phase::Gone)
    ];
    let pool_name = prop_oneof![Just("linux"), Just("mac"), Just("removed")];
    let marks = option::of(
        (any::<bool>(), any::<bool>()).prop_map(|(registered, log_closed)| ConsoleMarks {
            registered: registered || log_closed,
            log_closed,
        }),
    );
    (phase, pool_name, 0_u64..9000, any::<bool>(), marks).prop_map(
        |(phase, pool_name, age, held, console)| Machine {
            phase,
            held,
            console,
            ..machine("i-000", pool_name, age)
        },
    )
}

fn any_sighting() -> impl Strategy<Value = Sighting> {
    (
        option::of(0_u64..400),
        option::of(0_u64..400),
        option::of(0_u64..400),
        any::<bool>(),
    )
        .prop_map(|(registered, running, missing, boot_failed)| Sighting {
            registered_at: registered.map(seconds_ago),
            running_since: running.map(seconds_ago),
            missing_since: missing.map(seconds_ago),
            boot_failed,
        })
}

fn any_view() -> impl Strategy<Value = PoolView> {
    let counts = (0_u32..60, 0_u32..30, 0_u32..30, 0_u32..30).prop_map(
        |(queued, running, idle, occupied)| QueueCounts {
            queued,
            running,
            idle,
            occupied,
        },
    );
    let state = prop_oneof![Just(AgentState::Waiting), Just(AgentState::Running)];
    let agents = btree_map((0_u8..40).prop_map(machine_id), state, 0..20);
    let jobs = vec(0_u32..100, 0..60).prop_map(|mut numbers| {
        numbers.sort_unstable();
        numbers.dedup();
        numbers
            .into_iter()
            .map(|number| JobId::new(format!("job-{number:03}")))
            .collect()
    });
    (
        option::weighted(0.9, counts),
        option::weighted(0.9, jobs),
        option::of(agents),
    )
        .prop_map(|(counts, jobs, agents)| PoolView {
            counts,
            jobs,
            agents: agents.map(|agents| {
                agents
                    .into_iter()
                    .map(|(id, state)| {
                        (
                            id,
                            AgentReport {
                                state,
                                connected_at: seconds_ago(20),
                            },
                        )
                    })
                    .collect()
            }),
        })
}

fn any_policy() -> impl Strategy<Value = Policy> {
    (
        0_u32..50,
        0_u32..5,
        0_u32..40,
        0_u32..40,
        option::of(0_u64..5_000_000),
    )
        .prop_map(
            |(machines_max, reserve, total_max, launches_per_hour_max, budget)| Policy {
                machines_max: total_max,
                launches_per_hour_max,
                hourly_max: budget.map(MicroDollars),
                pools: BTreeMap::from([
                    (pool("linux"), pool_policy(machines_max, reserve)),
                    (pool("mac"), pool_policy(10, 1)),
                ]),
                ..policy(0, 0)
            },
        )
}

fn any_boots() -> impl Strategy<Value = Option<BootRecord>> {
    option::of(
        (0_u32..6, 0_u64..600).prop_map(|(failures, age)| BootRecord {
            failures,
            failed_at: seconds_ago(age),
        }),
    )
}
