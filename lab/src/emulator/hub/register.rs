//! `POST /register`, `GET /jobs/{id}` and `POST /refresh`: how an agent comes to its job
//! (protocol.md 3.1, 3.3, 3.6).

use super::agent_type::{Naming, Types};
use super::answer;
use super::faults::Inside;
use super::job::{JobNumber, Jobs};
use super::journal::Change;
use super::organization::Organization;
use super::payload;
use super::progress::JobLifecycle;
use super::row::{AgentRow, Presence, RowId, Rows};
use super::settings::Feature;
use super::token::{Purpose, TokenHash, is_uuid};
use crate::emulator::message::{Request, Response};
use dayfly::hub::wire::agent::{RefreshResponse, RegisterRequest, RegisterResponse};
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::time::Timestamp;

/// Why an agent is not registered: status and line.
type Refusal = (u16, String);

/// What registering an agent takes.
#[derive(Debug)]
pub(super) struct Registrar<'a> {
    pub(super) organization: &'a mut Organization,
    pub(super) types: &'a Types,
    pub(super) rows: &'a mut Rows,
    pub(super) work: &'a mut JobLifecycle,
    pub(super) now: Timestamp,
}

impl Registrar<'_> {
    pub(super) fn register(mut self, agent_type: AgentType, request: &Request) -> Response {
        let Ok(asked) = serde_json::from_slice::<RegisterRequest>(&request.body) else {
            return answer::status(422);
        };
        match self.try_register(agent_type, asked, request) {
            Ok(body) => answer::json(201, &body),
            Err((status, why)) => answer::refusal(status, &why),
        }
    }

    /// The checks in the hub's order; the repeat rule comes after the quota (S3).
    fn try_register(
        &mut self,
        agent_type: AgentType,
        asked: RegisterRequest,
        request: &Request,
    ) -> Result<RegisterResponse, Refusal> {
        let now = self.now;
        if !asked.job_id.is_empty() && !asked.single_job {
            let why = "job can only be requested if agent disconnects after running it";
            return Err((400, why.to_owned()));
        }
        self.check_name(&agent_type, &asked.name)?;
        self.check_quota()?;
        let wanted = self.wanted_job(&agent_type, &asked.job_id)?;
        let token = self.organization.draws.token(Purpose::AccessToken);
        let hash = TokenHash::of(token.expose());
        let name = asked.name.clone();
        if let Some(id) = self.rows.by_name(&name) {
            self.check_repeat(id, &agent_type)?;
            self.rows.replace_token(id, hash);
            return Ok(RegisterResponse { name, token });
        }
        let row = new_row(&agent_type, asked, request, now);
        let id = self.rows.add(row, hash);
        let limits = &self.organization.settings.limits;
        self.rows.expect_cleaning(limits, now);
        if let Some(number) = wanted {
            self.occupy_with(id, &agent_type, number);
        }
        self.work.journal.write(Change::AgentRegistered {
            agent: name.clone(),
            agent_type,
            at: now,
        });
        Ok(RegisterResponse { name, token })
    }

    fn check_name(&self, agent_type: &AgentType, name: &str) -> Result<(), Refusal> {
        let refuse = |why: &str| Err((400, why.to_owned()));
        let naming = self.types.get(agent_type).map(|record| record.spec.naming);
        if naming == Some(Naming::FromAwsSts) {
            return refuse(
                "only pre-signed AWS STS URLs for name assignment are allowed, and this hub follows none",
            );
        }
        if name.starts_with('/') || has_scheme(name) {
            return refuse("not allowed to use URLs for registration");
        }
        let bytes_max = self.organization.settings.limits.agent_name_bytes_max;
        if bytes_max < name.len() {
            return Err((
                400,
                format!("the agent name '{name}' is invalid: it has more than {bytes_max} bytes"),
            ));
        }
        let allowed = |byte: u8| byte.is_ascii_alphanumeric() || b"-_/+".contains(&byte);
        if name.is_empty() || !name.bytes().all(allowed) {
            return Err((
                400,
                format!("the agent name '{name}' is invalid: letters, digits and -_/+ are allowed"),
            ));
        }
        Ok(())
    }

    fn check_quota(&self) -> Result<(), Refusal> {
        let refuse = |why: &str| Err((422, why.to_owned()));
        let settings = &self.organization.settings;
        match settings.feature {
            Feature::Available => {}
            Feature::SwitchedOff => {
                return refuse("self_hosted_agents feature is not available for the organization");
            }
        }
        let agents_max = settings.agents_max.unwrap_or(u32::MAX);
        if usize::try_from(agents_max).unwrap_or(usize::MAX) <= self.rows.registered() {
            return refuse("agent quota for organization has been reached");
        }
        Ok(())
    }

    /// The job that is to be taken at registration: it must wait for an agent of this type.
    fn wanted_job(&self, agent_type: &AgentType, id: &str) -> Result<Option<JobNumber>, Refusal> {
        if id.is_empty() {
            return Ok(None);
        }
        if !is_uuid(id) {
            return Err((500, format!("invalid job id {id:?}")));
        }
        let number = self.work.jobs.number(&JobId::new(id));
        match number.filter(|number| self.work.queue.is_waiting(agent_type, *number)) {
            Some(number) => Ok(Some(number)),
            None => Err((400, "job not available".to_owned())),
        }
    }

    /// The repeat rule: the same type, never synced, and young.
    fn check_repeat(&self, id: RowId, agent_type: &AgentType) -> Result<(), Refusal> {
        let window = self.organization.settings.limits.reregister_window;
        let repeats = self.rows.get(id).is_some_and(|row| {
            row.agent_type == *agent_type
                && row.last_sync_at.is_none()
                && self.now.since(row.created_at) <= window
        });
        if repeats {
            return Ok(());
        }
        Err((400, "agent can't be registered".to_owned()))
    }

    fn occupy_with(&mut self, id: RowId, agent_type: &AgentType, number: JobNumber) {
        if self.work.queue.take(agent_type, number).is_some()
            && let Some(job) = self.work.jobs.get(number)
        {
            self.rows.assign(id, job.record.id.clone());
        }
    }
}

