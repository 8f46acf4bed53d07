//! A pool that is looked at from moment to moment, built up by what is seen.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::forecast::pool::PoolForecast;
use dayfly::model::id::{JobId, LaunchToken, MachineId, PoolName, TemplateVersion};
use dayfly::model::job::{AgentReport, AgentState, QueueCounts};
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::outlook::Outlook;
use dayfly::model::pool::{Speculation, Speed};
use dayfly::model::snapshot::{PoolView, Sighting};
use dayfly::model::time::Timestamp;

/// A Monday, 00:00.
pub const MONDAY: u64 = 4 * 86_400;

pub fn at(second: u64) -> Timestamp {
    Timestamp::from_seconds(MONDAY + second)
}

/// A machine that was launched at a moment, by a call that its token names.
pub fn machine(id: &str, token: &str, launched_at: Timestamp) -> Machine {
    Machine {
        id: MachineId::new(id),
        pool: PoolName::new("linux"),
        token: LaunchToken::new(token),
        template: TemplateVersion::new("lt-1:7"),
        offer: Offer {
            instance_type: "c7i.large".to_owned(),
            subnet: "subnet-a".to_owned(),
            market: Market::OnDemand,
            hourly: MicroDollars(100_000),
        },
        phase: Phase::Running,
        launched_at,
        boot_limit: Duration::from_secs(300),
        lifetime: Duration::from_secs(7200),
        held: false,
        impaired: false,
        ended_by: None,
        console: None,
    }
}

/// What the hub says where it counts so many jobs and lists its agents.
pub fn view(queued: u32, running: u32) -> PoolView {
    PoolView {
        counts: Some(QueueCounts {
            queued,
            running,
            idle: 0,
            occupied: running,
        }),
        jobs: None,
        agents: Some(BTreeMap::new()),
    }
}

/// The same where it lists jobs and no agents.
pub fn listing(jobs: &[&str]) -> PoolView {
    let queued = u32::try_from(jobs.len()).expect("they are few");
    PoolView {
        jobs: Some(jobs.iter().map(|job| JobId::new(*job)).collect()),
        agents: None,
        ..view(queued, 0)
    }
}

/// An agent's report that it registered at that moment.
pub fn registered(view: PoolView, id: &str, connected_at: Timestamp) -> PoolView {
    let mut view = view;
    let report = AgentReport {
        state: AgentState::Waiting,
        connected_at,
    };
    let agents = view.agents.get_or_insert_default();
    agents.insert(MachineId::new(id), report);
    view
}

/// A forecast, and the seconds of Monday at which it looks.
#[derive(Clone, Default)]
pub struct Watched {
    pub forecast: PoolForecast,
}

impl Watched {
    /// A pool of which no boot is known.
    pub fn new() -> Self {
        Self::default()
    }

    /// A pool that has seen boots of so many milliseconds, each of a call of its own, in one look.
    pub fn booted(now: Timestamp, took: impl IntoIterator<Item = u64>) -> Self {
        let calls = took.into_iter().enumerate();
        Self::booted_by(
            now,
            calls.map(|(call, took)| (format!("token-{call}"), took)),
        )
    }

    /// The same, with the token of each boot's call.
    pub fn booted_by(now: Timestamp, boots: impl IntoIterator<Item = (String, u64)>) -> Self {
        let mut watched = Self::default();
        let mut seen = view(0, 0);
        let mut machines = Vec::new();
        for (number, (token, took)) in boots.into_iter().enumerate() {
            let id = format!("i-{number}");
            let launched_at = now.minus(Duration::from_millis(took));
            seen = registered(seen, &id, now);
            let sighting = Sighting {
                registered_at: Some(now),
                ..Sighting::default()
            };
            machines.push((machine(&id, &token, launched_at), sighting));
        }
        watched.see(&seen, &machines, now);
        watched
    }

    pub fn see(&mut self, view: &PoolView, machines: &[(Machine, Sighting)], now: Timestamp) {
        let machines = machines
            .iter()
            .map(|(machine, sighting)| (machine, sighting));
        self.forecast.see(view, machines, now);
    }

    /// What is expected where a waiting minute is worth ten and an agent waits for forty seconds.
    pub fn outlook(&self, now: Timestamp) -> Outlook {
        self.clone().outlook_for(speculation(40), now)
    }

    /// What is expected for those who may guess so much.
    pub fn outlook_for(&mut self, speculation: Speculation, now: Timestamp) -> Outlook {
        self.forecast.outlook(speculation, None, now)
    }
}

/// A waiting minute is worth ten, races are on, a day may spare as much as it uses.
pub fn speculation(idle_seconds: u64) -> Speculation {
    Speculation {
        speed: Speed::Balanced,
        race: true,
        overhead_max_percent: 100,
        idle_timeout: Duration::from_secs(idle_seconds),
        spare_timeout: Duration::from_secs(20),
    }
}
