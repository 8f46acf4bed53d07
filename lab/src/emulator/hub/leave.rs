//! How agents leave: by their own word, disabled, interrupted, or deleted.

use super::Hub;
use super::answer;
use super::journal::{Change, Departure};
use super::row::RowId;
use crate::emulator::message::Response;
use dayfly::model::id::AgentType;
use dayfly::model::time::Timestamp;

/// Which agents of a type are disabled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DisableScope {
    /// Those without a job; what the public API does unless told otherwise.
    IdleOnly,
    /// All of them.
    All,
}

impl Hub {
    /// `POST /disconnect`: the row goes, or its name is held. The job is not looked at (S6).
    pub(super) fn disconnect(&mut self, id: RowId, now: Timestamp) -> Response {
        let Some(row) = self.rows.get(id) else {
            return answer::status(404);
        };
        let Some(record) = self.types.get(&row.agent_type) else {
            return answer::status(404);
        };
        let release_after = record.spec.release_after;
        let job = row.assigned_job.clone();
        if row.is_registered() {
            self.journal.write(Change::AgentLeft {
                agent: row.name.clone(),
                departure: Departure::Disconnected,
                at: now,
            });
        }
        if release_after.is_zero() {
            self.rows.remove(id);
        } else {
            self.rows.hold(id, now.plus(release_after));
        }
        self.close_log_of_ended(job, now);
        answer::text(200, "disconnected")
    }

    /// Disables agents of a type that exist at this moment, and gives their number (S19).
    pub fn disable_all(
        &mut self,
        agent_type: &AgentType,
        scope: DisableScope,
        now: Timestamp,
    ) -> usize {
        let now = self.advance(now);
        let chosen: Vec<RowId> = self
            .rows
            .iter()
            .filter(|(_, row)| row.is_registered() && row.agent_type == *agent_type)
            .filter(|(_, row)| scope == DisableScope::All || row.assigned_job.is_none())
            .map(|(id, _)| id)
            .collect();
        for id in &chosen {
            self.disable(*id, now);
        }
        chosen.len()
    }

    /// Disables one agent by its name, as the web interface does; an unknown one is left alone.
    pub fn disable_agent(&mut self, name: &str, now: Timestamp) {
        let now = self.advance(now);
        if let Some(id) = self.rows.by_name(name) {
            self.disable(id, now);
        }
    }

    /// Marks an agent as interrupted, as if it had said so in a sync.
    pub fn interrupt_agent(&mut self, name: &str, now: Timestamp) {
        let now = self.advance(now);
        let row = self.rows.by_name(name);
        if let Some(row) = row.and_then(|id| self.rows.get_mut(id)) {
            row.interrupted_at = Some(now);
        }
    }

    /// Deletes an agent's row under it: from now on, its calls are answered with 404. Its job is
    /// left `started`, as after a `disconnect`.
    pub fn delete_agent(&mut self, name: &str, now: Timestamp) {
        let now = self.advance(now);
        let row = self.rows.by_name(name);
        if let Some(row) = row.and_then(|id| self.rows.remove(id)) {
            self.journal.write(Change::AgentLeft {
                agent: row.name,
                departure: Departure::Deleted,
                at: now,
            });
            self.close_log_of_ended(row.assigned_job, now);
        }
    }

    pub(super) fn disable(&mut self, id: RowId, now: Timestamp) {
        if let Some(row) = self.rows.get_mut(id) {
            row.disabled_at.get_or_insert(now);
        }
    }
}
