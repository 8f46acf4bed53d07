//! The public API with an API token (protocol.md section 9).

use std::collections::BTreeMap;

use reqwest::Method;
use serde::de::DeserializeOwned;

use super::error::{CallError, ClientError};
use super::http::{Authorization, Body, Http, HttpSettings, Shape, with_query, without_query};
use crate::hub::wire::PUBLIC_API;
use crate::hub::wire::log::{LogEvent, LogPage};
use crate::hub::wire::pipelines::{PipelineDetail, PipelineRow, Project, TopologyBlock};
use crate::hub::wire::public::{Agent, AgentPage, AgentTypeList, AgentTypeObject, Job, JobPage};
use crate::model::id::{AgentType, JobId, PipelineId};
use crate::model::secret::Secret;
use crate::model::time::Timestamp;

/// Pages of one list, at most: 200 agents each are far more than any organization has.
const PAGES_MAX: usize = 1000;
/// Pipelines of one page: the hub's default.
const PIPELINES_PAGE: (usize, &str) = (30, "30");

/// The operator's side of the protocol.
#[derive(Clone, Debug)]
pub struct PublicClient {
    http: Http,
    api_token: Secret,
}

impl PublicClient {
    /// A client for one organization.
    pub fn new(settings: &HttpSettings, api_token: Secret) -> Result<Self, ClientError> {
        Ok(Self::over(Http::new(settings)?, api_token))
    }

    /// The same, over connections that somebody has already.
    pub(super) fn over(http: Http, api_token: Secret) -> Self {
        Self { http, api_token }
    }

    /// One job, wherever it stands. Every field has a default, so its id alone proves that it is one.
    pub async fn job(&self, id: &JobId) -> Result<Job, CallError> {
        let path = format!("{PUBLIC_API}/jobs/{id}");
        let job: Job = self.get(&path, Shape::Object).await?;
        if job.metadata.id == id.as_str() {
            return Ok(job);
        }
        Err(self.bad(&path, "not the job that was asked for".to_owned()))
    }

    /// All jobs in these states (`PENDING`, `QUEUED`, `RUNNING`, `FINISHED`), newest first.
    /// The hub gives none at all if no state is named.
    pub async fn jobs(&self, states: &[&str]) -> Result<Vec<Job>, CallError> {
        let (mut jobs, mut page_token) = (Vec::new(), String::new());
        for _ in 0..PAGES_MAX {
            let page = self.jobs_page(states, &page_token).await?;
            jobs.extend(page.jobs);
            if page.next_page_token.is_empty() {
                return Ok(jobs);
            }
            page_token = page.next_page_token;
        }
        Err(self.endless(&format!("{PUBLIC_API}/jobs")))
    }

    /// One page of such a list, for who does not want it whole: the first if the token is empty,
    /// and otherwise that which a page before has named.
    pub async fn jobs_page(&self, states: &[&str], page_token: &str) -> Result<JobPage, CallError> {
        let mut query = vec![("page_size", "30"), ("page_token", page_token)];
        query.extend(states.iter().map(|state| ("states", *state)));
        let path = with_query(&format!("{PUBLIC_API}/jobs"), &query);
        self.get(&path, Shape::Object).await
    }

    /// The projects that the token sees.
    pub async fn projects(&self) -> Result<Vec<Project>, CallError> {
        self.get(&format!("{PUBLIC_API}/projects"), Shape::List)
            .await
    }

    /// The pipelines of a project that were made after a moment, the newest first.
    pub async fn pipelines(
        &self,
        project: &str,
        created_after: Timestamp,
    ) -> Result<Vec<PipelineRow>, CallError> {
        let (list, after) = (
            format!("{PUBLIC_API}/pipelines"),
            created_after.as_seconds(),
        );
        let (mut rows, after) = (Vec::new(), after.to_string());
        for page in 1..=PAGES_MAX {
            let page = page.to_string();
            let query = [
                ("project_id", project),
                ("created_after", &after),
                ("page", &page),
                ("page_size", PIPELINES_PAGE.1),
            ];
            let path = with_query(&list, &query);
            let found: Vec<PipelineRow> = self.get(&path, Shape::List).await?;
            let is_last = found.len() < PIPELINES_PAGE.0;
            rows.extend(found);
            if is_last {
                return Ok(rows);
            }
        }
        Err(self.endless(&list))
    }

    /// The blocks of a pipeline, whole from the moment that it exists.
    pub async fn topology(&self, id: &PipelineId) -> Result<Vec<TopologyBlock>, CallError> {
        let path = format!("{PUBLIC_API}/pipelines/{id}/describe_topology");
        self.get(&path, Shape::List).await
    }

