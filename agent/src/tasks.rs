//! What `state` asks for, done: each call and each job is a task, and its end an event.
//!
//! What must stay true: no task outlives this, and nobody waits for one that the state gave up.

use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::{AbortHandle, JoinSet};
use tracing::info;

use super::boot::{NO_USERS_YET, since_kernel, story, system_up};
use super::clock::SteadyClock;
use super::console::{Mark, mark};
use super::job::{self, JobSettings};
use super::misfortune::explain;
use super::payload::save_and_read;
use super::pusher;
use super::state::{Effect, Event, Misfortune, Reason};
use super::uplink::{LogTarget, Uplink};
use dayfly::hub::wire::agent::{JobResult, RegisterRequest, SyncRequest, SyncState};
use dayfly::hub::wire::log::LogEvent;
use dayfly::hub::wire::payload::{Payload, PayloadError};
use dayfly::model::id::JobId;

/// Between the job and the log: a burst fits, and then the job waits for the log server.
const EVENTS_IN_FLIGHT_MAX: usize = 1024;

/// The agent's hands.
pub(super) struct Tasks {
    uplink: Rc<Uplink>,
    registration: RegisterRequest,
    job_settings: Rc<JobSettings>,
    /// The file with the marks of the machine's boot, if it was booted for this agent.
    boot_marks: Option<PathBuf>,
    /// When the agent registered, since the kernel's start.
    registered: Duration,
    clock: SteadyClock,
    running: JoinSet<Done>,
    /// What has arrived for the job that is about to run.
    payload: Option<Payload>,
    current: Option<CurrentJob>,
    /// The job whose end has been told on the console.
    told: Option<JobId>,
}

/// How a task ended.
pub(super) enum Done {
    Plain(Event),
    Registered(String),
    Synced(SyncRequest, Event),
    Payload(JobId, Box<Result<Payload, PayloadError>>),
}

/// The job that runs, and the ends of its lines that are ours.
struct CurrentJob {
    stop: watch::Sender<bool>,
    /// The log must not hold the job back any more.
    release: watch::Sender<bool>,
    /// Kept until the job has ended, so that its log closes after that and not before.
    events: Option<mpsc::Sender<LogEvent>>,
    pusher: AbortHandle,
}

impl Tasks {
    pub(super) fn new(
        uplink: Uplink,
        registration: RegisterRequest,
        job_settings: JobSettings,
        boot_marks: Option<PathBuf>,
        clock: SteadyClock,
    ) -> Self {
        Self {
            uplink: Rc::new(uplink),
            registration,
            job_settings: Rc::new(job_settings),
            boot_marks,
            registered: Duration::ZERO,
            clock,
            running: JoinSet::new(),
            payload: None,
            current: None,
            told: None,
        }
    }

    /// Why the last registration failed, in words.
    pub(super) fn refusal(&self) -> String {
        self.uplink.refusal()
    }

    /// Starts what the effect asks for. A shutdown is the caller's to carry out: its reason comes back.
    pub(super) fn perform(&mut self, effect: Effect) -> Option<Reason> {
        match effect {
            Effect::Register => self.register(),
            Effect::Sync(report) => self.sync(report),
            Effect::FetchPayload(job) => self.fetch(job),
            Effect::RunJob(job) => self.run_job(job),
            Effect::FailJob(job, why) => self.fail_job(job, why),
            Effect::StopJob(_) => {
                if let Some(current) = &self.current {
                    current.stop.send_replace(true);
                    current.release.send_replace(true);
                }
            }
            Effect::CloseLog(_) => {
                if let Some(current) = &mut self.current {
                    current.events = None;
                    current.release.send_replace(true);
                }
            }
            Effect::AbandonLog(_) => {
                if let Some(current) = &self.current {
                    current.pusher.abort();
                }
            }
            Effect::Disconnect => self.disconnect(),
            Effect::Shutdown(reason) => return Some(reason),
        }
        None
    }

