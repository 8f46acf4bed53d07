//! The public API (protocol.md 9.1, 9.2): who may use it, which call is which, and the agents.

use std::iter;

use serde_json::json;

use super::Hub;
use super::answer;
use super::row::{AgentRow, Rows};
use crate::emulator::message::{Request, Response};
use dayfly::hub::wire::agent::SyncState;
use dayfly::hub::wire::public::{Agent, AgentMetadata, AgentPage, AgentStatus};
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::time::Timestamp;

/// The default, and the most.
const PAGE_SIZE_MAX: usize = 200;
/// The least.
const PAGE_SIZE_MIN: usize = 5;

impl Hub {
    /// Answers what follows after the public API's base.
    pub(super) fn public(&mut self, rest: &str, request: &Request, now: Timestamp) -> Response {
        if !self.organization.is_operator(request) {
            return answer::status(401);
        }
        let segments: Vec<String> = rest.split('/').map(percent_decoded).collect();
        let (organization, jobs) = (&self.organization, &self.work.jobs);
        let pipelines = &self.pipelines;
        let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
        match (request.method.as_str(), segments.as_slice()) {
            ("GET", ["agents"]) => self.rows.list(&request.query),
            ("GET", ["agents", name]) => self.rows.describe(name),
            (_, ["self_hosted_agent_types", rest @ ..]) => self.public_type(rest, request, now),
            ("GET", ["jobs"]) => jobs.list(&request.query),
            ("POST", ["jobs"]) => answer::refusal(
                400,
                "self-hosted agent type is not allowed for jobs that are created here",
            ),
            ("GET", ["jobs", id]) => jobs.describe(id),
            ("POST", ["jobs", id, "stop"]) => self.stop_public_job(&JobId::new(id), now),
            ("GET", ["projects"]) => organization.list_projects(),
            ("GET", ["pipelines"]) => {
                pipelines.list(&request.query, &organization.project_id, jobs)
            }
            ("GET", ["pipelines", id]) => pipelines.describe(id, &request.query, jobs),
            ("GET", ["pipelines", id, "describe_topology"]) => pipelines.describe_topology(id),
            ("GET", ["logs", id]) => organization.redirect_to_log(id, &request.query, jobs, now),
            (
                _,
                ["agents" | "jobs" | "pipelines" | "projects"]
                | ["agents" | "jobs" | "logs" | "pipelines", _]
                | ["pipelines", _, "describe_topology"]
                | ["jobs", _, "stop"],
            ) => answer::status(405),
            _ => answer::status(404),
        }
    }

    /// Answers what is asked of agent types.
    fn public_type(&mut self, rest: &[&str], request: &Request, now: Timestamp) -> Response {
        let (types, rows, body) = (&mut self.types, &mut self.rows, &request.body);
        match (request.method.as_str(), rest) {
            ("GET", []) => types.list(rows),
            ("POST", []) => types.create_of(body, rows, &mut self.organization.draws, now),
            ("GET", [name]) => types.describe(&AgentType::new(name), rows),
            ("PATCH", [name]) => types.change_by(&AgentType::new(name), body, rows),
            ("DELETE", [name]) => types.delete_one(&AgentType::new(name), rows),
            ("POST", [name, "disable_all"]) => {
                types.disable_agents(&AgentType::new(name), body, rows, now)
            }
            (_, [] | [_] | [_, "disable_all"]) => answer::status(405),
            _ => answer::status(404),
        }
    }

    fn stop_public_job(&mut self, id: &JobId, now: Timestamp) -> Response {
        if self.work.jobs.find(id).is_none() {
            return answer::status(404);
        }
        self.stop_job(id, now);
        answer::json(200, &json!({}))
    }
}

