//! A second opinion on a finished plan. It restates the invariants from the snapshot's raw data
//! and calls none of the planners, so that an error in them is not repeated here.

mod caps;
mod evidence;

use std::collections::{BTreeMap, BTreeSet};

use thiserror::Error;

use self::caps::{check_caps, check_quota};
use self::evidence::check_evidence;

use crate::model::id::{JobId, MachineId, PoolName};
use crate::model::job::AgentState;
use crate::model::machine::{Machine, Phase};
use crate::model::plan::{EndReason, LaunchOrder, MachineVerdict, Plan};
use crate::model::pool::{Policy, Speed};
use crate::model::snapshot::Snapshot;
use crate::model::time::Timestamp;

/// An invariant of `docs/ARCHITECTURE.md` that a plan breaks.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Violation {
    /// *total*: a pool of the policy has no plan, or a plan no pool.
    #[error("total: the plan's pools are not the policy's")]
    Pools,
    /// *total*: the verdicts are not those of the jobs that the hub listed.
    #[error("total: the jobs of pool {0} and their verdicts differ")]
    Jobs(PoolName),
    /// *total*: a machine has no verdict, two of them, or does not exist.
    #[error("total: machine {0} has {1} verdicts")]
    Machine(MachineId, usize),
    /// *blind means still*: something is launched or ended without the answers that it takes.
    #[error("blind means still: pool {0} acts without an answer")]
    Blind(PoolName),
    /// *capped*: more machines, launches or dollars than allowed.
    #[error("capped: {what} would be {planned}, and may be {max}")]
    Capped {
        /// What is counted.
        what: String,
        /// What the plan would make it.
        planned: u64,
        /// What the policy allows.
        max: u64,
    },
    /// *never kill work*: a machine whose agent has registered is ended.
    #[error("never kill work: machine {0} is ended, and its agent is registered")]
    Work(MachineId),
    /// *never kill work*: a machine is ended before the limit that is given as the reason.
    #[error("never kill work: machine {0} is ended before its limit")]
    Early(MachineId),
    /// *a blip is not a verdict*: a machine is ended because the hub's agent list lacks its agent,
    /// while the hub counts more agents than it lists, or does not count them.
    #[error(
        "a blip is not a verdict: machine {0} is ended by an agent list that the counts contradict"
    )]
    Contradicted(MachineId),
    /// *a blip is not a verdict*: many machines are ended because the hub's agent list has lacked
    /// their agents for a short time.
    #[error(
        "a blip is not a verdict: {1} machines of pool {0} are ended by an agent list that may be wrong"
    )]
    Unconfirmed(PoolName, usize),
    /// *a blip is not a verdict*: a machine is ended because too few answers of the hub lacked its
    /// agent.
    #[error("a blip is not a verdict: machine {0} is ended by {1} answers of the hub")]
    FewAnswers(MachineId, u32),
    /// *a blip is not a verdict*: a machine is ended by its age while clocks disagree.
    #[error("a blip is not a verdict: machine {0} is ended by its age, and the clocks disagree")]
    Clock(MachineId),
    /// *everything ends*: a machine is older than any may be, and is not ended.
    #[error("everything ends: machine {0} has outlived its lifetime and is not ended")]
    Outlived(MachineId),
    /// *ours alone*: a held machine, or one that the cloud did not list, is ended.
    #[error("ours alone: machine {0} is ended, and is held or not listed")]
    NotOurs(MachineId),
    /// *jobs first*: machines are launched ahead of demand without leaving room for jobs, or
    /// although they may not be.
    #[error("jobs first: pool {pool} launches {launched} for {jobs} jobs and its reserve, {why}")]
    Ahead {
        /// Which pool.
        pool: PoolName,
        /// What it launches.
        launched: u64,
        /// The most that its queue and its fixed reserve can account for.
        jobs: u64,
        /// What it should have kept to.
        why: &'static str,
    },
    /// *idempotent*: two batches have one token.
    #[error("idempotent: two batches share the token {0}")]
    Token(String),
    /// *breaks the circuit*: boots are repeated although they keep failing.
    #[error("breaks the circuit: pool {0} launches while its boots keep failing")]
    Breaker(PoolName),
}

/// Every invariant that the plan breaks; none for a plan that `decide` made.
pub fn check(snapshot: &Snapshot, policy: &Policy, plan: &Plan, now: Timestamp) -> Vec<Violation> {
    let mut found = Vec::new();
    let machines = all_machines(snapshot);
    let verdicts = machine_verdicts(plan);
    check_total(snapshot, policy, plan, &mut found);
    check_verdicts(&machines, &verdicts, &mut found);
    check_blind(snapshot, plan, &mut found);
    check_caps(policy, plan, &machines, now, &mut found);
    check_ends(snapshot, &verdicts, now, &mut found);
    check_evidence(snapshot, &verdicts, now, &mut found);
    check_quota(snapshot, plan, &machines, now, &mut found);
    check_lifetimes(snapshot, &verdicts, now, &mut found);
    check_launches(snapshot, policy, plan, now, &mut found);
    check_ahead(snapshot, policy, plan, &machines, now, &mut found);
    found
}

