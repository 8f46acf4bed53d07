//! What an agent asks of the hub (protocol.md 3.1 to 3.8).

use reqwest::Method;

use super::error::{CallError, ClientError};
use super::http::{Authorization, Body, Http, HttpSettings, without_query};
use crate::hub::wire::AGENT_API;
use crate::hub::wire::agent::{RegisterRequest, RegisterResponse, SyncRequest, SyncResponse};
use crate::hub::wire::answer::{Answer, Failure};
use crate::model::id::JobId;
use crate::model::secret::Secret;

/// The agent's side of the protocol.
#[derive(Clone, Debug)]
pub struct AgentClient {
    http: Http,
}

impl AgentClient {
    /// A client for one hub; fails on what is wrong with the settings alone.
    pub fn new(settings: &HttpSettings) -> Result<Self, ClientError> {
        Ok(Self {
            http: Http::new(settings)?,
        })
    }

    /// `POST /register` with the registration token: the agent's final name and its access token.
    pub async fn register(
        &self,
        registration_token: &Secret,
        request: &RegisterRequest,
    ) -> Result<RegisterResponse, CallError> {
        let body = Body::json(request);
        self.post("register", registration_token, body, |answer| {
            answer.registered()
        })
        .await
    }

    /// `POST /sync`: what the agent does, for what it should do.
    pub async fn sync(
        &self,
        access_token: &Secret,
        request: &SyncRequest,
    ) -> Result<SyncResponse, CallError> {
        let body = Body::json(request);
        self.post("sync", access_token, body, |answer| answer.synced())
            .await
    }

    /// `GET /jobs/{id}`: the payload as it came. The hub serves it once (protocol.md S1),
    /// so it is not parsed here: whoever gets it saves it first.
    pub async fn payload(&self, access_token: &Secret, job: &JobId) -> Result<Vec<u8>, CallError> {
        let path = format!("{AGENT_API}/jobs/{job}");
        let token = Authorization::Token(access_token);
        let answer = self.http.expect(Method::GET, &path, token, Body::Empty);
        Ok(answer.await?.body)
    }

    /// `POST /refresh`: a fresh log token for the job that the agent has.
    pub async fn refresh(&self, access_token: &Secret) -> Result<Secret, CallError> {
        self.post("refresh", access_token, Body::Empty, |answer| {
            answer.refreshed()
        })
        .await
    }

    /// `POST /disconnect`: the agent leaves.
    pub async fn disconnect(&self, access_token: &Secret) -> Result<(), CallError> {
        self.post("disconnect", access_token, Body::Empty, |answer| {
            answer.disconnected()
        })
        .await
    }

    /// Pushes log events to the absolute address that the payload names. `start_from` is the
    /// position of the first of them; the same batch may be pushed again, never two at once.
    pub async fn push_log(
        &self,
        url: &str,
        log_token: &Secret,
        start_from: u64,
        body: Vec<u8>,
    ) -> Result<(), CallError> {
        let separator = if url.contains('?') { '&' } else { '?' };
        let address = format!("{url}{separator}start_from={start_from}");
        let token = Authorization::Bearer(log_token);
        let answer = self
            .http
            .call_url(Method::POST, &address, token, Body::Text(body))
            .await?;
        let path = reqwest::Url::parse(url).map(|url| url.path().to_owned());
        let call = format!(
            "POST {}",
            without_query(path.as_deref().unwrap_or("the log"))
        );
        let stored = answer.wire().stored();
        stored.map_err(|failure| answer.error(&call, failure, token))
    }

    async fn post<T>(
        &self,
        what: &str,
        token: &Secret,
        body: Body,
        read: impl FnOnce(Answer<'_>) -> Result<T, Failure>,
    ) -> Result<T, CallError> {
        let path = format!("{AGENT_API}/{what}");
        let token = Authorization::Token(token);
        let answer = self.http.call(Method::POST, &path, token, body).await?;
        let call = format!("POST {path}");
        read(answer.wire()).map_err(|failure| answer.error(&call, failure, token))
    }
}
