//! The hub's cleaner: rows of agents that went silent, and names that were held long enough
//! (protocol.md 4.9, S10).

use super::journal::Departure;
use super::leave::Departures;
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

impl Departures<'_> {
    /// One round of both workers.
    pub(super) fn clean_round(mut self) {
        let (limits, now) = (&self.settings.limits, self.now);
        let due: Vec<(RowId, Sweep)> = self
            .rows
            .iter()
            .filter_map(|(id, row)| Some((id, due(row, limits, now)?)))
            .take(limits.cleaned_per_round_max)
            .collect();
        for (id, sweep) in due {
            self.sweep(id, sweep);
        }
        self.rows.expect_cleaning(limits, now);
    }

    /// Does with an agent at once what a round does with a silent one.
    pub(super) fn give_up(mut self, name: &str) {
        let row = self.rows.by_name(name);
        let is_registered = |id: &RowId| self.rows.get(*id).is_some_and(AgentRow::is_registered);
        if let Some(id) = row.filter(is_registered) {
            self.sweep(id, Sweep::Silent);
        }
    }

    fn sweep(&mut self, id: RowId, sweep: Sweep) {
        let Some(row) = self.rows.remove(id) else {
            return;
        };
        if row.is_registered() {
            let departure = Departure::Cleaned;
            self.work.note_departure(&row.name, departure, self.now);
        }
        match (sweep, row.assigned_job) {
            (Sweep::Silent, Some(job)) => {
                if let Some(number) = self.work.jobs.number(&job) {
                    let result = JobResult::Failed;
                    self.work.finish(number, result, self.settings, self.now);
                    self.work.archive(&job, self.now);
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
