//! `ports::Hub` over a line: the same questions as the real client's, in the same words.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use serde::de::DeserializeOwned;

use super::line::{Answer, Line, Question};
use crate::emulator::message::{Request, Response};
use crate::sim::mutant::Mutant;
use dayfly::hub::wire::answer::{self, Failure};
use dayfly::hub::wire::public::AgentPage;
use dayfly::hub::wire::queue::{Metrics, QueuedJobs};
use dayfly::hub::wire::{AGENT_API, PUBLIC_API};
use dayfly::model::id::{JobId, MachineId, PoolName};
use dayfly::model::job::{AgentReport, AgentState, QueueCounts};
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Hub, HubError};

/// How long a question may take.
const LIMIT: Duration = Duration::from_secs(10);
const ENDPOINT: &str = "hub.simulated";

/// A controller's way to the hub.
#[derive(Clone, Debug)]
pub struct SimHub {
    /// The line.
    pub line: Line,
    /// Agent type and registration token of each pool.
    pub pools: BTreeMap<PoolName, (String, Secret)>,
    /// Lists agents, where the world has one.
    pub api_token: Option<Secret>,
    /// What is broken on purpose.
    pub mutant: Option<Mutant>,
    /// All agents that were ever listed, for the mutant that never lets go of one.
    pub listed: Rc<RefCell<BTreeMap<MachineId, AgentReport>>>,
}

impl SimHub {
    async fn get<T: DeserializeOwned>(
        &self,
        pool: &PoolName,
        path: String,
        query: &str,
        token: &Secret,
    ) -> Result<T, HubError> {
        let request = Request {
            method: "GET".to_owned(),
            path: path.clone(),
            query: query.to_owned(),
            authorization: Some(format!("Token {}", token.expose())),
            client_address: "10.0.0.1".to_owned(),
            ..Request::default()
        };
        let question = Question::Hub(request);
        match self.line.call(question, LIMIT).await {
            Ok(Answer::Hub(response)) => read(response, pool, path),
            Ok(Answer::Ec2(_) | Answer::Claim(_) | Answer::Closed) => {
                Err(unreachable("the connection was closed"))
            }
            Err(_) => Err(unreachable("no answer in time")),
        }
    }

    fn of(&self, pool: &PoolName) -> Result<&(String, Secret), HubError> {
        self.pools.get(pool).ok_or_else(|| HubError::UnknownToken {
            endpoint: ENDPOINT.to_owned(),
            token: "registration_token",
            pool: pool.clone(),
        })
    }

    async fn list(
        &self,
        pool: &PoolName,
    ) -> Result<Option<BTreeMap<MachineId, AgentReport>>, HubError> {
        let Some(token) = &self.api_token else {
            return Ok(None);
        };
        let (agent_type, _) = self.of(pool)?;
        let (mut agents, mut cursor) = (BTreeMap::new(), String::new());
        loop {
            let query = format!("agent_type={agent_type}&page_size=200&cursor={cursor}");
            let path = format!("{PUBLIC_API}/agents");
            let page: AgentPage = self.get(pool, path, &query, token).await?;
            for agent in page.agents {
                let state = if agent.status.state == "waiting_for_job" {
                    AgentState::Waiting
                } else {
                    AgentState::Running
                };
                let connected_at = Timestamp::from_seconds(agent.metadata.connected_at);
                let report = AgentReport {
                    state,
                    connected_at,
                };
                agents.insert(MachineId::new(agent.metadata.name), report);
            }
            if page.cursor.is_empty() {
                return Ok(Some(agents));
            }
            cursor = page.cursor;
        }
    }
}

impl Hub for SimHub {
    async fn counts(&self, pool: &PoolName) -> Result<QueueCounts, HubError> {
        let (_, token) = self.of(pool)?;
        let path = format!("{AGENT_API}/metrics");
        let metrics: Metrics = self.get(pool, path, "", token).await?;
        let mut counts = QueueCounts {
            queued: metrics.jobs.queued,
            running: metrics.jobs.running,
            idle: metrics.agents.idle,
            occupied: metrics.agents.occupied,
        };
        if self.mutant == Some(Mutant::ForgetsPickups) {
            // As many have started as there are, and nobody who waits has been told to run.
            (counts.running, counts.idle) = (u32::MAX, u32::MAX);
        }
        if matches!(
            self.mutant,
            Some(Mutant::BelievesAnyAgentList | Mutant::ReadsNoAgentsAsNone | Mutant::EndsWaiting)
        ) {
            (counts.idle, counts.occupied) = (0, 0);
        }
        Ok(counts)
    }

    async fn jobs(&self, pool: &PoolName) -> Result<Vec<JobId>, HubError> {
        let (_, token) = self.of(pool)?;
        let path = format!("{AGENT_API}/jobs");
        let queued: QueuedJobs = self.get(pool, path, "", token).await?;
        let oldest_first = queued.jobs.into_iter().rev();
        Ok(oldest_first.map(|job| JobId::new(job.id)).collect())
    }

    async fn agents(
        &self,
        pool: &PoolName,
    ) -> Result<Option<BTreeMap<MachineId, AgentReport>>, HubError> {
        let listed = self.list(pool).await;
        match (listed, self.mutant) {
            (Err(_), Some(Mutant::ReadsNoAgentsAsNone)) => Ok(Some(BTreeMap::new())),
            (Ok(Some(mut agents)), Some(Mutant::EndsWaiting)) => {
                // An agent that waits is one too many, and its machine may go.
                agents.retain(|_, report| report.state == AgentState::Running);
                Ok(Some(agents))
            }
            (Ok(Some(agents)), Some(Mutant::ForgetsAgentsThatLeft)) => {
                let mut listed = self.listed.borrow_mut();
                listed.extend(agents);
                Ok(Some(listed.clone()))
            }
            (listed, _) => listed,
        }
    }

    fn time(&self) -> Option<Timestamp> {
        let is_told = self.mutant != Some(Mutant::ForgetsOtherClocks);
        is_told.then(|| self.line.true_time())
    }
}

fn unreachable(reason: &str) -> HubError {
    HubError::Unreachable {
        endpoint: ENDPOINT.to_owned(),
        reason: reason.to_owned(),
    }
}

fn read<T: DeserializeOwned>(
    response: Response,
    pool: &PoolName,
    path: String,
) -> Result<T, HubError> {
    let unexpected = |body: String| HubError::Unexpected {
        endpoint: ENDPOINT.to_owned(),
        call: format!("GET {path}"),
        status: response.status,
        body,
    };
    let wire = answer::Answer {
        status: response.status,
        content_type: response.content_type,
        body: &response.body,
    };
    match wire.success() {
        Ok(()) => {
            serde_json::from_slice(&response.body).map_err(|error| unexpected(error.to_string()))
        }
        Err(Failure::Refused {
            status: 401 | 404, ..
        }) => Err(HubError::UnknownToken {
            endpoint: ENDPOINT.to_owned(),
            token: "registration_token",
            pool: pool.clone(),
        }),
        Err(failure) => Err(unexpected(format!("{failure:?}"))),
    }
}
