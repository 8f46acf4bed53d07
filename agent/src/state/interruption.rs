//! A termination signal: the hub decides, and where it cannot, the agent does (protocol.md 4.5, quirk A4).

use std::time::Duration;

use super::{Effect, Phase, Reason, State};
use dayfly::model::time::Timestamp;

/// How long after the grace period the hub may take to say what to do.
const HUB_PATIENCE: Duration = Duration::from_secs(5);
/// A signal that comes this soon is the same wish, delivered twice (a process group and its leader).
const SAME_WISH: Duration = Duration::from_secs(1);

/// The first signal, and what it has led to.
#[derive(Clone, Debug)]
pub(super) struct Interruption {
    pub(super) at: Timestamp,
    /// The hub is asked once more, exactly when the grace period ends.
    ask_at: Option<Timestamp>,
    /// The agent stops the job by itself.
    act_at: Option<Timestamp>,
}

impl State {
    pub(super) fn signal(&mut self, now: Timestamp) -> Vec<Effect> {
        match &self.phase {
            Phase::New | Phase::Registering(_) => return self.shut_down(Reason::Interrupted),
            Phase::Leaving(_) | Phase::Left => return Vec::new(),
            Phase::Waiting
            | Phase::Starting { .. }
            | Phase::Running { .. }
            | Phase::Closing { .. }
            | Phase::Finished { .. } => {}
        }
        if let Some(interruption) = &mut self.interruption {
            if now.since(interruption.at) < SAME_WISH {
                return Vec::new();
            }
            // Asked twice: the rest of the grace period is not wanted.
            interruption.act_at = None;
            return self.stop_by_ourselves(now);
        }
        let grace_ends_at = now.plus(self.settings.interruption_grace_period);
        let waiting = matches!(self.phase, Phase::Waiting);
        self.interruption = Some(Interruption {
            at: now,
            ask_at: Some(grace_ends_at),
            act_at: Some(if waiting { now } else { grace_ends_at }.plus(HUB_PATIENCE)),
        });
        self.sync_soon(now)
    }

    pub(super) fn interruption_deadline(&self) -> Option<Timestamp> {
        let interruption = self.interruption.as_ref()?;
        if let Phase::Leaving(_) = self.phase {
            return None;
        }
        [interruption.ask_at, interruption.act_at]
            .into_iter()
            .flatten()
            .min()
    }

    pub(super) fn interruption_due(&mut self, now: Timestamp) -> Vec<Effect> {
        let Some(interruption) = &mut self.interruption else {
            return Vec::new();
        };
        let asks = super::take_due(&mut interruption.ask_at, now);
        if super::take_due(&mut interruption.act_at, now) {
            return self.stop_by_ourselves(now);
        }
        if asks {
            self.sync_soon(now)
        } else {
            Vec::new()
        }
    }

    fn stop_by_ourselves(&mut self, now: Timestamp) -> Vec<Effect> {
        match &self.phase {
            Phase::Waiting => self.leave(Reason::Interrupted, now),
            Phase::Starting { .. } | Phase::Running { .. } => self.stop_own_job(now),
            Phase::New
            | Phase::Registering(_)
            | Phase::Closing { .. }
            | Phase::Finished { .. }
            | Phase::Leaving(_)
            | Phase::Left => Vec::new(),
        }
    }
}
