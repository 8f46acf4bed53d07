//! The hub's record of an agent, here and in protocol.md called a row.
//!
//! What must stay true: no two rows share a name or a token, and a job is assigned to one row
//! at most. The indexes are private, so that no row is found by a name that it does not have.

use std::collections::BTreeMap;
use std::time::Duration;

use super::leave::DisableScope;
use super::settings::Limits;
use super::token::TokenHash;
use dayfly::hub::wire::agent::{RegisterRequest, SyncState};
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::time::Timestamp;

/// Rows are numbered in the order of their creation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct RowId(u64);

/// One agent, as the hub knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AgentRow {
    /// Unique in the organization.
    pub name: String,
    /// Whose jobs it takes.
    pub agent_type: AgentType,
    /// What it said of itself when it first registered.
    pub metadata: RegisterRequest,
    /// The address that it registered from.
    pub client_address: String,
    /// The `User-Agent` that it registered with.
    pub user_agent: String,
    /// Whether it is there, or only its name is held.
    pub presence: Presence,
    /// When it registered.
    pub created_at: Timestamp,
    /// Its last sync; `None` before the first.
    pub last_sync_at: Option<Timestamp>,
    /// What it reported then.
    pub last_state: Option<SyncState>,
    /// The last of its assigned jobs that it has named in a sync.
    pub last_job: Option<JobId>,
    /// When the reported state last changed.
    pub last_state_change_at: Timestamp,
    /// Since when it is to leave.
    pub disabled_at: Option<Timestamp>,
    /// When it was first told to end, by its own word.
    pub interrupted_at: Option<Timestamp>,
    /// The job that it has, or had: the row of a one-job agent is never freed.
    pub assigned_job: Option<JobId>,
    /// Whether its job was stopped by the hub.
    pub stop_requested_at: Option<Timestamp>,
}

/// Whether an agent is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It has registered.
    Registered,
    /// It has disconnected; its name is held until then.
    Held {
        /// When the row is deleted.
        until: Timestamp,
    },
}

impl AgentRow {
    /// How long it may wait without a job; zero is for ever.
    pub fn idle_timeout(&self) -> Duration {
        seconds(self.metadata.idle_timeout)
    }

    /// How long its job may go on after an interruption.
    pub fn interruption_grace_period(&self) -> Duration {
        seconds(self.metadata.interruption_grace_period)
    }

    /// Whether it is registered, and not merely a held name.
    pub fn is_registered(&self) -> bool {
        self.presence == Presence::Registered
    }
}

fn seconds(count: i64) -> Duration {
    Duration::from_secs(u64::try_from(count).unwrap_or(0))
}

/// All rows, found by number, name, token or job.
#[derive(Debug, Default)]
pub(super) struct Rows {
    next: u64,
    registered: usize,
    rows: BTreeMap<RowId, (AgentRow, TokenHash)>,
    by_token: BTreeMap<TokenHash, RowId>,
    by_name: BTreeMap<String, RowId>,
    by_job: BTreeMap<JobId, RowId>,
    next_cleaning_at: Option<Timestamp>,
}

impl Rows {
    /// Adds a row whose name is free.
    pub(super) fn add(&mut self, row: AgentRow, token: TokenHash) -> RowId {
        let id = RowId(self.next);
        self.next += 1;
        self.registered += 1;
        self.by_token.insert(token.clone(), id);
        self.by_name.insert(row.name.clone(), id);
        self.rows.insert(id, (row, token));
        id
    }

    /// Gives a row another token; the old one dies.
    pub(super) fn replace_token(&mut self, id: RowId, token: TokenHash) {
        if let Some((_, old)) = self.rows.get_mut(&id) {
            self.by_token.remove(old);
            self.by_token.insert(token.clone(), id);
            *old = token;
        }
    }

