//! The hub's cleaner: rows of agents that went silent, and names that were held long enough
//! (protocol.md 4.9, S10).

use super::Hub;
use super::journal::{Change, Departure};
use super::row::{AgentRow, Presence, RowId};
use super::settings::Limits;
use dayfly::hub::wire::agent::JobResult;
use dayfly::model::time::Timestamp;

/// Why a row goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sweep {
    /// It was silent; if it has a job, the job fails.
    Silent,
    /// Its agent has left, and its name was held long enough.
    NameReleased,
}

impl Hub {
    /// One round of both workers.
    pub(super) fn clean_round(&mut self, now: Timestamp) {
        let limits = &self.settings.limits;
        let due: Vec<(RowId, Sweep)> = self
            .rows
            .iter()
            .filter_map(|(id, row)| Some((id, due(row, limits, now)?)))
            .take(limits.cleaned_per_round_max)
            .collect();
        for (id, sweep) in due {
            self.sweep(id, sweep, now);
        }
        self.expect_cleaning(now);
    }

    /// Does with an agent at once what a round does with a silent one: for whoever knows that its
    /// machine is gone. Its job fails; a name that is merely held is left alone.
    pub fn give_up_agent(&mut self, name: &str, now: Timestamp) {
        let now = self.advance(now);
        let row = self.rows.by_name(name);
        let is_registered = |id: &RowId| self.rows.get(*id).is_some_and(AgentRow::is_registered);
        if let Some(id) = row.filter(is_registered) {
            self.sweep(id, Sweep::Silent, now);
        }
    }

    /// Sets the next round, on whole intervals, where none lies ahead: without rows there was none.
    pub(super) fn expect_cleaning(&mut self, now: Timestamp) {
        let lies_ahead = self.next_cleaning_at.is_some_and(|at| now < at);
        if !lies_ahead && !self.rows.is_empty() {
            let interval = self.settings.limits.cleaning_interval.as_millis();
            let interval = u64::try_from(interval).unwrap_or(u64::MAX).max(1);
            let rounds = now.as_millis() / interval + 1;
            self.next_cleaning_at = Some(Timestamp::from_millis(rounds.saturating_mul(interval)));
        }
    }

    fn sweep(&mut self, id: RowId, sweep: Sweep, now: Timestamp) {
        let Some(row) = self.rows.remove(id) else {
            return;
        };
        if row.is_registered() {
            self.journal.write(Change::AgentLeft {
                agent: row.name,
                departure: Departure::Cleaned,
                at: now,
            });
        }
        match (sweep, row.assigned_job) {
            (Sweep::Silent, Some(job)) => {
                if let Some(number) = self.jobs.number(&job) {
                    self.finish(number, JobResult::Failed, now);
                    self.archive(&job, now);
                }
            }
            (Sweep::Silent, None) | (Sweep::NameReleased, _) => {}
        }
    }
}

/// Whether and why a row goes now. The first worker looks at neither state nor name hold (S10).
fn due(row: &AgentRow, limits: &Limits, now: Timestamp) -> Option<Sweep> {
    let silent_max = match (row.last_sync_at, &row.assigned_job) {
        (None, _) => limits.never_synced_max,
        (Some(_), None) => limits.silent_idle_max,
        (Some(_), Some(_)) => limits.silent_busy_max,
    };
    let heard_at = row.last_sync_at.unwrap_or(row.created_at);
    if silent_max < now.since(heard_at) {
        return Some(Sweep::Silent);
    }
    match row.presence {
        Presence::Held { until } if until <= now => Some(Sweep::NameReleased),
        Presence::Held { .. } | Presence::Registered => None,
    }
}