/// What no queued job and no fixed reserve accounts for needs a reason and leaves room.
fn check_ahead(
    snapshot: &Snapshot,
    policy: &Policy,
    plan: &Plan,
    machines: &[(&MachineId, &Machine)],
    now: Timestamp,
    found: &mut Vec<Violation>,
) {
    for order in launches(plan) {
        let Some(pool) = policy.pools.get(&order.pool) else {
            continue;
        };
        let view = snapshot.pools.get(&order.pool);
        // Without the counts nothing may be launched at all, which is said elsewhere.
        let Some(counts) = view.and_then(|view| view.counts) else {
            continue;
        };
        let jobs = u64::from(counts.queued) + u64::from(pool.reserve_at(now));
        let launched = u64::from(order.count);
        if launched <= jobs {
            continue;
        }
        let outlook = snapshot.outlooks.get(&order.pool);
        let most = outlook.map_or(0, |outlook| {
            let expectation = &outlook.expectation;
            let race = u64::from(outlook.race_for(counts.queued));
            let seen = u64::from(expectation.scheduled) + u64::from(expectation.blocks);
            u64::from(expectation.likely) + seen + race
        });
        let of_pool = machines.iter().filter(|(_, it)| it.pool == order.pool);
        let alive = of_pool.filter(|(_, it)| it.phase != Phase::Gone).count() as u64;
        let why = if pool.speculation.speed == Speed::Reactive {
            "and its speed is reactive"
        } else if outlook.is_some_and(|outlook| outlook.expectation.exhausted) {
            "and a day has had all its spare machine time"
        } else if jobs + most < launched {
            "which is more than is expected"
        } else if u64::from(pool.machines_max) * 4 < (alive + launched) * 5 {
            "into the fifth of machines_max that is kept for jobs"
        } else {
            continue;
        };
        found.push(Violation::Ahead {
            pool: order.pool.clone(),
            launched,
            jobs,
            why,
        });
    }
}

/// Every machine once, by id: as the cloud lists it, or else as it was launched.
fn all_machines(snapshot: &Snapshot) -> Vec<(&MachineId, &Machine)> {
    let listed = snapshot.machines.iter().flatten();
    let mut machines: Vec<_> = listed.chain(&snapshot.memory.ledger).collect();
    if !snapshot.memory.ledger.is_empty() {
        // Of two with one id the first stays, which is the listed one: the sort keeps their order.
        machines.sort_by_key(|(id, _)| *id);
        machines.dedup_by_key(|(id, _)| *id);
    }
    machines
}

/// Every verdict on a machine, of all pools and of none, by the machine's id.
fn machine_verdicts(plan: &Plan) -> Vec<(&MachineId, &MachineVerdict)> {
    let mut verdicts: Vec<_> = plan.strays.iter().collect();
    for pool in plan.pools.values() {
        verdicts.extend(&pool.machines);
    }
    verdicts.sort_by_key(|(id, _)| *id);
    verdicts
}

fn launches(plan: &Plan) -> impl Iterator<Item = &LaunchOrder> {
    plan.pools.values().filter_map(|pool| pool.launch.as_ref())
}

fn check_total(snapshot: &Snapshot, policy: &Policy, plan: &Plan, found: &mut Vec<Violation>) {
    if !plan.pools.keys().eq(policy.pools.keys()) {
        found.push(Violation::Pools);
    }
    for (name, pool) in &plan.pools {
        let jobs = snapshot
            .pools
            .get(name)
            .and_then(|view| view.jobs.as_deref());
        let listed: BTreeSet<&JobId> = jobs.unwrap_or_default().iter().collect();
        if !pool.jobs.keys().eq(listed) {
            found.push(Violation::Jobs(name.clone()));
        }
    }
}

