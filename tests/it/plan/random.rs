//! Random worlds for `decide`, with the values of `world`.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::model::clock::ClockOffset;
use dayfly::model::hours::{ReserveHours, Weekday};
use dayfly::model::id::{JobId, MachineId, PoolName, TemplateVersion};
use dayfly::model::job::{AgentReport, AgentState, QueueCounts};
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::Offer;
use dayfly::model::outlook::{Expectation, Outlook};
use dayfly::model::pool::{Policy, PoolPolicy, Speculation, Speed};
use dayfly::model::snapshot::{
    AgentQuota, BootRecord, Drought, PoolView, RefusedTermination, Shortage, Sighting, Snapshot,
};
use proptest::collection::{btree_map, vec};
use proptest::option;
use proptest::prelude::*;

use super::world::{machine, now, policy, pool, pool_policy, seconds_ago, shortage, spot_first};

/// Random worlds: two pools of the policy and a third that it does not have, with every answer
/// missing now and then, and machines of every age and phase.
pub fn any_world() -> impl Strategy<Value = (Snapshot, Policy)> {
    (
        any_machines(),
        any_view(),
        any_view(),
        any_policy(),
        any_boots(),
        any_shortages(),
        option::of(0_u64..300),
        option::of(any_outlook()),
        any_doubts(),
    )
        .prop_map(
            |(machines, linux, mac, policy, boots, shortages, dry, outlook, doubts)| {
                let mut snapshot = Snapshot {
                    pools: BTreeMap::from([(pool("linux"), linux), (pool("mac"), mac)]),
                    machines: None,
                    ..Snapshot::default()
                };
                let outlook = outlook.map(|outlook| (pool("linux"), outlook));
                snapshot.outlooks.extend(outlook);
                snapshot.memory.unavailable = shortages;
                snapshot.memory.droughts.extend(dry.map(drought));
                doubts.set(&mut snapshot);
                let Some((listed, ledger, sightings)) = machines else {
                    return (snapshot, policy);
                };
                snapshot.machines = Some(listed.into());
                agree(&mut snapshot);
                snapshot.memory.ledger = ledger;
                snapshot.memory.sightings = sightings;
                if let Some(record) = boots {
                    let of_pool = BTreeMap::from([(TemplateVersion::new("lt-1:7"), record)]);
                    snapshot.memory.boots.insert(pool("linux"), of_pool);
                }
                (snapshot, policy)
            },
        )
}

/// What a forecast may make of anything: also what it would never say.
fn any_outlook() -> impl Strategy<Value = Outlook> {
    let race = vec(0_u32..12, 0..40);
    (
        option::of(0_u64..300),
        race,
        0_u32..20,
        0_u32..20,
        0_u32..20,
        any::<bool>(),
    )
        .prop_map(
            |(overdue, mut race, likely, scheduled, blocks, exhausted)| {
                race.sort_unstable();
                let spent = |count: u32| if exhausted { 0 } else { count };
                Outlook {
                    overdue_after: overdue.map(Duration::from_secs),
                    race: if exhausted { Vec::new() } else { race },
                    expectation: Expectation {
                        likely: spent(likely),
                        scheduled: spent(scheduled),
                        blocks: spent(blocks),
                        exhausted,
                        ..Expectation::default()
                    },
                    next_block: None,
                }
            },
        )
}

