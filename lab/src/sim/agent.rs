//! The agent in a machine: the real `agent::state` and `agent::logbuf`, and hands that the world
//! moves. What a call means when it fails is as in `agent::uplink`.

use std::time::Duration;

use crate::emulator::message::{Request, Response};
use dayfly::hub::wire::agent::{JobResult, RegisterRequest, SyncRequest, SyncState};
use dayfly::hub::wire::answer::Answer;
use dayfly::hub::wire::log::LogEvent;
use dayfly::hub::wire::payload;
use dayfly::hub::wire::{AGENT_API, LOG_API};
use dayfly::model::id::JobId;
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;
use dayfly_agent::logbuf::{LogBuffer, Refusal};
use dayfly_agent::state::{CallFailure, Event, State, StateSettings};

/// How long a log may take once its job has ended, as in `agent::pusher`.
pub const FLUSH_MAX: Duration = Duration::from_secs(60);
/// How long a call may take.
pub const CALL_LIMIT: Duration = Duration::from_secs(30);

/// One agent.
#[derive(Debug)]
pub struct Agent {
    /// What it does next.
    pub state: State,
    /// The registration token, then the access token.
    pub token: Secret,
    /// The log of its job.
    pub log: Option<Log>,
    /// How many jobs it has run.
    pub jobs_run: u32,
    /// The job that runs, until it ends.
    pub running: Option<JobId>,
    /// When it is next woken, so that nobody wakes it twice.
    pub wakes_at: Option<Timestamp>,
    /// The result was acknowledged: its mark is on the console.
    pub told: bool,
}

/// A job's log on its way.
#[derive(Debug)]
pub struct Log {
    /// Whose.
    pub job: JobId,
    /// What is not acknowledged.
    pub buffer: LogBuffer,
    /// Opens the log server; `None` asks the hub for one first.
    pub token: Option<Secret>,
    /// The batch that is on its way: where it starts, and how many events it has.
    pub in_flight: Option<(u64, usize)>,
    /// The token has been refreshed for this batch.
    pub refreshed: bool,
    /// When it is given up.
    pub flush_until: Option<Timestamp>,
}

/// A call of an agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AgentCall {
    /// `POST /register`.
    Register,
    /// `POST /sync`, with this report.
    Sync(SyncRequest),
    /// `GET /jobs/{id}`.
    Payload(JobId),
    /// `POST /disconnect`.
    Disconnect,
    /// A push of the log.
    Push,
    /// `POST /refresh`.
    Refresh,
}

impl Agent {
    /// An agent that has not started.
    pub fn new(registration_token: Secret, seed: u64) -> Self {
        Self {
            state: State::new(StateSettings {
                single_job: true,
                preassigned: false,
                interruption_grace_period: Duration::ZERO,
                registration_timeout: Duration::from_secs(120),
                seed,
            }),
            token: registration_token,
            log: None,
            jobs_run: 0,
            running: None,
            wakes_at: None,
            told: false,
        }
    }

    /// The request of a call.
    pub fn request(&self, call: &AgentCall, name: &str, idle_timeout: Duration) -> Request {
        let post = |path: &str, body: Vec<u8>| Request {
            method: "POST".to_owned(),
            path: format!("{AGENT_API}{path}"),
            authorization: Some(format!("Token {}", self.token.expose())),
            user_agent: Some("dayfly-agent".to_owned()),
            client_address: "10.0.0.9".to_owned(),
            body,
            ..Request::default()
        };
        match call {
            AgentCall::Register => {
                let request = RegisterRequest {
                    name: name.to_owned(),
                    single_job: true,
                    idle_timeout: i64::try_from(idle_timeout.as_secs()).unwrap_or(i64::MAX),
                    ..RegisterRequest::default()
                };
                post("/register", json(&request))
            }
            AgentCall::Sync(report) => post("/sync", json(report)),
            AgentCall::Payload(job) => Request {
                method: "GET".to_owned(),
                ..post(&format!("/jobs/{job}"), Vec::new())
            },
            AgentCall::Disconnect => post("/disconnect", Vec::new()),
            AgentCall::Refresh => post("/refresh", Vec::new()),
            AgentCall::Push => self.push_request(post("", Vec::new())),
        }
    }

    fn push_request(&self, base: Request) -> Request {
        let Some(log) = &self.log else { return base };
        let batch = log.buffer.batch();
        let (start_from, body) = batch.map_or((0, Vec::new()), |it| (it.start_from, it.body));
        let token = log.token.as_ref().map_or("", |token| token.expose());
        Request {
            path: format!("{LOG_API}/{}", log.job),
            query: format!("start_from={start_from}"),
            authorization: Some(format!("Bearer {token}")),
            body,
            ..base
        }
    }