impl Rows {
    /// Registered rows, oldest first; the cursor is a creation time in milliseconds, so rows of
    /// the same millisecond may come again on the next page (S21).
    fn list(&self, query: &str) -> Response {
        let agent_type = query_value(query, "agent_type").unwrap_or_default();
        let page_size = match query_value(query, "page_size").filter(|text| !text.is_empty()) {
            None => PAGE_SIZE_MAX,
            Some(text) => match text.parse() {
                Ok(size @ PAGE_SIZE_MIN..=PAGE_SIZE_MAX) => size,
                Ok(_) | Err(_) => return answer::refusal(400, "page_size must be 5 to 200"),
            },
        };
        let from = match query_value(query, "cursor").filter(|text| !text.is_empty()) {
            None => 0,
            Some(text) => match text.parse::<u64>() {
                Ok(milliseconds) => milliseconds,
                Err(_) => return answer::refusal(400, "cursor is not one of this list"),
            },
        };
        let is_listed = |row: &&AgentRow| {
            row.is_registered()
                && (agent_type.is_empty() || row.agent_type.as_str() == agent_type)
                && from <= row.created_at.as_millis()
        };
        let mut rows = self.iter().map(|(_, row)| row).filter(is_listed);
        let agents = rows.by_ref().take(page_size).map(agent_object).collect();
        let cursor = rows
            .next()
            .map(|row| row.created_at.as_millis().to_string())
            .unwrap_or_default();
        answer::json(200, &AgentPage { agents, cursor })
    }

    /// One agent, a held name too.
    fn describe(&self, name: &str) -> Response {
        match self.by_name(name).and_then(|id| self.get(id)) {
            Some(row) => answer::json(200, &agent_object(row)),
            None => answer::status(404),
        }
    }
}

fn agent_object(row: &AgentRow) -> Agent {
    let state = match row.last_state {
        None | Some(SyncState::WaitingForJobs) => "waiting_for_job",
        Some(
            SyncState::StartingJob
            | SyncState::RunningJob
            | SyncState::StoppingJob
            | SyncState::FinishedJob
            | SyncState::FailedToFetchJob
            | SyncState::FailedToConstructJob
            | SyncState::FailedToSendCallback,
        ) => "running_job",
    };
    Agent {
        metadata: AgentMetadata {
            name: row.name.clone(),
            agent_type: row.agent_type.as_str().to_owned(),
            version: row.metadata.version.clone(),
            os: row.metadata.os.clone(),
            arch: row.metadata.arch.clone(),
            hostname: row.metadata.hostname.clone(),
            ip_address: row.client_address.clone(),
            pid: i64::from(row.metadata.pid),
            connected_at: row.created_at.as_seconds(),
            disabled_at: row.disabled_at.map(Timestamp::as_seconds),
        },
        status: AgentStatus {
            state: state.to_owned(),
        },
    }
}

/// The first value of a name in a query, decoded.
pub(super) fn query_value(query: &str, name: &str) -> Option<String> {
    query_values(query, name).next()
}

/// All values of a name in a query, decoded.
pub(super) fn query_values(query: &str, name: &str) -> impl Iterator<Item = String> {
    query
        .split('&')
        .map(|pair| pair.split_once('=').unwrap_or((pair, "")))
        .filter(move |(key, _)| *key == name)
        .map(|(_, value)| percent_decoded(&value.replace('+', " ")))
}

/// A text with its `%XX` decoded; what is no such thing stays.
pub(super) fn percent_decoded(text: &str) -> String {
    let mut rest = text.as_bytes();
    let next = iter::from_fn(|| {
        let (first, after) = rest.split_first()?;
        rest = after;
        let digits = after.get(..2).and_then(|pair| str::from_utf8(pair).ok());
        let decoded = digits.and_then(|pair| u8::from_str_radix(pair, 16).ok());
        match (first, decoded) {
            (b'%', Some(byte)) => {
                rest = &after[2..];
                Some(byte)
            }
            (byte, _) => Some(*byte),
        }
    });
    String::from_utf8_lossy(&next.collect::<Vec<u8>>()).into_owned()
}