    /// How far a pipeline is, block by block.
    pub async fn pipeline(&self, id: &PipelineId) -> Result<PipelineDetail, CallError> {
        let path = format!("{PUBLIC_API}/pipelines/{id}?detailed=true");
        self.get(&path, Shape::Object).await
    }

    /// Asks the hub to stop a job; it takes about a second.
    pub async fn stop_job(&self, id: &JobId) -> Result<(), CallError> {
        let path = format!("{PUBLIC_API}/jobs/{id}/stop");
        let token = Authorization::Token(&self.api_token);
        self.http
            .expect(Method::POST, &path, token, Body::Empty)
            .await
            .map(drop)
    }

    /// All registered agents of a type. A row may come twice where a page ends (protocol.md S21).
    pub async fn agents(&self, agent_type: &AgentType) -> Result<Vec<Agent>, CallError> {
        let list = format!("{PUBLIC_API}/agents");
        let (mut agents, mut cursor) = (BTreeMap::new(), String::new());
        for _ in 0..PAGES_MAX {
            let query = [
                ("agent_type", agent_type.as_str()),
                ("page_size", "200"),
                ("cursor", &cursor),
            ];
            let path = with_query(&list, &query);
            let page: Option<AgentPage> = self.get(&path, Shape::ObjectOrNull).await?;
            let page = page.unwrap_or_default();
            let is_ours = |agent: &Agent| agent.metadata.agent_type == agent_type.as_str();
            let ours = page.agents.into_iter().filter(is_ours);
            agents.extend(ours.map(|agent| (agent.metadata.name.clone(), agent)));
            if page.cursor.is_empty() {
                return Ok(agents.into_values().collect());
            }
            cursor = page.cursor;
        }
        Err(self.endless(&list))
    }

    /// All agent types of the organization.
    pub async fn agent_types(&self) -> Result<Vec<AgentTypeObject>, CallError> {
        let list: AgentTypeList = self
            .get(
                &format!("{PUBLIC_API}/self_hosted_agent_types"),
                Shape::Object,
            )
            .await?;
        Ok(list.agent_types)
    }

    /// The events of a job's log from a position on, and where to go on; `None` once it is whole.
    ///
    /// A reader that comes to an archived log with a position gets nothing of it (protocol.md
    /// S22), so an empty last page is asked for once more from the start.
    pub async fn log(
        &self,
        id: &JobId,
        position: u64,
    ) -> Result<(Vec<LogEvent>, Option<u64>), CallError> {
        let page = self.log_page(id, position).await?;
        if 0 < position && page.next.is_none() && page.events.is_empty() {
            let whole = self.log_page(id, 0).await?;
            let known = usize::try_from(position).unwrap_or(usize::MAX);
            return Ok((whole.events.into_iter().skip(known).collect(), whole.next));
        }
        Ok((page.events, page.next))
    }

    /// The hub answers with the log server's address, which holds a short-lived token.
    async fn log_page(&self, id: &JobId, position: u64) -> Result<LogPage, CallError> {
        let path = format!("{PUBLIC_API}/logs/{id}");
        let call = format!("GET {path}");
        let token = Authorization::Token(&self.api_token);
        let answer = self
            .http
            .call(Method::GET, &path, token, Body::Empty)
            .await?;
        let redirect = match answer.status {
            302 => answer,
            _ => self.http.wanted(&call, answer, token)?,
        };
        let location = redirect.location.as_deref();
        let Some(location) = location.and_then(|address| self.http.path_of(address)) else {
            return Err(CallError::BadBody {
                endpoint: self.http.endpoint().to_owned(),
                call,
                reason: "its redirect leads nowhere on this hub".to_owned(),
            });
        };
        let separator = if location.contains('?') { '&' } else { '?' };
        let address = format!("{location}{separator}token={position}");
        let answer = self
            .http
            .call(Method::GET, &address, Authorization::Inside, Body::Empty)
            .await?;
        let call = format!("GET {}", without_query(&address));
        let answer = self.http.wanted(&call, answer, Authorization::Inside)?;
        self.http.read(&call, &answer.body, Shape::Object)
    }

    /// Half of a list would be taken for the whole of it, so it is an error.
    fn endless(&self, list: &str) -> CallError {
        self.bad(list, format!("a list of more than {PAGES_MAX} pages"))
    }

    fn bad(&self, path: &str, reason: String) -> CallError {
        CallError::BadBody {
            endpoint: self.http.endpoint().to_owned(),
            call: format!("GET {path}"),
            reason,
        }
    }

    async fn get<T: DeserializeOwned>(&self, path: &str, shape: Shape) -> Result<T, CallError> {
        let token = Authorization::Token(&self.api_token);
        let answer = self
            .http
            .expect(Method::GET, path, token, Body::Empty)
            .await?;
        let call = format!("GET {}", without_query(path));
        self.http.read(&call, &answer.body, shape)
    }
}