impl Jobs {
    /// The payload, once; after that with its secrets scrubbed (S1).
    pub(super) fn serve_payload(
        &mut self,
        row: Option<&AgentRow>,
        job: &str,
        (organization, struck): (&Organization, &[Inside]),
        now: Timestamp,
    ) -> Response {
        let assigned = row.and_then(|row| row.assigned_job.as_ref());
        let Some(id) = assigned.filter(|assigned| assigned.as_str() == job) else {
            return answer::status(404);
        };
        let job = self.find_mut(id);
        let Some(stored) = job.and_then(|job| job.payload.as_mut()) else {
            return answer::status(500);
        };
        if struck.contains(&Inside::LogTokenExpired) {
            stored.logger.token = organization.expired_push_token(id, now);
        }
        if struck.contains(&Inside::PayloadSanitized) {
            payload::scrub(stored);
        }
        let text = serde_json::to_string(&*stored).expect("a payload is plain data");
        payload::scrub(stored);
        answer::text(200, &text)
    }
}

impl Organization {
    /// A fresh log token for the row's job.
    pub(super) fn refresh(&self, row: Option<&AgentRow>, now: Timestamp) -> Response {
        let assigned = row.and_then(|row| row.assigned_job.as_ref());
        let Some(job) = assigned else {
            return answer::status(422);
        };
        let token = self.push_token(job.as_str(), now);
        answer::json(200, &RefreshResponse { token })
    }
}

/// Whether a text begins as a URI does.
fn has_scheme(text: &str) -> bool {
    text.split_once(':').is_some_and(|(scheme, _)| {
        scheme.starts_with(|first: char| first.is_ascii_alphabetic())
            && scheme
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte))
    })
}

fn new_row(
    agent_type: &AgentType,
    asked: RegisterRequest,
    request: &Request,
    now: Timestamp,
) -> AgentRow {
    AgentRow {
        name: asked.name.clone(),
        agent_type: agent_type.clone(),
        metadata: asked,
        client_address: request.client_address.clone(),
        user_agent: request.user_agent.clone().unwrap_or_default(),
        presence: Presence::Registered,
        created_at: now,
        last_sync_at: None,
        last_state: None,
        last_job: None,
        last_state_change_at: now,
        disabled_at: None,
        interrupted_at: None,
        assigned_job: None,
        stop_requested_at: None,
    }
}
