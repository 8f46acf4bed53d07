//! The ticks of one invocation: as many as fit between now and the deadline that Lambda gives.

use std::collections::VecDeque;
use std::time::Duration;

use serde::Serialize;
use thiserror::Error;
use tokio::time::{sleep, timeout};

use crate::model::time::Timestamp;
use crate::ports::{Alone, Clock, Cloud, Hub, Lease, LeaseError};
use crate::scaler::apply::Outcome;
use crate::scaler::lease::Standing;
use crate::scaler::report::Reporter;
use crate::scaler::{Pace, Scaler, Tick};

use super::event::{Event, Messages};

/// What is left of an invocation after its last tick, for the answer to reach Lambda. A process
/// that is still at it when its time is over is killed, and its memory with it.
pub const ANSWER: Duration = Duration::from_secs(1);
/// How many ticks the longest one is taken of: a minute and a half at the default pace, so that one
/// slow answer of the hub does not shorten every invocation for ever.
const TICKS_REMEMBERED: usize = 30;

/// A scaler, with what is remembered from invocation to invocation of the same process.
#[derive(Debug)]
pub struct Function<H, C, K, L = Alone> {
    scaler: Scaler<H, C, K, L>,
    clock: K,
    pace: Pace,
    reporter: Reporter,
    /// How long each of the last ticks took.
    spans: VecDeque<Duration>,
    /// When the last tick began.
    ticked_at: Option<Timestamp>,
}

/// What an invocation answers.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// Ticks that were made.
    pub ticks: u32,
    /// Machines that came.
    pub launched: usize,
    /// Machines that were ended from outside.
    pub ended: usize,
    /// Actions that failed.
    pub failed: usize,
    /// Questions that were not answered in the last tick.
    pub silent: usize,
    /// Whether the last tick might apply: `alone`, or as the `holder` of the lease; without a
    /// tick, nothing.
    pub standing: Option<String>,
    /// What SQS reads: no message has to come again.
    #[serde(rename = "batchItemFailures")]
    pub batch_item_failures: [(); 0],
}

/// Why an invocation counts as failed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Failure {
    /// Not one tick was made.
    #[error(
        "no time for a tick: the invocation ends in {} ms, and a tick is begun with {} ms left at \
         least; give the function a longer timeout",
        left.as_millis(), ANSWER.as_millis()
    )]
    NoTime {
        /// Until the deadline.
        left: Duration,
    },
    /// In the last tick, nobody answered anything.
    #[error("neither the hub nor the cloud answers: {first}, and {others} more questions")]
    Silent {
        /// The first silence, in words.
        first: String,
        /// How many more there are.
        others: usize,
    },
    /// In the last tick, nobody told who holds the lease, and so nothing was applied.
    #[error("nobody tells who holds the lease, and nothing is applied")]
    Lease(#[source] LeaseError),
    /// The last tick's plan was not carried out.
    #[error("the plan breaks an invariant and is not carried out: {first}")]
    Violation {
        /// The first of them, in words.
        first: String,
    },
}

impl<H: Hub, C: Cloud, K: Clock, L: Lease> Function<H, C, K, L> {
    /// A function that has not been invoked yet.
    pub fn new(scaler: Scaler<H, C, K, L>, clock: K, pace: Pace) -> Self {
        Self {
            scaler,
            clock,
            pace,
            reporter: Reporter::default(),
            spans: VecDeque::new(),
            ticked_at: None,
        }
    }

    /// The scaler in it.
    pub fn scaler(&self) -> &Scaler<H, C, K, L> {
        &self.scaler
    }

