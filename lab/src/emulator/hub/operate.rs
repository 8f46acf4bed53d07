//! What an operator, whoever runs pipelines, or a test does with the hub, besides requests.

use super::agent_type::{AgentTypeError, AgentTypeSpec, ResetScope};
use super::token::Purpose;
use super::{BlockRequest, DisableScope, Hub, Violation};
use crate::emulator::job_request::JobRequest;
use dayfly::model::id::{AgentType, JobId, PipelineId};
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;

impl Hub {
    /// Puts a job into the queue, and gives its identifier.
    pub fn enqueue(&mut self, request: JobRequest, now: Timestamp) -> JobId {
        let now = self.advance(now);
        let id = JobId::new(self.organization.draws.uuid(Purpose::JobId));
        let limits = &self.organization.settings.limits;
        self.work.enqueue(id.clone(), request, limits, now);
        id
    }

    /// Asks for a job to be stopped: `stopped` is recorded a moment later, and its agent is told.
    /// A job that does not exist, or has ended, is left alone.
    pub fn stop_job(&mut self, id: &JobId, now: Timestamp) {
        let now = self.advance(now);
        let limits = &self.organization.settings.limits;
        self.work.ask_to_stop(id, limits, now);
    }

    /// Makes an agent type, and gives its registration token, this once.
    ///
    /// # Errors
    ///
    /// A name that is none, or is taken; a name-hold time below a minute.
    pub fn create_agent_type_with(
        &mut self,
        name: AgentType,
        spec: AgentTypeSpec,
        now: Timestamp,
    ) -> Result<Secret, AgentTypeError> {
        let draws = &mut self.organization.draws;
        self.types.create(name, spec, draws, now)
    }

    /// Makes an agent type whose agents name themselves and whose names are not held.
    ///
    /// # Errors
    ///
    /// A name that is none, or is taken.
    pub fn create_agent_type(
        &mut self,
        name: AgentType,
        now: Timestamp,
    ) -> Result<Secret, AgentTypeError> {
        self.create_agent_type_with(name, AgentTypeSpec::default(), now)
    }

    /// Changes what a type asks of its agents.
    ///
    /// # Errors
    ///
    /// There is no such type; a name-hold time below a minute.
    pub fn change_agent_type(
        &mut self,
        name: &AgentType,
        spec: AgentTypeSpec,
    ) -> Result<(), AgentTypeError> {
        self.types.change(name, spec)
    }

    /// Deletes a type without registered agents.
    ///
    /// # Errors
    ///
    /// There is no such type, or it has agents.
    pub fn delete_agent_type(&mut self, name: &AgentType) -> Result<(), AgentTypeError> {
        self.types.delete(name, self.rows.registered_of(name))
    }

    /// Gives a type another registration token; the old one dies at once.
    ///
    /// # Errors
    ///
    /// There is no such type.
    pub fn reset_token(
        &mut self,
        name: &AgentType,
        scope: ResetScope,
        now: Timestamp,
    ) -> Result<Secret, AgentTypeError> {
        let token = self.types.reset_token(name, &mut self.organization.draws)?;
        match scope {
            ResetScope::KeepAgents => {}
            ResetScope::DisconnectAgents => {
                self.disable_all(name, DisableScope::All, now);
            }
        }
        Ok(token)
    }

    /// Disables agents of a type that exist at this moment, and gives their number (S19).
    pub fn disable_all(
        &mut self,
        agent_type: &AgentType,
        scope: DisableScope,
        now: Timestamp,
    ) -> usize {
        let now = self.advance(now);
        self.rows.disable_all(agent_type, scope, now)
    }

    /// Disables one agent by its name, as the web interface does; an unknown one is left alone.
    pub fn disable_agent(&mut self, name: &str, now: Timestamp) {
        let now = self.advance(now);
        if let Some(id) = self.rows.by_name(name) {
            self.rows.disable(id, now);
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
        self.departures(now).delete(name);
    }

    /// Does with an agent at once what a round does with a silent one: for whoever knows that its
    /// machine is gone. Its job fails; a name that is merely held is left alone.
    pub fn give_up_agent(&mut self, name: &str, now: Timestamp) {
        let now = self.advance(now);
        self.departures(now).give_up(name);
    }

    /// Shows a pipeline to whoever asks for it. Its jobs are queued by who runs it.
    pub fn open_pipeline(
        &mut self,
        name: &str,
        blocks: Vec<BlockRequest>,
        now: Timestamp,
    ) -> PipelineId {
        let id = PipelineId::new(self.organization.draws.uuid(Purpose::Pipeline));
        self.pipelines.open(id.clone(), name, blocks, now);
        id
    }

    /// Says which job a place in a pipeline has been given. A place that is not there is none.
    pub fn place_job(&mut self, pipeline: &PipelineId, block: usize, job: usize, id: JobId) {
        self.pipelines.place_job(pipeline, (block, job), id);
    }

    /// Says that a block of a pipeline will not run.
    pub fn leave_out(&mut self, pipeline: &PipelineId, block: usize) {
        self.pipelines.leave_out(pipeline, block);
    }

    /// Every broken rule, to be asked for when a run has ended: each job has ended, once; no push
    /// after the report, none beyond the end; every log in the order of protocol.md 6.1, and
    /// whole if its job was reported; every row gone or held.
    pub fn violations(&self) -> Vec<Violation> {
        let mut found = self.noticed.clone();
        found.extend(self.work.violations());
        let registered = self.agents().filter(|row| row.is_registered());
        found.extend(registered.map(|row| Violation::RowLeft {
            agent: row.name.clone(),
        }));
        found
    }
}