/// A machine whose agent the hub lists has a console that says so, and has not closed its log.
fn agree(snapshot: &mut Snapshot) {
    let machines = snapshot.machines.iter_mut();
    for (id, machine) in machines.flat_map(|machines| machines.iter_mut()) {
        let agents = snapshot
            .pools
            .get(&machine.pool)
            .and_then(|view| view.agents.as_ref());
        let is_registered = agents.is_some_and(|agents| agents.contains_key(id));
        if let Some(console) = machine.console.as_mut().filter(|_| is_registered) {
            *console = ConsoleMarks {
                registered: true,
                ..ConsoleMarks::default()
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
            ..ConsoleMarks::default()
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
        option::of(0_u64..400),
        option::of(0_u64..400),
        0_u32..5,
        any::<bool>(),
    )
        .prop_map(
            |(registered, running, missing, absent, unlisted, answers, boot_failed)| Sighting {
                absent_since: absent.map(seconds_ago),
                absent_answers: answers,
                unlisted_since: unlisted.map(seconds_ago),
                registered_at: registered.map(seconds_ago),
                running_since: running.map(seconds_ago),
                missing_since: missing.map(seconds_ago),
                boot_failed,
                ..Sighting::default()
            },
        )
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
        any::<bool>(),
    )
        .prop_map(|(counts, jobs, agents, agrees)| PoolView {
            counts: counts.map(|counts| agreeing(counts, agents.as_ref().filter(|_| agrees))),
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

/// Counts that know of the agents of a list and of no others.
fn agreeing(counts: QueueCounts, agents: Option<&BTreeMap<MachineId, AgentState>>) -> QueueCounts {
    let Some(agents) = agents else { return counts };
    let of_state = |state| agents.values().filter(|it| **it == state).count();
    let count = |state| u32::try_from(of_state(state)).expect("few agents");
    QueueCounts {
        idle: count(AgentState::Waiting),
        occupied: count(AgentState::Running),
        ..counts
    }
}

/// What makes a scaler doubt: another clock, terminations that were refused, a learned quota.
#[derive(Clone, Debug)]
struct Doubts {
    clock_ahead_seconds: Option<u64>,
    refused: Vec<(MachineId, u64)>,
    quota: Option<(u32, u64)>,
}

impl Doubts {
    fn set(self, snapshot: &mut Snapshot) {
        let offset = |ahead| ClockOffset::between(now(), seconds_ago(ahead));
        snapshot.clocks.hub = self.clock_ahead_seconds.map(offset);
        let refused = self.refused.into_iter().map(|(id, age)| {
            let retry_at = seconds_ago(age).plus(Duration::from_secs(60));
            let refused = RefusedTermination {
                retry_at,
                ..RefusedTermination::default()
            };
            (id, refused)
        });
        snapshot.memory.refused_terminations = refused.collect();
        snapshot.memory.agent_quota = self.quota.map(|(agents, age)| AgentQuota {
            agents,
            refused_at: seconds_ago(age),
        });
    }
}

fn any_doubts() -> impl Strategy<Value = Doubts> {
    let refused = vec(((0_u8..40).prop_map(machine_id), 0_u64..120), 0..4);
    (
        option::weighted(0.3, 0_u64..90),
        refused,
        option::weighted(0.3, (0_u32..30, 0_u64..600)),
    )
        .prop_map(|(clock_ahead_seconds, refused, quota)| Doubts {
            clock_ahead_seconds,
            refused,
            quota,
        })
}

/// Hours around the minute that is now.
fn any_hours() -> impl Strategy<Value = ReserveHours> {
    let minute = now().minute_of_day();
    let days = prop::sample::subsequence(Weekday::ALL.to_vec(), 0..=7);
    let minutes = (minute - 3..minute + 3, minute - 3..minute + 3);
    (days, minutes, 1_u32..8).prop_map(|(days, (from, until), reserve)| ReserveHours {
        days: days.into_iter().collect(),
        from,
        until,
        reserve,
    })
}

fn any_policy() -> impl Strategy<Value = Policy> {
    (
        0_u32..50,
        0_u32..5,
        0_u32..40,
        0_u32..40,
        option::of(0_u64..5_000_000),
        any::<bool>(),
        prop::sample::select(vec![Speed::Reactive, Speed::Balanced]),
        vec(any_hours(), 0..2),
    )
        .prop_map(
            |(
                machines_max,
                reserve,
                total_max,
                launches_per_hour_max,
                budget,
                has_spot,
                speed,
                reserve_hours,
            )| {
                Policy {
                    machines_max: total_max,
                    launches_per_hour_max,
                    hourly_max: budget.map(MicroDollars),
                    pools: BTreeMap::from([
                        (
                            pool("linux"),
                            PoolPolicy {
                                reserve_hours,
                                speculation: Speculation {
                                    speed,
                                    ..Speculation::product()
                                },
                                ..if has_spot {
                                    spot_first(machines_max, reserve)
                                } else {
                                    pool_policy(machines_max, reserve)
                                }
                            },
                        ),
                        (pool("mac"), pool_policy(10, 1)),
                    ]),
                    ..policy(0, 0)
                }
            },
        )
}

/// Any of the offers, left alone until some moment before or after now.
fn any_shortages() -> impl Strategy<Value = BTreeMap<Offer, Shortage>> {
    let offers = prop::sample::select(spot_first(1, 0).offers);
    let until = (0_u64..240).prop_map(|age| seconds_ago(age).plus(Duration::from_secs(180)));
    btree_map(
        offers,
        until.prop_map(|until| shortage("none", until)),
        0..5,
    )
}

fn drought(age: u64) -> (PoolName, Drought) {
    let drought = Drought {
        since: seconds_ago(age),
        ..Drought::default()
    };
    (pool("linux"), drought)
}

fn any_boots() -> impl Strategy<Value = Option<BootRecord>> {
    option::of(
        (0_u32..6, 0_u64..600, 0_u32..6).prop_map(|(failures, age, unknown)| BootRecord {
            failures,
            unknown,
            failed_at: seconds_ago(age),
        }),
    )
}
