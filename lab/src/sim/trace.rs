//! What happened, line by line, and a number that stands for all of it.
//!
//! The number is the same wherever the same world runs; lines are kept only where somebody wants
//! to read them.

use std::fmt::Write as _;

use serde::Serialize;

use dayfly::model::plan::Plan;
use dayfly::model::snapshot::Snapshot;
use dayfly::model::time::Timestamp;
use dayfly::scaler::Tick;
use dayfly::scaler::apply::Outcome;

/// How much is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Detail {
    /// The number alone.
    Digest,
    /// Every line, with what each tick saw and decided.
    Lines,
}

/// The story of one world.
#[derive(Clone, Debug)]
pub struct Trace {
    detail: Detail,
    began_at: Option<Timestamp>,
    digest: u64,
    lines: String,
    /// How many ticks ended.
    pub ticks: u64,
}

/// A line of the trace.
#[derive(Serialize)]
struct TickLine<'a> {
    now: Timestamp,
    process: u64,
    at: Timestamp,
    snapshot: &'a Snapshot,
    plan: &'a Plan,
    outcomes: Vec<String>,
}

#[derive(Serialize)]
struct NoteLine<'a> {
    now: Timestamp,
    happened: &'a str,
}

impl Trace {
    /// An empty story.
    pub fn new(detail: Detail) -> Self {
        Self {
            detail,
            began_at: None,
            digest: 0xcbf2_9ce4_8422_2325,
            lines: String::new(),
            ticks: 0,
        }
    }

    /// Something has happened.
    pub fn note(&mut self, now: Timestamp, what: impl FnOnce() -> String) {
        let happened = what();
        self.began_at.get_or_insert(now);
        self.add(now, &happened);
        if self.detail == Detail::Lines {
            let happened = happened.as_str();
            self.line(&NoteLine { now, happened });
        }
    }

    /// A tick has ended.
    pub fn tick(&mut self, now: Timestamp, process: u64, tick: &Tick) {
        self.ticks += 1;
        let outcomes: Vec<String> = tick.outcomes.iter().map(told).collect();
        let mut text = format!("tick of {process}: {}", tick.standing);
        for pool in tick.plan.pools.values() {
            let balance = pool.balance;
            let count = |count: Option<u32>| count.map_or("?".to_owned(), |it| it.to_string());
            let [booting, waiting, running] =
                [balance.booting, balance.waiting, balance.running].map(count);
            write!(text, " {:?}/{booting}/{waiting}/{running}", balance.queued)
                .expect("writing to a string cannot fail");
        }
        outcomes.iter().for_each(|outcome| text.push_str(outcome));
        self.add(now, &text);
        if self.detail == Detail::Lines {
            self.line(&TickLine {
                now,
                process,
                at: tick.at,
                snapshot: &tick.snapshot,
                plan: &tick.plan,
                outcomes,
            });
        }
    }

    /// The number of everything that happened (FNV-1a).
    pub fn digest(&self) -> u64 {
        self.digest
    }

    /// The lines, each a JSON object.
    pub fn lines(&self) -> &str {
        &self.lines
    }

    fn add(&mut self, now: Timestamp, text: &str) {
        let moment = now.as_millis().to_be_bytes();
        for byte in moment.into_iter().chain(text.bytes()) {
            self.digest = (self.digest ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
        }
    }

    fn line(&mut self, line: &impl Serialize) {
        let line = serde_json::to_string(line).expect("lines are plain data");
        self.lines.push_str(&line);
        self.lines.push('\n');
    }
}

/// An outcome in a few words.
fn told(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Launched { order, launched } => format!(
            "launched {} of {} for {} ({})",
            launched.machines.len(),
            order.count,
            order.pool,
            order.token
        ),
        Outcome::LaunchFailed { order, error } => {
            format!("not launched {} for {}: {error}", order.count, order.pool)
        }
        Outcome::Ended { machine, reason } => format!("ended {machine}: {reason:?}"),
        Outcome::EndFailed { machine, error, .. } => format!("not ended {machine}: {error}"),
    }
}
