//! What the scaler asks of the hub: the door `ports::Hub`, over HTTPS.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use reqwest::Method;
use serde::de::DeserializeOwned;

use super::error::{CallError, ClientError};
use super::http::{Authorization, Body, Http, HttpSettings, Shape};
use super::pipelines::Eyes;
use super::public::PublicClient;
use crate::hub::wire::AGENT_API;
use crate::hub::wire::public::Agent;
use crate::hub::wire::queue::{Metrics, QueuedJobs};
use crate::model::id::{AgentType, JobId, MachineId, PoolName};
use crate::model::job::{AgentReport, AgentState, QueueCounts};
use crate::model::pipeline::Look;
use crate::model::secret::Secret;
use crate::model::time::Timestamp;
use crate::ports::{Hub, HubError};

/// How the scaler reads one pool's queue.
#[derive(Clone, Debug)]
pub struct PoolAccess {
    /// The hub's name for the pool.
    pub agent_type: AgentType,
    /// Reads this agent type's queue, and nothing else.
    pub registration_token: Secret,
}

/// The hub, as the scaler asks it. Clones share their tokens.
#[derive(Clone, Debug)]
pub struct HubClient {
    http: Http,
    access: Arc<RwLock<Access>>,
    eyes: Arc<Eyes>,
}

#[derive(Debug)]
struct Access {
    pools: BTreeMap<PoolName, PoolAccess>,
    /// Lists agents, where an API token was configured.
    public: Option<PublicClient>,
}

impl HubClient {
    /// A client for all pools of one hub.
    pub fn new(
        settings: &HttpSettings,
        pools: BTreeMap<PoolName, PoolAccess>,
        api_token: Option<Secret>,
    ) -> Result<Self, ClientError> {
        let http = Http::new(settings)?;
        let public = api_token.map(|token| PublicClient::over(http.clone(), token));
        let access = Arc::new(RwLock::new(Access { pools, public }));
        let eyes = Arc::default();
        Ok(Self { http, access, eyes })
    }

    /// Takes other pools and tokens, from the next question on.
    pub fn set_access(&self, pools: BTreeMap<PoolName, PoolAccess>, api_token: Option<Secret>) {
        let public = api_token.map(|token| PublicClient::over(self.http.clone(), token));
        let mut access = self.access.write().unwrap_or_else(PoisonError::into_inner);
        *access = Access { pools, public };
    }

    fn access(&self, pool: &PoolName) -> (Option<PoolAccess>, Option<PublicClient>) {
        let access = self.access.read().unwrap_or_else(PoisonError::into_inner);
        (access.pools.get(pool).cloned(), access.public.clone())
    }

    /// What time it is at the hub, in whole seconds, as the answer to a pool's question tells;
    /// `None` if it does not tell.
    ///
    /// # Errors
    /// There is no answer, or the pool is not known here.
    pub async fn date(&self, pool: &PoolName) -> Result<Option<Timestamp>, HubError> {
        let access = self.known(pool)?;
        let token = Authorization::Token(&access.registration_token);
        let path = format!("{AGENT_API}/metrics");
        let answer = self.http.call(Method::GET, &path, token, Body::Empty).await;
        let answer = answer.map_err(|error| hub_error(error, pool, "registration_token"))?;
        Ok(answer.date)
    }

    fn known(&self, pool: &PoolName) -> Result<PoolAccess, HubError> {
        let (access, _) = self.access(pool);
        access.ok_or_else(|| HubError::UnknownToken {
            endpoint: self.http.endpoint().to_owned(),
            token: "registration_token",
            pool: pool.clone(),
        })
    }

    async fn get<T: DeserializeOwned>(&self, pool: &PoolName, what: &str) -> Result<T, HubError> {
        let access = self.known(pool)?;
        let path = format!("{AGENT_API}/{what}");
        let token = Authorization::Token(&access.registration_token);
        let answer = self
            .http
            .expect(Method::GET, &path, token, Body::Empty)
            .await;
        let call = format!("GET {path}");
        answer
            .and_then(|answer| self.http.read(&call, &answer.body, Shape::Object))
            .map_err(|error| hub_error(error, pool, "registration_token"))
    }
}

