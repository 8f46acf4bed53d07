//! A plan in words: one sentence with its evidence for every job, machine and pool.
//!
//! Nothing is decided here. A sentence names what was counted and when something changes,
//! because "no capacity" helps nobody who does not know until when.

pub mod ending;
pub mod reasons;

use std::fmt::Write;

use crate::model::id::{JobId, MachineId, PoolName};
use crate::model::outlook::{Expectation, NextBlock, WantedWait};
use crate::model::plan::{Balance, JobVerdict, MachineVerdict, Plan, PoolPlan};
use crate::model::time::{Spoken, Timestamp};

use reasons::{clock_disagreement, end_reason, keep_reason, undecided_reason, wait_reason};

/// Why a job waits or what happens for it; `None` if the plan does not know it.
pub fn job(plan: &Plan, id: &JobId, now: Timestamp) -> Option<String> {
    plan.pools.iter().find_map(|(name, pool)| {
        let verdict = pool.jobs.get(id)?;
        Some(format!(
            "Job {id} of pool {name} {}.",
            job_verdict(verdict, &pool.balance, now)
        ))
    })
}

/// What happens to a machine and why; `None` if the plan does not know it.
pub fn machine(plan: &Plan, id: &MachineId, now: Timestamp) -> Option<String> {
    let of_pools = plan
        .pools
        .iter()
        .find_map(|(name, pool)| Some((Some(name), pool.machines.get(id)?)));
    let (pool, verdict) = of_pools.or_else(|| Some((None, plan.strays.get(id)?)))?;
    let of_pool = pool
        .map(|name| format!(" of pool {name}"))
        .unwrap_or_default();
    Some(format!(
        "Machine {id}{of_pool} {}.",
        machine_verdict(verdict, now)
    ))
}

/// What a pool does and why; `None` if the plan does not have it.
pub fn pool(plan: &Plan, name: &PoolName, now: Timestamp) -> Option<String> {
    let pool = plan.pools.get(name)?;
    let mut text = format!(
        "Pool {name}: {}; {}",
        balance(&pool.balance),
        launches(&pool.balance)
    );
    if let Some(obstacle) = &pool.obstacle {
        write_now(
            &mut text,
            format_args!(", because {}", wait_reason(obstacle, now)),
        );
    }
    text.push('.');
    if let Some(expectation) = &pool.expectation {
        write_now(
            &mut text,
            format_args!(
                " {}",
                self::expectation(expectation, pool.next_block.as_ref(), &pool.balance)
            ),
        );
    }
    Some(text)
}

/// What is missing and what is launched, in one phrase.
fn launches(balance: &Balance) -> String {
    match (balance.missing, balance.launched) {
        (None, _) => "nothing is launched".to_owned(),
        (Some(0), _) => "nothing is missing".to_owned(),
        (Some(missing), 0) => format!("{missing} missing, none launched"),
        (Some(missing), launched) if missing == launched => format!("launches {launched}"),
        (Some(missing), launched) => format!("{missing} missing, launches {launched}"),
    }
}

/// What is expected, and what that makes worth keeping ready, in one sentence.
pub fn expectation(
    expectation: &Expectation,
    next_block: Option<&NextBlock>,
    balance: &Balance,
) -> String {
    let evidence = format!(
        "hours like this one bring {} jobs, boots take {}, and a waiting minute is worth {} minutes of a machine{}",
        expectation.jobs_per_hour,
        Spoken(expectation.boot),
        expectation.waiting_worth,
        wanted_wait(expectation.wanted_wait),
    );
    let spent = expectation.overhead_percent;
    if expectation.exhausted {
        return format!(
            "Keeps none ready ahead of demand: machines without a job have taken {spent} % of what \
             jobs took in a day, and that is the limit."
        );
    }
    if expectation.boot.is_zero() {
        return "Keeps none ready ahead of demand: too few boots have been seen.".to_owned();
    }
    let mut text = match expectation.reserve() {
        0 => format!("Keeps none ready ahead of demand: {evidence}."),
        reserve => format!(
            "Keeps {reserve} ready ({} of them for jobs that come at this time of the day{}), because {evidence}.",
            expectation.scheduled,
            next_blocks(expectation, next_block),
        ),
    };
    if 0 < balance.race {
        write_now(
            &mut text,
            format_args!(
                " Launches {} more than jobs wait, because some boots are slow.",
                balance.race
            ),
        );
    }
    text
}

/// Why it is worth that, where a wanted wait decides it.
fn wanted_wait(wait: Option<WantedWait>) -> String {
    let Some(WantedWait { wanted, measured }) = wait else {
        return String::new();
    };
    let wanted = Spoken(wanted);
    let seen = measured.map(|measured| format!("of late waited up to {}", Spoken(measured)));
    let seen = seen
        .as_deref()
        .unwrap_or("too few were seen to say what that takes");
    format!(" (19 of 20 jobs are to wait at most {wanted}, and {seen})")
}

