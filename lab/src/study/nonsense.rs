//! Histories that never were: what a scaler believes that was given another pool's file, or a
//! spoiled one.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::forecast::Forecast;
use dayfly::model::id::{LaunchToken, MachineId, PoolName};
use dayfly::model::job::QueueCounts;
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::pool::{Policy, PoolPolicy};
use dayfly::model::snapshot::{Memory, PoolView, Sighting};
use dayfly::model::time::Timestamp;

/// What the scaler takes for learned when the scored days begin.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Learned {
    /// Its own, as a process reads it that starts anew.
    Again,
    /// Ten jobs each minute, day and night, and boots of up to five minutes.
    Busy,
    /// No job ever, and boots of a second.
    Quiet,
}

/// Each by its name.
pub const LEARNED: [(&str, Learned); 3] = [
    ("again", Learned::Again),
    ("busy", Learned::Busy),
    ("quiet", Learned::Quiet),
];

/// How long it is supposed to have been watched.
const WATCHED: Duration = Duration::from_secs(7 * 86_400);
/// From look to look.
const LOOK: Duration = Duration::from_secs(60);
/// Machines that end at each look of the busy history, whose jobs are replaced by as many.
const MANY: u64 = 10;

/// What is believed to have been learned of all pools up to a moment, in place of `own`.
pub fn learned(what: Learned, own: Forecast, policy: &Policy, until: Timestamp) -> Forecast {
    let (machines, running) = match what {
        Learned::Again => return own,
        Learned::Busy => (MANY, 100),
        Learned::Quiet => (1, 0),
    };
    let counts = QueueCounts {
        running,
        occupied: running,
        ..QueueCounts::default()
    };
    let view = PoolView {
        counts: Some(counts),
        jobs: Some(Vec::new()),
        agents: Some(BTreeMap::new()),
    };
    let names = policy.pools.keys();
    let pools = names.map(|name| (name.clone(), view.clone())).collect();
    let mut forecast = Forecast::default();
    let mut now = until.minus(WATCHED);
    for look in 0_u64.. {
        if until <= now {
            break;
        }
        let mut listed = BTreeMap::new();
        let mut memory = Memory::default();
        for (name, pool) in &policy.pools {
            for number in 0..machines {
                let boot = match what {
                    Learned::Again | Learned::Quiet => Duration::from_secs(1),
                    // Evenly, and each launch call has all of it.
                    Learned::Busy => pool.boot_limit * u32::try_from(number + 1).unwrap_or(1) / 10,
                };
                let machine = machine(name, pool, look * MANY + number, now.minus(boot));
                let has_run = Some(now).filter(|_| what == Learned::Busy);
                let sighting = Sighting {
                    registered_at: Some(now),
                    running_since: has_run,
                    missing_since: has_run,
                    ..Sighting::default()
                };
                memory.sightings.insert(machine.id.clone(), sighting);
                listed.insert(machine.id.clone(), machine);
            }
        }
        forecast.see(policy, &pools, Some(&listed), None, &memory, now);
        now = now.plus(LOOK);
    }
    forecast
}

fn machine(name: &PoolName, pool: &PoolPolicy, number: u64, launched_at: Timestamp) -> Machine {
    Machine {
        id: MachineId::new(format!("{name}-{number}")),
        pool: name.clone(),
        token: LaunchToken::new((number / MANY).to_string()),
        template: pool.template.tag(),
        offer: pool.offers[0].clone(),
        phase: Phase::Running,
        launched_at,
        boot_limit: pool.boot_limit,
        lifetime: pool.lifetime,
        held: false,
        impaired: false,
        ended_by: None,
        console: None,
    }
}
