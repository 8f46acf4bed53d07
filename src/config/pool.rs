//! The pools of a configuration.

use std::collections::BTreeMap;
use std::path::Path;
use std::time::Duration;

use super::cloud::{Cloud, Kind};
use super::default;
use super::ec2::{self, Machines, Money};
use super::fields::{MACHINES_MAX, NAME_RULE, count, is_name, seconds};
use super::hours::reserve_hours;
use super::machine;
use super::settings::{AgentSettings, CloudSettings, Pool, SecretSource};
use super::source;
use super::speed::speed;
use crate::document::{Reader, Table};
use crate::model::hours::{ReserveHours, largest};
use crate::model::id::{AgentType, PoolName};
use crate::model::money::MicroDollars;
use crate::model::offer::{Market, Offer};
use crate::model::pool::{BreakerPolicy, PoolPolicy, Speculation};
use crate::model::template::LaunchTemplate;

pub(super) const POOL: [&str; 24] = [
    "agent_type",
    "registration_token",
    "machines_max",
    "reserve",
    "reserve_hours",
    "boot_limit_seconds",
    "lifetime_seconds",
    "idle_timeout_seconds",
    "spare_timeout_seconds",
    "interruption_grace_seconds",
    "breaker_failures_max",
    "breaker_pause_seconds",
    "launch_template",
    "image",
    "instance_types",
    "subnets",
    "market",
    "spot_patience_seconds",
    "speed",
    "waiting_minute_dollars",
    "wait_p95_seconds",
    "race",
    "overhead_max_percent",
    "machine",
];
/// A day: no machine boots or waits for longer.
const DAY: i64 = 86_400;

/// What the rest of the file says.
pub(super) struct Around<'a> {
    pub(super) machines_max: u32,
    pub(super) has_budget: bool,
    pub(super) folder: &'a Path,
    pub(super) cloud: &'a Cloud,
}

/// Every pool; `None` if one of them is wrong.
pub(super) fn pools(reader: &Reader<'_>, around: &Around<'_>) -> Option<BTreeMap<PoolName, Pool>> {
    let names = reader.names()?;
    if names.is_empty() {
        reader.wrong(
            "found no pool",
            "expected one at least, such as [pools.linux]",
        );
    }
    let mut pools = BTreeMap::new();
    let mut owners: BTreeMap<AgentType, &str> = BTreeMap::new();
    for (name, reader) in &names {
        if !is_name(name) {
            reader.wrong("found this name", format!("expected {NAME_RULE}"));
        }
        let Some(pool) = pool(reader, around) else {
            continue;
        };
        if let Some(owner) = owners.insert(pool.policy.agent_type.clone(), name) {
            reader.wrong(
                format!("found the agent type of pool {owner}"),
                "expected each agent type in one pool, or its jobs would be counted twice",
            );
        }
        pools.insert(PoolName::new(*name), pool);
    }
    let wanted = |policy: &PoolPolicy| policy.reserve_max().min(policy.machines_max);
    let wanted = pools.values().map(|pool| u64::from(wanted(&pool.policy)));
    let reserve: u64 = wanted.sum();
    if around.machines_max > 0 && reserve > u64::from(around.machines_max) {
        let found = format!("found reserves of {reserve} machines together");
        let most = around.machines_max;
        reader.wrong(
            found,
            format!("expected at most machines_max, which is {most}"),
        );
    }
    (pools.len() == names.len()).then_some(pools)
}

fn pool(reader: &Reader<'_>, around: &Around<'_>) -> Option<Pool> {
    let table = reader.table(&POOL)?;
    let agent_type = table.required("agent_type", "the hub's name for it, such as s1-linux");
    let agent_type = agent_type.and_then(|reader| self::agent_type(&reader));
    let token = token(&table, around);
    let limits = limits(&table, around.machines_max);
    let agent = agent(&table);
    let breaker = breaker(&table);
    let machines = machines(&table, around);
    let offers = machines.as_ref().map(|machines| &*machines.offers);
    let speculation = speculation(&table, offers.unwrap_or_default());
    let machine = machine::machine(&table);
    let (limits, agent) = (limits?, agent?);
    let machines = machines?;
    let policy = PoolPolicy {
        agent_type: agent_type?,
        machines_max: limits.machines_max,
        reserve: limits.reserve,
        reserve_hours: limits.reserve_hours,
        boot_limit: limits.boot_limit,
        lifetime: limits.lifetime,
        template: machines.template,
        offers: machines.offers,
        spot_patience: machines.spot_patience,
        breaker: breaker?,
        speculation: speculation?,
    };
    Some(Pool {
        policy,
        registration_token: token?,
        agent,
        machine: machine?,
    })
}

/// What is launched for a pool; `None` if that is wrong, or if nobody knows what it should be.
fn machines(table: &Table<'_>, around: &Around<'_>) -> Option<Machines> {
    let kind = around.cloud.kind?;
    match kind {
        Kind::Process => {
            kind.refuse(table, &ec2::POOL);
            Some(process())
        }
        Kind::Ec2 => {
            let prices = match &around.cloud.settings {
                Some(CloudSettings::Ec2(settings)) => Some(&settings.prices),
                Some(CloudSettings::Process(_)) | None => None,
            };
            let has_budget = around.has_budget;
            ec2::machines(table, Money { prices, has_budget })
        }
    }
}