/// How many machines are for the next blocks of running pipelines, and for which most of all.
fn next_blocks(expectation: &Expectation, next_block: Option<&NextBlock>) -> String {
    if expectation.blocks == 0 {
        return String::new();
    }
    let count = expectation.blocks;
    match next_block {
        None => format!(", {count} for the next blocks of running pipelines"),
        Some(NextBlock {
            kind,
            jobs,
            percent,
        }) => format!(
            ", {count} for the next blocks of running pipelines, above all for the {jobs} jobs of \
             the block \"{kind}\", which begins within a boot in {percent} of 100 such moments"
        ),
    }
}

/// The arithmetic behind a launch, in one phrase.
pub fn balance(balance: &Balance) -> String {
    let queued = match balance.queued {
        Some(queued) => format!("{queued} queued"),
        None => "queue unknown".to_owned(),
    };
    let picked_up = match balance.picked_up {
        0 => String::new(),
        count => format!(" ({count} just picked up)"),
    };
    format!(
        "{queued}{picked_up} + {} reserve{}",
        balance.reserve,
        supply(balance)
    )
}

/// The pool's machines by what they do, as far as that is known.
fn supply(balance: &Balance) -> String {
    let (Some(booting), Some(alive)) = (balance.booting, balance.alive) else {
        return ", machines unknown".to_owned();
    };
    match (balance.waiting, balance.running) {
        (Some(waiting), Some(running)) => {
            format!(
                " against {booting} booting + {waiting} waiting ({running} running, {alive} alive)"
            )
        }
        (None, _) | (_, None) => {
            format!(" against {booting} booting, agents unknown ({alive} alive)")
        }
    }
}

/// Everything that the plan would do and why, pool by pool, for `dayfly plan`.
pub fn whole(plan: &Plan, now: Timestamp) -> String {
    let mut text = String::new();
    if let Some(disagreement) = &plan.clock {
        let sentence = clock_disagreement(disagreement);
        write_now(&mut text, format_args!("Warning: {sentence}.\n"));
    }
    for (name, pool_plan) in &plan.pools {
        if let Some(sentence) = pool(plan, name, now) {
            write_now(&mut text, format_args!("{sentence}\n"));
        }
        pool_details(pool_plan, now, &mut text);
    }
    for (id, verdict) in &plan.strays {
        let verdict = machine_verdict(verdict, now);
        write_now(
            &mut text,
            format_args!("Machine {id} of no pool {verdict}.\n"),
        );
    }
    text
}

/// The phrase of a job's verdict.
pub fn job_verdict(verdict: &JobVerdict, balance: &Balance, now: Timestamp) -> String {
    let of_them =
        |count: Option<u32>| count.map_or(String::new(), |count| format!(" ({count} of them do)"));
    match verdict {
        JobVerdict::Waiting => {
            format!("goes to an agent that waits{}", of_them(balance.waiting))
        }
        JobVerdict::Booting => {
            format!("goes to a machine that boots{}", of_them(balance.booting))
        }
        JobVerdict::Launch => {
            format!("gets a machine launched now, one of {}", balance.launched)
        }
        JobVerdict::PickedUp => "has just been taken by an agent".to_owned(),
        JobVerdict::NotReady => "is listed, but the hub does not offer it to agents yet".to_owned(),
        JobVerdict::Blocked { reason } => format!("waits, because {}", wait_reason(reason, now)),
    }
}

/// The phrase of a machine's verdict.
pub fn machine_verdict(verdict: &MachineVerdict, now: Timestamp) -> String {
    match verdict {
        MachineVerdict::Keep { reason } => format!("stays: {}", keep_reason(reason, now)),
        MachineVerdict::End { reason } => format!("is ended: {}", end_reason(reason, now)),
        MachineVerdict::Undecided { reason } => {
            format!("is left to its own timers: {}", undecided_reason(*reason))
        }
    }
}

/// How far ahead a moment lies, in words.
fn ahead(until: Timestamp, now: Timestamp) -> Spoken {
    Spoken(until.since(now))
}

fn pool_details(pool: &PoolPlan, now: Timestamp, text: &mut String) {
    for (id, verdict) in &pool.jobs {
        let verdict = job_verdict(verdict, &pool.balance, now);
        write_now(text, format_args!("  job {id} {verdict}\n"));
    }
    for (id, verdict) in &pool.machines {
        let verdict = machine_verdict(verdict, now);
        write_now(text, format_args!("  machine {id} {verdict}\n"));
    }
}

fn write_now(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("writing to a string cannot fail");
}
