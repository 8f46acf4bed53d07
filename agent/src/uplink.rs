//! The agent's calls, each with the token that it needs, and what their failures mean to `state`.

use std::cell::{Cell, RefCell};

use tracing::{debug, warn};

use super::logbuf::{Batch, Refusal};
use super::state::CallFailure;
use dayfly::hub::client::{AgentClient, CallError};
use dayfly::hub::wire::LOG_API;
use dayfly::hub::wire::agent::{RegisterRequest, SyncRequest, SyncResponse};
use dayfly::hub::wire::answer::Failure;
use dayfly::model::id::JobId;
use dayfly::model::secret::Secret;

/// The line to the hub, shared by the tasks of one agent.
#[derive(Debug)]
pub(super) struct Uplink {
    client: AgentClient,
    /// Scheme, host and port.
    origin: String,
    /// The registration token, until the hub has given the access token for it.
    token: RefCell<Secret>,
    /// Why the last registration failed, in words.
    refusal: RefCell<String>,
    /// The hub's first 422, in its words, until it is on the console.
    quota_refusal: RefCell<Option<String>>,
    /// There was one.
    quota_refused: Cell<bool>,
}

/// Where a job's log goes, and the token that opens it; `None` asks the hub for one first.
#[derive(Clone, Debug)]
pub(super) struct LogTarget {
    /// Absolute.
    pub(super) url: String,
    /// For this job alone.
    pub(super) token: Option<Secret>,
}

impl Uplink {
    /// A line that has nothing but the registration token.
    pub(super) fn new(client: AgentClient, origin: String, registration_token: Secret) -> Self {
        Self {
            client,
            origin,
            token: RefCell::new(registration_token),
            refusal: RefCell::default(),
            quota_refusal: RefCell::default(),
            quota_refused: Cell::default(),
        }
    }

    /// Why the last registration failed, in words.
    pub(super) fn refusal(&self) -> String {
        self.refusal.borrow().clone()
    }

    /// The hub's words for having no room for another agent: once, after its first 422.
    pub(super) fn take_first_quota_refusal(&self) -> Option<String> {
        self.quota_refusal.take()
    }

    /// Registers, and puts the access token in the place of the registration token. Gives the name that counts.
    ///
    /// # Errors
    /// What the failure means; it has been logged.
    pub(super) async fn register(&self, request: &RegisterRequest) -> Result<String, CallFailure> {
        let token = self.token();
        match self.client.register(&token, request).await {
            Ok(answer) => {
                self.token.replace(answer.token);
                Ok(answer.name)
            }
            Err(error) => {
                let words = describe(&error);
                warn!(error = %words, "cannot register");
                self.refusal.replace(words);
                if let Some(Failure::Refused {
                    status: 422,
                    message,
                }) = error.failure()
                    && !self.quota_refused.replace(true)
                {
                    self.quota_refusal.replace(Some(message));
                }
                Err(classify_registration(&error, request))
            }
        }
    }

    /// Says what the agent does, and hears what it shall do.
    ///
    /// # Errors
    /// What the failure means; it has been logged.
    pub(super) async fn sync(&self, request: &SyncRequest) -> Result<SyncResponse, CallFailure> {
        let answer = self.client.sync(&self.token(), request).await;
        if let Ok(answer) = &answer {
            debug!(state = ?request.state, action = ?answer.action, next = answer.next_sync_after, "synced");
        }
        answer.map_err(|error| failed(&error, "cannot sync"))
    }

    /// The payload of the job, as it came.
    ///
    /// # Errors
    /// What the failure means; it has been logged.
    pub(super) async fn payload(&self, job: &JobId) -> Result<Vec<u8>, CallFailure> {
        let bytes = self.client.payload(&self.token(), job).await;
        bytes.map_err(|error| failed(&error, "cannot fetch the job"))
    }

    /// Lets the hub forget the agent.
    ///
    /// # Errors
    /// What the failure means; it has been logged.
    pub(super) async fn disconnect(&self) -> Result<(), CallFailure> {
        let answer = self.client.disconnect(&self.token()).await;
        answer.map_err(|error| failed(&error, "cannot disconnect"))
    }

    /// Where the log of a job goes whose payload does not say so.
    pub(super) fn log_target(&self, job: &JobId) -> LogTarget {
        LogTarget {
            url: format!("{}{LOG_API}/{job}", self.origin),
            token: None,
        }
    }

    /// Pushes a batch, with a fresh token if the one at hand is refused.
    ///
    /// # Errors
    /// How the log server refused, or did not answer.
    pub(super) async fn push(
        &self,
        target: &RefCell<LogTarget>,
        batch: &Batch,
    ) -> Result<(), Refusal> {
        let LogTarget { url, token } = target.borrow().clone();
        if let Some(token) = token {
            match self.push_once(&url, &token, batch).await {
                Err(Refusal::Token) => {}
                answer => return answer,
            }
        }
        // The log token's hour starts before the job waits in the queue, so the first push can be too late (S15).
        let fresh = match self.client.refresh(&self.token()).await {
            Ok(fresh) => fresh,
            Err(error) => {
                warn!(error = %describe(&error), "cannot refresh the log token");
                return Err(Refusal::Token);
            }
        };
        target.borrow_mut().token = Some(fresh.clone());
        self.push_once(&url, &fresh, batch).await
    }

    async fn push_once(&self, url: &str, token: &Secret, batch: &Batch) -> Result<(), Refusal> {
        let body = batch.body.clone();
        let answer = self
            .client
            .push_log(url, token, batch.start_from, body)
            .await;
        answer.map_err(|error| {
            warn!(error = %describe(&error), start_from = batch.start_from, events = batch.events, "the log server did not take a batch");
            Refusal::of(error.failure().as_ref())
        })
    }

    fn token(&self) -> Secret {
        self.token.borrow().clone()
    }
}

fn failed(error: &CallError, what: &'static str) -> CallFailure {
    warn!(error = %describe(error), "{what}");
    classify(error)
}

/// A certificate that is wrong mostly stays so.
fn classify_registration(error: &CallError, request: &RegisterRequest) -> CallFailure {
    match (error, error.failure()) {
        (CallError::Tls { .. }, _) => CallFailure::Hopeless,
        (_, Some(failure)) => CallFailure::of_registration(&failure, &request.job_id),
        (_, None) => CallFailure::Unanswered,
    }
}

fn classify(error: &CallError) -> CallFailure {
    let failure = error.failure();
    failure.map_or(CallFailure::Unanswered, |failure| CallFailure::of(&failure))
}

/// The error and its causes in one line.
pub(super) fn describe(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