    /// Deletes a row, and gives what it was.
    pub(super) fn remove(&mut self, id: RowId) -> Option<AgentRow> {
        let (row, token) = self.rows.remove(&id)?;
        self.by_token.remove(&token);
        self.by_name.remove(&row.name);
        if let Some(job) = &row.assigned_job {
            self.by_job.remove(job);
        }
        if row.is_registered() {
            self.registered -= 1;
        }
        Some(row)
    }

    /// Keeps the name of an agent that has left.
    pub(super) fn hold(&mut self, id: RowId, until: Timestamp) {
        if let Some((row, _)) = self.rows.get_mut(&id) {
            if row.is_registered() {
                self.registered -= 1;
            }
            row.presence = Presence::Held { until };
        }
    }

    /// Gives a row a job that no other row has.
    pub(super) fn assign(&mut self, id: RowId, job: JobId) {
        if let Some((row, _)) = self.rows.get_mut(&id) {
            if let Some(old) = row.assigned_job.take() {
                self.by_job.remove(&old);
            }
            row.stop_requested_at = None;
            row.assigned_job = Some(job.clone());
            self.by_job.insert(job, id);
        }
    }

    /// Takes the job from a row.
    pub(super) fn free(&mut self, id: RowId) {
        if let Some((row, _)) = self.rows.get_mut(&id) {
            row.stop_requested_at = None;
            if let Some(job) = row.assigned_job.take() {
                self.by_job.remove(&job);
            }
        }
    }

    pub(super) fn by_token(&self, token: &TokenHash) -> Option<RowId> {
        self.by_token.get(token).copied()
    }

    pub(super) fn by_name(&self, name: &str) -> Option<RowId> {
        self.by_name.get(name).copied()
    }

    pub(super) fn by_job(&self, job: &JobId) -> Option<RowId> {
        self.by_job.get(job).copied()
    }

    pub(super) fn get(&self, id: RowId) -> Option<&AgentRow> {
        self.rows.get(&id).map(|(row, _)| row)
    }

    /// A row to change; its name and job are changed through `Rows` alone.
    pub(super) fn get_mut(&mut self, id: RowId) -> Option<&mut AgentRow> {
        self.rows.get_mut(&id).map(|(row, _)| row)
    }

    /// How many agents are registered, held names not counted.
    pub(super) fn registered(&self) -> usize {
        self.registered
    }

    /// All rows, oldest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = (RowId, &AgentRow)> {
        self.rows.iter().map(|(id, (row, _))| (*id, row))
    }

    /// When the next round of the cleaner is; without rows there is none.
    pub(super) fn next_cleaning(&self) -> Option<Timestamp> {
        self.next_cleaning_at.filter(|_| !self.rows.is_empty())
    }

    /// Sets the next round, on whole intervals, where none lies ahead: without rows there was none.
    pub(super) fn expect_cleaning(&mut self, limits: &Limits, now: Timestamp) {
        let lies_ahead = self.next_cleaning_at.is_some_and(|at| now < at);
        if !lies_ahead && !self.rows.is_empty() {
            let interval = limits.cleaning_interval.as_millis();
            let interval = u64::try_from(interval).unwrap_or(u64::MAX).max(1);
            let rounds = now.as_millis() / interval + 1;
            self.next_cleaning_at = Some(Timestamp::from_millis(rounds.saturating_mul(interval)));
        }
    }

    /// How many agents of a type are registered, held names not counted.
    pub(super) fn registered_of(&self, name: &AgentType) -> usize {
        let of_type = |row: &&AgentRow| row.is_registered() && row.agent_type == *name;
        self.iter().map(|(_, row)| row).filter(of_type).count()
    }

    /// Disables agents of a type that exist at this moment, and gives their number (S19).
    pub(super) fn disable_all(
        &mut self,
        agent_type: &AgentType,
        scope: DisableScope,
        now: Timestamp,
    ) -> usize {
        let chosen: Vec<RowId> = self
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

    pub(super) fn disable(&mut self, id: RowId, now: Timestamp) {
        if let Some(row) = self.get_mut(id) {
            row.disabled_at.get_or_insert(now);
        }
    }
}