/// Every machine has exactly one verdict, and every verdict a machine.
fn check_verdicts(
    machines: &[(&MachineId, &Machine)],
    verdicts: &[(&MachineId, &MachineVerdict)],
    found: &mut Vec<Violation>,
) {
    let machines = machines.iter().map(|(id, _)| *id);
    let verdicts = verdicts.iter().map(|(id, _)| *id);
    if machines.clone().eq(verdicts.clone()) {
        return;
    }
    let machines: BTreeSet<&MachineId> = machines.collect();
    let mut counts: BTreeMap<&MachineId, usize> = machines.iter().map(|id| (*id, 0)).collect();
    verdicts.for_each(|id| *counts.entry(id).or_default() += 1);
    let is_wrong = |(id, count): &(&MachineId, usize)| *count != 1 || !machines.contains(id);
    let wrong = counts.into_iter().filter(is_wrong);
    found.extend(wrong.map(|(id, count)| Violation::Machine(id.clone(), count)));
}

fn check_blind(snapshot: &Snapshot, plan: &Plan, found: &mut Vec<Violation>) {
    for (name, pool) in &plan.pools {
        let counts = snapshot.pools.get(name).and_then(|view| view.counts);
        let sees_all = snapshot.machines.is_some() && counts.is_some();
        if pool.launch.is_some() && !sees_all {
            found.push(Violation::Blind(name.clone()));
        }
    }
}

fn check_ends(
    snapshot: &Snapshot,
    verdicts: &[(&MachineId, &MachineVerdict)],
    now: Timestamp,
    found: &mut Vec<Violation>,
) {
    for (id, verdict) in verdicts {
        let MachineVerdict::End { reason } = verdict else {
            continue;
        };
        let listed = snapshot
            .machines
            .as_ref()
            .and_then(|machines| machines.get(id));
        let Some(machine) = listed.filter(|machine| !machine.held) else {
            found.push(Violation::NotOurs((*id).clone()));
            continue;
        };
        let agents = snapshot
            .pools
            .get(&machine.pool)
            .and_then(|view| view.agents.as_ref());
        let registered = agents
            .and_then(|agents| agents.get(id))
            .map(|report| report.state);
        let age = now.since(machine.launched_at);
        let (early, spares_work) = match reason {
            EndReason::Lifetime { .. } => (age <= machine.lifetime, false),
            EndReason::BootLimit { .. } => (age <= machine.boot_limit, true),
            EndReason::AgentLeft { since } => (now <= *since, true),
        };
        if early {
            found.push(Violation::Early((*id).clone()));
        }
        match registered {
            Some(AgentState::Waiting | AgentState::Running) if spares_work => {
                found.push(Violation::Work((*id).clone()));
            }
            Some(AgentState::Waiting | AgentState::Running) | None => {}
        }
    }
}

fn check_lifetimes(
    snapshot: &Snapshot,
    verdicts: &[(&MachineId, &MachineVerdict)],
    now: Timestamp,
    found: &mut Vec<Violation>,
) {
    // Nobody knows how old a machine is while clocks disagree.
    if snapshot.clocks.disagreement().is_some() {
        return;
    }
    // A machine that the cloud refuses to terminate is left alone for a while.
    let is_settled = |id: &MachineId, verdict: &MachineVerdict| match verdict {
        MachineVerdict::End { .. } => true,
        MachineVerdict::Keep { .. } | MachineVerdict::Undecided { .. } => {
            let refused = snapshot.memory.refused_terminations.get(id);
            refused.is_some_and(|refused| now < refused.retry_at)
        }
    };
    let ended: BTreeSet<&MachineId> = verdicts
        .iter()
        .filter(|(id, verdict)| is_settled(id, verdict))
        .map(|(id, _)| *id)
        .collect();
    for (id, machine) in snapshot.machines.iter().flatten() {
        let is_up = matches!(machine.phase, Phase::Pending | Phase::Running);
        let is_old = machine.lifetime < now.since(machine.launched_at);
        if is_up && is_old && !machine.held && !ended.contains(id) {
            found.push(Violation::Outlived(id.clone()));
        }
    }
}

fn check_launches(
    snapshot: &Snapshot,
    policy: &Policy,
    plan: &Plan,
    now: Timestamp,
    found: &mut Vec<Violation>,
) {
    let mut tokens = BTreeSet::new();
    for order in launches(plan) {
        if !tokens.insert(order.token.as_str()) {
            found.push(Violation::Token(order.token.to_string()));
        }
        let boots = snapshot.memory.boots.get(&order.pool);
        let record = boots.and_then(|boots| boots.get(&order.template.tag()));
        let breaker = policy.pools.get(&order.pool).map(|pool| pool.breaker);
        let (Some(record), Some(breaker)) = (record, breaker) else {
            continue;
        };
        let is_open = breaker.failures_max <= record.failures;
        let is_doubtful = is_open || breaker.failures_max <= record.unknown;
        let paused = is_open && now < record.failed_at.plus(breaker.pause);
        if paused || (is_doubtful && 1 < order.count) {
            found.push(Violation::Breaker(order.pool.clone()));
        }
    }
}