    /// Does what an event asks for, and is done before the deadline. Each tick is logged and then
    /// handed to `on_tick`.
    ///
    /// A schedule ticks at the pace of the configuration until the next tick could not end in
    /// time. Notices are one tick, a moment after the last one. Other messages are nothing. At the
    /// end the lease is given back: a process that Lambda has frozen must not keep it.
    ///
    /// # Errors
    /// Whatever an operator should hear of by Lambda's own count of errors.
    pub async fn serve(
        &mut self,
        event: &Event,
        deadline: Timestamp,
        mut on_tick: impl FnMut(&Tick),
    ) -> Result<Summary, Failure> {
        let ticks_max = match event {
            Event::Schedule => u32::MAX,
            Event::Messages(messages) => {
                log_messages(messages);
                u32::from(!messages.notices.is_empty())
            }
        };
        let mut summary = Summary::default();
        let mut last = None;
        while summary.ticks < ticks_max && self.wait_for_turn(summary.ticks, deadline).await? {
            let tick = self.tick().await;
            summary.add(&tick);
            on_tick(&tick);
            last = Some(tick);
        }
        match last {
            Some(tick) => {
                self.release().await;
                judge(&tick).map(|()| summary)
            }
            None => Ok(summary),
        }
    }

    async fn release(&mut self) {
        let reason = match timeout(ANSWER / 2, self.scaler.release()).await {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(_) => "no answer in time".to_owned(),
        };
        tracing::warn!(%reason, "cannot give the lease back: the others wait until it ends");
    }

    async fn tick(&mut self) -> Tick {
        let started_at = self.clock.now();
        self.ticked_at = Some(started_at);
        let tick = self.scaler.tick().await;
        self.reporter.report(&tick);
        if self.spans.len() == TICKS_REMEMBERED {
            self.spans.pop_front();
        }
        self.spans.push_back(self.clock.now().since(started_at));
        tick
    }

    /// Waits until the next tick may begin; false if it could not end in time. The first tick of
    /// an invocation is not held back by what earlier ones took: a hub that was slow once must
    /// not end all ticks.
    async fn wait_for_turn(&self, ticks: u32, deadline: Timestamp) -> Result<bool, Failure> {
        let now = self.clock.now();
        let is_first = ticks == 0;
        let (pause, needed) = if is_first {
            (self.pace.spacing, ANSWER)
        } else {
            (self.pace.interval, self.longest() + ANSWER)
        };
        // A clock that was set back must not make the pause longer than it is.
        let next = self
            .ticked_at
            .map_or(now, |at| at.plus(pause).min(now.plus(pause)))
            .max(now);
        if needed <= deadline.since(next) {
            sleep(next.since(now)).await;
            return Ok(true);
        }
        let left = deadline.since(now);
        if is_first {
            return Err(Failure::NoTime { left });
        }
        Ok(false)
    }

    fn longest(&self) -> Duration {
        self.spans.iter().max().copied().unwrap_or_default()
    }
}

impl Summary {
    fn add(&mut self, tick: &Tick) {
        self.ticks += 1;
        self.silent = tick.silences.len();
        self.standing = Some(tick.standing.to_string());
        for outcome in &tick.outcomes {
            match outcome {
                Outcome::Launched { launched, .. } => self.launched += launched.machines.len(),
                Outcome::Ended { .. } => self.ended += 1,
                Outcome::LaunchFailed { .. } | Outcome::EndFailed { .. } => self.failed += 1,
            }
        }
    }
}

/// Whether the last tick is one that Lambda should count as an error.
fn judge(tick: &Tick) -> Result<(), Failure> {
    if let Some(violation) = tick.violations.first() {
        let first = violation.to_string();
        return Err(Failure::Violation { first });
    }
    match &tick.standing {
        Standing::Without { error: Some(error) } => return Err(Failure::Lease(error.clone())),
        Standing::Alone
        | Standing::Holder { .. }
        | Standing::Unconfirmed { .. }
        | Standing::Standby { .. }
        | Standing::Without { error: None } => {}
    }
    let is_hub_silent = tick
        .snapshot
        .pools
        .values()
        .all(|view| view.counts.is_none() && view.jobs.is_none() && view.agents.is_none());
    match tick.silences.split_first() {
        Some((first, others)) if is_hub_silent && tick.snapshot.machines.is_none() => {
            Err(Failure::Silent {
                first: first.to_string(),
                others: others.len(),
            })
        }
        Some(_) | None => Ok(()),
    }
}

fn log_messages(messages: &Messages) {
    for notice in &messages.notices {
        tracing::info!(machine = %notice.machine, what = ?notice.what, "a notice hastens a tick");
    }
    for oddity in &messages.oddities {
        tracing::warn!(id = %oddity.message, reason = %oddity.reason, "a message is left alone");
    }
}
