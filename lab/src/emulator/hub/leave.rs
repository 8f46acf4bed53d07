//! How agents leave: by their own word, disabled, interrupted, or deleted.

use super::agent_type::Types;
use super::answer;
use super::journal::{Change, Departure};
use super::progress::JobLifecycle;
use super::row::{RowId, Rows};
use super::settings::HubSettings;
use crate::emulator::message::Response;
use dayfly::model::time::Timestamp;

/// Which agents of a type are disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisableScope {
    /// Those without a job; what the public API does unless told otherwise.
    IdleOnly,
    /// All of them.
    All,
}

/// What becomes of an agent that leaves, and of its job.
#[derive(Debug)]
pub(super) struct Departures<'a> {
    pub(super) settings: &'a HubSettings,
    pub(super) types: &'a Types,
    pub(super) rows: &'a mut Rows,
    pub(super) work: &'a mut JobLifecycle,
    pub(super) now: Timestamp,
}

impl Departures<'_> {
    /// `POST /disconnect`: the row goes, or its name is held. The job is not looked at (S6).
    pub(super) fn disconnect(self, id: RowId) -> Response {
        let Some(row) = self.rows.get(id) else {
            return answer::status(404);
        };
        let Some(record) = self.types.get(&row.agent_type) else {
            return answer::status(404);
        };
        let release_after = record.spec.release_after;
        let job = row.assigned_job.clone();
        if row.is_registered() {
            let departure = Departure::Disconnected;
            self.work.note_departure(&row.name, departure, self.now);
        }
        if release_after.is_zero() {
            self.rows.remove(id);
        } else {
            self.rows.hold(id, self.now.plus(release_after));
        }
        self.work.close_log_of_ended(job, self.now);
        answer::text(200, "disconnected")
    }

    /// Deletes an agent's row under it.
    pub(super) fn delete(self, name: &str) {
        let row = self.rows.by_name(name);
        if let Some(row) = row.and_then(|id| self.rows.remove(id)) {
            let departure = Departure::Deleted;
            self.work.note_departure(&row.name, departure, self.now);
            self.work.close_log_of_ended(row.assigned_job, self.now);
        }
    }
}

impl JobLifecycle {
    pub(super) fn note_departure(&mut self, agent: &str, departure: Departure, at: Timestamp) {
        self.journal.write(Change::AgentLeft {
            agent: agent.to_owned(),
            departure,
            at,
        });
    }
}
