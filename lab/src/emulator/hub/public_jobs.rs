//! Jobs and logs through the public API (protocol.md 9.3, 9.4).

use super::answer;
use super::job::{Job as StoredJob, JobNumber, JobState, Jobs};
use super::organization::Organization;
use super::public::{query_value, query_values};
use super::token::LogAction;
use crate::emulator::message::Response;
use dayfly::hub::wire::LOG_API;
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::public::{
    Job, JobAgent, JobMetadata, JobPage, JobSpec, JobSpecAgent, JobSpecMachine, JobStatus,
};
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

/// The default, and the most.
const PAGE_SIZE_MAX: usize = 30;

impl Jobs {
    /// Newest first; without `states` the list is empty. The page token is the number of the
    /// first job of the next page.
    pub(super) fn list(&self, query: &str) -> Response {
        let states: Vec<String> = query_values(query, "states").collect();
        let page_size = query_value(query, "page_size").and_then(|text| text.parse().ok());
        let page_size = page_size.unwrap_or(PAGE_SIZE_MAX).clamp(1, PAGE_SIZE_MAX);
        let from = match query_value(query, "page_token").filter(|text| !text.is_empty()) {
            None => u64::MAX,
            Some(text) => match text.parse() {
                Ok(number) => number,
                Err(_) => return answer::refusal(400, "page_token is not one of this list"),
            },
        };
        let is_listed = |(number, job): &(JobNumber, &StoredJob)| {
            number.0 <= from && states.iter().any(|state| state == state_word(job))
        };
        let mut found = self.iter().rev().filter(is_listed);
        let page = found.by_ref().take(page_size);
        let jobs = page.map(|(_, job)| job_object(job)).collect();
        let next_page_token = found
            .next()
            .map(|(number, _)| number.0.to_string())
            .unwrap_or_default();
        answer::json(
            200,
            &JobPage {
                jobs,
                next_page_token,
            },
        )
    }

    pub(super) fn describe(&self, id: &str) -> Response {
        match self.find(&JobId::new(id)) {
            Some(job) => answer::json(200, &job_object(job)),
            None => answer::status(404),
        }
    }
}

impl Organization {
    /// A redirect to the log server with a token for five minutes. Artifacts are not kept here.
    pub(super) fn redirect_to_log(
        &self,
        id: &str,
        query: &str,
        jobs: &Jobs,
        now: Timestamp,
    ) -> Response {
        let wants_artifact = query_value(query, "artifact_job_logs").as_deref() == Some("true");
        if wants_artifact || jobs.find(&JobId::new(id)).is_none() {
            return answer::status(404);
        }
        let life = self.settings.limits.pull_token_life;
        let token = self.key.log_token(id, LogAction::Pull, life, now);
        answer::redirect(302, format!("{LOG_API}/{id}?jwt={}", token.expose()))
    }
}

pub(super) fn state_word(job: &StoredJob) -> &'static str {
    match job.record.state {
        JobState::Pending => "PENDING",
        JobState::Enqueued | JobState::Scheduled | JobState::WaitingForAgent => "QUEUED",
        JobState::Started => "RUNNING",
        JobState::Finished => "FINISHED",
    }
}

pub(super) fn result_word(result: Option<JobResult>) -> &'static str {
    match result {
        None => "NONE",
        Some(JobResult::Passed) => "PASSED",
        Some(JobResult::Failed) => "FAILED",
        Some(JobResult::Stopped) => "STOPPED",
    }
}

/// A moment that has not come is `0`, as an integer of the protocol buffers travels.
fn seconds(at: Option<Timestamp>) -> String {
    at.map_or(0, Timestamp::as_seconds).to_string()
}

fn job_object(job: &StoredJob) -> Job {
    let record = &job.record;
    let moments = [record.finished_at, record.started_at, record.waiting_at];
    let updated_at = moments.into_iter().flatten().next();
    Job {
        metadata: JobMetadata {
            name: record.name.clone(),
            id: record.id.as_str().to_owned(),
            create_time: seconds(Some(record.created_at)),
            update_time: seconds(updated_at.or(Some(record.created_at))),
            start_time: seconds(record.started_at),
            finish_time: seconds(record.finished_at),
        },
        spec: JobSpec {
            agent: JobSpecAgent {
                machine: JobSpecMachine {
                    machine_type: record.agent_type.as_str().to_owned(),
                    os_image: String::new(),
                },
            },
        },
        status: JobStatus {
            state: state_word(job).to_owned(),
            result: result_word(record.result).to_owned(),
            agent: JobAgent {
                name: record.agent_name.clone().unwrap_or_default(),
                ip: record.agent_address.clone().unwrap_or_default(),
                ports: Vec::new(),
            },
        },
    }
}
