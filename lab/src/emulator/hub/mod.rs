//! A Semaphore control plane as a pure state machine: `handle(request, now)` gives a response.
//!
//! It models all of protocol.md section 12: agent types with hashed tokens, rows, occupation
//! requests, jobs with their six states, payloads that are served once, the log server, the
//! public API of agents, agent types, jobs, logs and pipelines, the hub's background work, and
//! every fault as a switch.
//!
//! What must stay true: no clock, no randomness, no socket; the same seed and the same calls
//! give the same bytes. Time may stand still but not go back: an earlier `now` is read as the
//! latest one seen. Tokens are kept as hashes only.
//!
//! What is not here: probability (the driver decides and sets a fault), the course of a pipeline
//! (whoever runs one puts its jobs into the queue and says where they belong), the web interface,
//! and STS names.

pub mod agent_type;
mod answer;
mod clean;
mod content;
mod counts;
mod edge;
pub mod faults;
pub mod job;
pub mod journal;
mod leave;
mod log_server;
mod log_store;
mod operate;
mod organization;
mod payload;
mod pipelines;
mod progress;
mod public;
mod public_jobs;
mod public_types;
mod queue;
mod register;
mod route;
pub mod row;
pub mod settings;
mod strikes;
mod sync;
mod token;
mod violations;

use self::agent_type::Types;
use self::edge::Edge;
use self::faults::{Endpoint, Fault, Inside, Scope};
use self::job::JobRecord;
use self::journal::Change;
use self::organization::Organization;
use self::pipelines::Pipelines;
use self::progress::JobLifecycle;
use self::row::{AgentRow, Rows};
use self::settings::{Feature, HubSettings};
use self::strikes::Faults;
use crate::emulator::edge::EdgeSettings;
use crate::emulator::emulated::Emulated;
use crate::emulator::message::{Request, Response};
use dayfly::model::id::JobId;
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;

pub use self::leave::DisableScope;
pub use self::pipelines::BlockRequest;
pub use self::violations::Violation;
pub use crate::emulator::rules::FaultId;

/// The emulated hub: routes what is asked for and what is due to the objects that it consists of.
#[derive(Debug)]
pub struct Hub {
    organization: Organization,
    now: Timestamp,
    types: Types,
    rows: Rows,
    work: JobLifecycle,
    pipelines: Pipelines,
    /// What is in front of it, if anything is.
    edge: Option<Edge>,
    faults: Faults,
    /// The faults that strike inside the request at hand.
    struck: Vec<Inside>,
    noticed: Vec<Violation>,
}

impl Hub {
    /// A hub without agent types, agents and jobs.
    pub fn new(settings: HubSettings) -> Self {
        Self {
            organization: Organization::new(settings),
            now: Timestamp::default(),
            types: Types::default(),
            rows: Rows::default(),
            work: JobLifecycle::default(),
            pipelines: Pipelines::default(),
            edge: None,
            faults: Faults::default(),
            struck: Vec::new(),
            noticed: Vec::new(),
        }
    }

    /// Answers a request, after all that is due has been done.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        let now = self.advance(now);
        self.answer_at_edge(request, now)
    }

    /// Does all background work that is due.
    pub fn tick(&mut self, now: Timestamp) {
        self.advance(now);
    }

    /// When `tick` has something to do next; `None` while only a request can change anything.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        let own = [self.work.queue.next_wake(), self.rows.next_cleaning()];
        own.into_iter().flatten().min()
    }

    /// Where the hub is reached, for payloads that are built from now on. Without a trailing slash.
    pub fn set_base_url(&mut self, base_url: impl Into<String>) {
        self.organization.settings.base_url = base_url.into();
    }

    /// What it was set to.
    pub fn settings(&self) -> &HubSettings {
        &self.organization.settings
    }

    /// Changes how many agents the organization may have; too many are disabled as they sync.
    pub fn set_agents_max(&mut self, agents_max: Option<u32>) {
        self.organization.settings.agents_max = agents_max;
    }

    /// Gives the organization self-hosted agents, or takes them away.
    pub fn set_feature(&mut self, feature: Feature) {
        self.organization.settings.feature = feature;
    }

    /// Changes how many jobs may be scheduled or started at once.
    pub fn set_parallelism_max(&mut self, parallelism_max: Option<u32>, now: Timestamp) {
        self.organization.settings.parallelism_max = parallelism_max;
        let now = self.advance(now);
        let settings = &self.organization.settings;
        self.work.schedule_enqueued(settings, now);
    }

    /// Makes a token for the public API.
    pub fn create_api_token(&mut self) -> Secret {
        self.organization.create_api_token()
    }

    /// Puts an edge in front of these endpoints, or of every request if there are none. It draws
    /// from the hub's seed; another one that was there goes.
    pub fn set_edge(&mut self, settings: EdgeSettings, endpoints: Vec<Endpoint>) {
        self.edge = Some(Edge {
            settings,
            endpoints,
        });
    }

    /// Takes the edge away.
    pub fn clear_edge(&mut self) {
        self.edge = None;
    }

    /// Sets a fault.
    pub fn add_fault(&mut self, scope: Scope, fault: impl Into<Fault>) -> FaultId {
        self.faults.add(scope, fault.into())
    }

    /// Takes one fault back.
    pub fn remove_fault(&mut self, id: FaultId) {
        self.faults.0.remove(id);
    }

    /// Takes all faults back.
    pub fn clear_faults(&mut self) {
        self.faults.0.clear();
    }

    /// One job.
    pub fn job(&self, id: &JobId) -> Option<&JobRecord> {
        self.work.jobs.find(id).map(|job| &job.record)
    }

    /// All jobs, oldest first.
    pub fn jobs(&self) -> impl Iterator<Item = &JobRecord> {
        self.work.jobs.iter().map(|(_, job)| &job.record)
    }

    /// All rows, oldest first, held names included.
    pub fn agents(&self) -> impl Iterator<Item = &AgentRow> {
        self.rows.iter().map(|(_, row)| row)
    }

    /// One row by its name.
    pub fn agent(&self, name: &str) -> Option<&AgentRow> {
        self.rows.get(self.rows.by_name(name)?)
    }

    /// The raw lines of a job's log, as a reader would see them: live ones hide archived ones.
    pub fn log_events(&self, id: &JobId) -> Vec<String> {
        self.work.logs.lines(id).to_vec()
    }

    /// The last raw line of a job's log, for whoever follows it as it grows.
    pub fn last_log_event(&self, id: &JobId) -> Option<&str> {
        self.work.logs.lines(id).last().map(String::as_str)
    }

    /// What has happened since the last drain, oldest first.
    pub fn drain_changes(&mut self) -> Vec<Change> {
        self.work.journal.drain()
    }
}

impl Emulated for Hub {
    fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        Self::handle(self, request, now)
    }

    fn tick(&mut self, now: Timestamp) {
        Self::tick(self, now);
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        Self::next_deadline(self)
    }

    fn set_base_url(&mut self, base_url: String) {
        Self::set_base_url(self, base_url);
    }
}