    /// What an answer means to the state; `None` is no answer in time.
    pub fn heard(&mut self, call: AgentCall, answer: Option<&Response>) -> Option<Event> {
        let failed = |failure| CallFailure::of(&failure);
        let answer = wire(answer);
        Some(match (call, answer) {
            // The log's own answers go to its buffer.
            (AgentCall::Push | AgentCall::Refresh, _) => return None,
            (AgentCall::Register, None) => Event::RegisterFailed(CallFailure::Unanswered),
            (AgentCall::Sync(_), None) => Event::SyncFailed(CallFailure::Unanswered),
            (AgentCall::Payload(job), None) => Event::PayloadFailed(job, CallFailure::Unanswered),
            (AgentCall::Disconnect, None) => Event::DisconnectFailed(CallFailure::Unanswered),
            (AgentCall::Register, Some(answer)) => match answer.registered() {
                Ok(registered) => {
                    self.token = registered.token;
                    Event::Registered
                }
                Err(failure) => Event::RegisterFailed(CallFailure::of_registration(&failure, "")),
            },
            (AgentCall::Sync(_), Some(answer)) => match answer.synced() {
                Ok(answer) => Event::SyncAnswered(answer),
                Err(failure) => Event::SyncFailed(failed(failure)),
            },
            (AgentCall::Payload(job), Some(answer)) => match answer.success() {
                Ok(()) => self.payload(job, answer.body),
                Err(failure) => Event::PayloadFailed(job, failed(failure)),
            },
            (AgentCall::Disconnect, Some(answer)) => match answer.disconnected() {
                Ok(()) => Event::Disconnected,
                Err(failure) => Event::DisconnectFailed(failed(failure)),
            },
        })
    }

    fn payload(&mut self, job: JobId, bytes: &[u8]) -> Event {
        match payload::read(bytes, &job) {
            Ok(payload) => {
                let token = Some(payload.logger.token).filter(|token| !token.is_empty());
                self.open_log(&job, token);
                Event::PayloadArrived(job)
            }
            Err(error) => Event::of_payload_error(job, error),
        }
    }

    /// Opens the log of a job, unless it is open.
    pub fn open_log(&mut self, job: &JobId, token: Option<Secret>) {
        if self.log.as_ref().is_none_or(|log| log.job != *job) {
            self.log = Some(Log {
                job: job.clone(),
                buffer: LogBuffer::default(),
                token,
                in_flight: None,
                refreshed: false,
                flush_until: None,
            });
        }
    }

    /// Writes what a job writes when it begins.
    pub fn write_begin(&mut self, now: Timestamp) {
        let timestamp = now.as_seconds();
        let directive = "make".to_owned();
        let output = "hello\n".to_owned();
        self.write(&[
            LogEvent::JobStarted { timestamp },
            LogEvent::CmdStarted {
                timestamp,
                directive,
            },
            LogEvent::CmdOutput { timestamp, output },
        ]);
    }

    /// Writes what a job writes when it ends.
    pub fn write_end(&mut self, result: JobResult, now: Timestamp) {
        let timestamp = now.as_seconds();
        self.write(&[
            LogEvent::CmdFinished {
                timestamp,
                directive: "make".to_owned(),
                exit_code: i32::from(result != JobResult::Passed),
                started_at: timestamp,
                finished_at: timestamp,
            },
            LogEvent::JobFinished { timestamp, result },
        ]);
    }

    fn write(&mut self, events: &[LogEvent]) {
        if let Some(log) = &mut self.log {
            events.iter().for_each(|event| log.buffer.push(event));
        }
    }

    /// A fresh log token has come, or not.
    pub fn refreshed(&mut self, answer: Option<&Response>) -> bool {
        let fresh = wire(answer).and_then(|answer| answer.refreshed().ok());
        match (fresh, &mut self.log) {
            (Some(fresh), Some(log)) => {
                log.token = Some(fresh);
                true
            }
            (_, _) => false,
        }
    }
}

/// What the log server makes of a push; `None` is no answer in time.
///
/// # Errors
/// How it refused, or did not answer.
pub fn stored(answer: Option<&Response>) -> Result<(), Refusal> {
    let answer = wire(answer).ok_or(Refusal::of(None))?;
    let stored = answer.stored();
    stored.map_err(|failure| Refusal::of(Some(&failure)))
}

/// Whether the hub has answered a report.
pub fn is_acknowledged(answer: Option<&Response>) -> bool {
    wire(answer).is_some_and(|answer| answer.synced().is_ok())
}

/// The answer as it is on the wire; a connection that was closed has none.
fn wire(answer: Option<&Response>) -> Option<Answer<'_>> {
    let answer = answer.filter(|answer| answer.status != 0)?;
    Some(Answer {
        status: answer.status,
        content_type: answer.content_type,
        body: &answer.body,
    })
}

/// Whether a report says that the job has ended.
pub fn is_final(report: &SyncRequest) -> bool {
    report.state == SyncState::FinishedJob
}

fn json(value: &impl serde::Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("the protocol's words are plain data")
}