    /// The next event that a task brings; waits for ever if none runs.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            match self.running.join_next().await {
                Some(Ok(done)) => return self.absorb(done),
                // A log that was given up.
                Some(Err(error)) if error.is_cancelled() => {}
                Some(Err(error)) => std::panic::resume_unwind(error.into_panic()),
                None => std::future::pending().await,
            }
        }
    }

    fn absorb(&mut self, done: Done) -> Event {
        match done {
            Done::Plain(event) => event,
            Done::Registered(name) => {
                info!(name, "registered");
                self.registered = since_kernel();
                let booted = self.boot_marks.as_ref().map(|_| self.registered);
                mark(&Mark::Registered(name, booted));
                Event::Registered
            }
            Done::Synced(report, event) => {
                let job = JobId::new(report.job_id);
                let acknowledged = matches!(event, Event::SyncAnswered(_));
                if report.state == SyncState::FinishedJob
                    && acknowledged
                    && self.told.as_ref() != Some(&job)
                {
                    mark(&Mark::LogClosed(job.clone()));
                    self.told = Some(job);
                }
                event
            }
            Done::Payload(job, payload) => match *payload {
                Ok(payload) => {
                    self.payload = Some(payload);
                    Event::PayloadArrived(job)
                }
                Err(error) => Event::of_payload_error(job, error),
            },
        }
    }

    fn register(&mut self) {
        let (uplink, request) = (Rc::clone(&self.uplink), self.registration.clone());
        self.running.spawn_local(async move {
            match uplink.register(&request).await {
                Ok(name) => Done::Registered(name),
                Err(failure) => {
                    if let Some(message) = uplink.take_first_quota_refusal() {
                        mark(&Mark::Refused(message));
                    }
                    Done::Plain(Event::RegisterFailed(failure))
                }
            }
        });
    }

    fn sync(&mut self, report: SyncRequest) {
        let uplink = Rc::clone(&self.uplink);
        self.running.spawn_local(async move {
            let event = match uplink.sync(&report).await {
                Ok(answer) => Event::SyncAnswered(answer),
                Err(failure) => Event::SyncFailed(failure),
            };
            Done::Synced(report, event)
        });
    }

    fn fetch(&mut self, job: JobId) {
        let uplink = Rc::clone(&self.uplink);
        let settings = Rc::clone(&self.job_settings);
        self.running.spawn_local(async move {
            match uplink.payload(&job).await {
                Ok(bytes) => {
                    let payload = save_and_read(&settings.scratch, &bytes, &job);
                    Done::Payload(job, Box::new(payload))
                }
                Err(failure) => Done::Plain(Event::PayloadFailed(job, failure)),
            }
        });
    }

    fn disconnect(&mut self) {
        let uplink = Rc::clone(&self.uplink);
        self.running.spawn_local(async move {
            let answer = uplink.disconnect().await;
            Done::Plain(answer.map_or_else(Event::DisconnectFailed, |()| Event::Disconnected))
        });
    }

    fn run_job(&mut self, job: JobId) {
        let payload = self
            .payload
            .take()
            .expect("the state runs a job only when its payload has arrived");
        let (events, mut stop) = self.open_log(&job, self.log_target(&job, &payload));
        mark(&Mark::JobStarted(job.clone()));
        info!(%job, name = payload.job_name, "job started");
        let (mut settings, clock) = (Rc::clone(&self.job_settings), self.clock);
        let (boot_marks, registered) = (self.boot_marks.clone(), self.registered);
        self.running.spawn_local(async move {
            if let Some(marks) = boot_marks {
                let up = tokio::select! {
                    up = system_up(Path::new(NO_USERS_YET)) => up,
                    // The job looks at it, too, and ends with the right words.
                    _ = stop.wait_for(|stop| *stop) => None,
                };
                Rc::make_mut(&mut settings).boot = Some(story(&marks, registered, up));
            }
            let result = job::run(&payload, &settings, &clock, &events, stop).await;
            info!(%job, result = result.as_str(), "job ended");
            Done::Plain(Event::JobEnded(job, result))
        });
    }

    fn fail_job(&mut self, job: JobId, why: Misfortune) {
        let (events, _) = self.open_log(&job, self.uplink.log_target(&job));
        tracing::error!(%job, ?why, "the job cannot be run");
        let clock = self.clock;
        self.running.spawn_local(async move {
            explain(why, &clock, &events).await;
            Done::Plain(Event::JobEnded(job, JobResult::Failed))
        });
    }

    /// Starts to stream the job's log, and gives the two lines that the job needs.
    fn open_log(
        &mut self,
        job: &JobId,
        target: LogTarget,
    ) -> (mpsc::Sender<LogEvent>, watch::Receiver<bool>) {
        let (events, taken) = mpsc::channel(EVENTS_IN_FLIGHT_MAX);
        let (stop, stopped) = watch::channel(false);
        let (release, released) = watch::channel(false);
        let (uplink, clock, job) = (Rc::clone(&self.uplink), self.clock, job.clone());
        let pusher = self.running.spawn_local(async move {
            pusher::stream(&job, &uplink, target, taken, released, clock).await;
            Done::Plain(Event::LogClosed(job))
        });
        self.current = Some(CurrentJob {
            stop,
            release,
            events: Some(events.clone()),
            pusher,
        });
        (events, stopped)
    }

    fn log_target(&self, job: &JobId, payload: &Payload) -> LogTarget {
        let logger = &payload.logger;
        let mut target = self.uplink.log_target(job);
        if !logger.url.is_empty() {
            target.url.clone_from(&logger.url);
        }
        target.token = Some(logger.token.clone()).filter(|token| !token.is_empty());
        target
    }
}