impl Hub for HubClient {
    async fn counts(&self, pool: &PoolName) -> Result<QueueCounts, HubError> {
        let metrics: Metrics = self.get(pool, "metrics").await?;
        Ok(QueueCounts {
            queued: metrics.jobs.queued,
            running: metrics.jobs.running,
            idle: metrics.agents.idle,
            occupied: metrics.agents.occupied,
        })
    }

    /// The hub gives the newest first, and at most 500: of a longer queue the oldest are missing
    /// (protocol.md S13), while the counts are whole.
    async fn jobs(&self, pool: &PoolName) -> Result<Vec<JobId>, HubError> {
        let queued: QueuedJobs = self.get(pool, "jobs").await?;
        Ok(queued
            .jobs
            .into_iter()
            .rev()
            .map(|job| JobId::new(job.id))
            .collect())
    }

    async fn agents(
        &self,
        pool: &PoolName,
    ) -> Result<Option<BTreeMap<MachineId, AgentReport>>, HubError> {
        let (Some(access), Some(public)) = self.access(pool) else {
            return Ok(None);
        };
        let agents = public
            .agents(&access.agent_type)
            .await
            .map_err(|error| hub_error(error, pool, "api_token"))?;
        Ok(Some(agents.into_iter().map(report).collect()))
    }

    async fn pipelines(&self, now: Timestamp) -> Result<Option<Arc<Look>>, HubError> {
        let (types, public) = {
            let access = self.access.read().unwrap_or_else(PoisonError::into_inner);
            let types = access.pools.iter();
            let types = types.map(|(pool, access)| (access.agent_type.clone(), pool.clone()));
            (types.collect::<Vec<_>>(), access.public.clone())
        };
        let Some(public) = public else {
            return Ok(None);
        };
        let pools = types.iter().map(|(name, pool)| (name.as_str(), pool));
        let look = self.eyes.look(&public, &pools.collect(), now).await;
        look.map(Some).map_err(look_error)
    }

    fn time(&self) -> Option<Timestamp> {
        self.http.time()
    }
}

/// `running_job` is every state but waiting (protocol.md 9.2); an unknown word is read as work,
/// because work is never ended.
fn report(agent: Agent) -> (MachineId, AgentReport) {
    let state = if agent.status.state == "waiting_for_job" {
        AgentState::Waiting
    } else {
        AgentState::Running
    };
    let connected_at = Timestamp::from_seconds(agent.metadata.connected_at);
    (
        MachineId::new(agent.metadata.name),
        AgentReport {
            state,
            connected_at,
        },
    )
}

/// The token is one for all pools: whether the hub knows it, the list of agents tells.
fn look_error(error: CallError) -> HubError {
    match error {
        CallError::Unreachable { endpoint, reason } | CallError::Tls { endpoint, reason } => {
            HubError::Unreachable { endpoint, reason }
        }
        CallError::Status {
            endpoint,
            call,
            status,
            body,
        } => HubError::Unexpected {
            endpoint,
            call,
            status,
            body,
        },
        CallError::Foreign {
            endpoint,
            call,
            status,
            what,
        } => HubError::Unexpected {
            endpoint,
            call,
            status,
            body: format!("{what}, which is not the hub's own answer"),
        },
        CallError::BadBody {
            endpoint,
            call,
            reason,
        } => HubError::Unexpected {
            endpoint,
            call,
            status: 200,
            body: reason,
        },
    }
}

/// 401 and 404 of the hub itself both mean that it does not know the token (protocol.md section 2).
fn hub_error(error: CallError, pool: &PoolName, token: &'static str) -> HubError {
    match error {
        CallError::Status {
            endpoint,
            status: 401 | 404,
            ..
        } => HubError::UnknownToken {
            endpoint,
            token,
            pool: pool.clone(),
        },
        other => look_error(other),
    }
}