/// Machines on this computer have one template and one offer: a process, for nothing.
fn process() -> Machines {
    Machines {
        template: LaunchTemplate::of_process(),
        offers: vec![Offer {
            instance_type: "process".to_owned(),
            subnet: "local".to_owned(),
            market: Market::OnDemand,
            hourly: MicroDollars::default(),
        }],
        spot_patience: Duration::ZERO,
    }
}

fn token(table: &Table<'_>, around: &Around<'_>) -> Option<SecretSource> {
    let reader = table.required("registration_token", source::WAYS)?;
    source::source(&reader, around.folder)
}

/// The hub takes names with `s1-` alone (protocol.md 9.2).
fn agent_type(reader: &Reader<'_>) -> Option<AgentType> {
    let text = reader.filled_text()?;
    if text.strip_prefix("s1-").is_some_and(is_name) {
        return Some(AgentType::new(text));
    }
    reader.expected("s1- and then letters, digits, '-' and '_', such as s1-linux");
    None
}

struct Limits {
    machines_max: u32,
    reserve: u32,
    reserve_hours: Vec<ReserveHours>,
    boot_limit: Duration,
    lifetime: Duration,
}

fn limits(table: &Table<'_>, machines_max: u32) -> Option<Limits> {
    let own = table.optional("machines_max");
    let own = own.map_or(Some(machines_max), |reader| count(&reader, 0, MACHINES_MAX));
    let reserve_reader = table.optional("reserve");
    let reserve = match &reserve_reader {
        Some(reader) => count(reader, 0, MACHINES_MAX),
        None => Some(default::RESERVE),
    };
    let reserve_hours = reserve_hours(table);
    let of_hours = reserve_hours.as_ref().map(largest);
    let hours = table.optional("reserve_hours").zip(of_hours);
    let reserves = reserve_reader.zip(reserve).into_iter().chain(hours);
    // A pool that is drained by a single 0 keeps its reserve for later.
    for (reader, reserve) in reserves {
        if let Some(most) = own.filter(|most| 0 < *most && *most < reserve) {
            let expected = format!("expected at most machines_max, which is {most}");
            reader.wrong(format!("found the number {reserve}"), expected);
        }
    }
    let boot_limit = seconds(table, "boot_limit_seconds", 1..=DAY, default::BOOT_LIMIT);
    let lifetime = seconds(table, "lifetime_seconds", 1..=30 * DAY, default::LIFETIME);
    if let (Some(boot_limit), Some(lifetime)) = (boot_limit, lifetime)
        && lifetime <= boot_limit
    {
        let found = format!("found a lifetime of {} s", lifetime.as_secs());
        let limit = boot_limit.as_secs();
        let expected = format!("expected more than boot_limit_seconds, which is {limit}");
        let reader = table.optional("lifetime_seconds");
        reader
            .as_ref()
            .unwrap_or(table.reader())
            .wrong(found, expected);
    }
    Some(Limits {
        machines_max: own?,
        reserve: reserve?,
        reserve_hours: reserve_hours?,
        boot_limit: boot_limit?,
        lifetime: lifetime?,
    })
}

fn agent(table: &Table<'_>) -> Option<AgentSettings> {
    let key = "interruption_grace_seconds";
    let grace = seconds(table, key, 0..=DAY, default::INTERRUPTION_GRACE);
    Some(AgentSettings {
        interruption_grace_period: grace?,
    })
}

/// What may be launched ahead of demand. Whether it pays is learned; without history nothing is.
fn speculation(table: &Table<'_>, offers: &[Offer]) -> Option<Speculation> {
    let speed = speed(table, offers);
    let usual = Speculation::of(speed.unwrap_or_default());
    let race = table.optional("race");
    let race = race.map_or(Some(usual.race), |reader| reader.boolean());
    let overhead = table.optional("overhead_max_percent");
    let overhead = overhead.map_or(Some(usual.overhead_max_percent), |reader| {
        count(&reader, 0, 10_000)
    });
    let (idle_timeout, spare_timeout) = timeouts(table)?;
    Some(Speculation {
        speed: speed?,
        race: race?,
        overhead_max_percent: overhead?,
        idle_timeout,
        spare_timeout,
    })
}

/// How long agents wait for a job: those that are kept ready, and those whose job another took.
fn timeouts(table: &Table<'_>) -> Option<(Duration, Duration)> {
    let usual = Speculation::IDLE_TIMEOUT;
    let idle = seconds(table, "idle_timeout_seconds", 1..=DAY, usual)?;
    let key = "spare_timeout_seconds";
    let usual = Speculation::SPARE_TIMEOUT.min(idle);
    let spare = seconds(table, key, 1..=DAY, usual)?;
    if let Some(reader) = table.optional(key).filter(|_| idle < spare) {
        let most = idle.as_secs();
        let expected = format!("expected at most idle_timeout_seconds, which is {most}");
        reader.wrong(format!("found the number {}", spare.as_secs()), expected);
    }
    Some((idle, spare))
}

fn breaker(table: &Table<'_>) -> Option<BreakerPolicy> {
    let failures = table.optional("breaker_failures_max");
    let failures = failures.map_or(Some(default::BREAKER_FAILURES_MAX), |reader| {
        count(&reader, 1, 100)
    });
    let pause = seconds(
        table,
        "breaker_pause_seconds",
        1..=DAY,
        default::BREAKER_PAUSE,
    );
    Some(BreakerPolicy {
        failures_max: failures?,
        pause: pause?,
    })
}
