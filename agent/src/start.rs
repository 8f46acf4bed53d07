//! The agent's life: the loop that hands events to `state` and its effects to `tasks`.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use thiserror::Error;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::task::LocalSet;
use tracing::{error, info, warn};

use super::clock::SteadyClock;
use super::console::{Mark, mark};
use super::identity::{VERSION, random_name, random_seed, registration};
use super::job::JobSettings;
use super::process::{Orphans, become_subreaper};
use super::settings::AgentSettings;
use super::shutdown::run_hook;
use super::state::{CallFailure, Event, Reason, State, StateSettings};
use super::tasks::Tasks;
use super::uplink::Uplink;
use dayfly::hub::client::{AgentClient, ClientError, HttpSettings};
use dayfly::model::secret::Secret;
use dayfly::ports::Clock;

/// Why the agent did not even try to register.
#[derive(Debug, Error)]
pub enum StartError {
    /// The settings of the line to the hub are wrong.
    #[error("cannot prepare the line to {endpoint}")]
    Client {
        /// Host and port.
        endpoint: String,
        /// What was wrong with them.
        source: ClientError,
    },
    /// The folder for the job's files cannot be made.
    #[error("cannot make the folder {}", path.display())]
    Scratch {
        /// Where.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The kernel does not let us listen to signals.
    #[error("cannot listen to signals")]
    Signals(#[source] io::Error),
}

/// Runs the agent until it leaves, and gives the reason. `temporary` is where its folder is made.
///
/// # Errors
/// What made it impossible to start; the hub has heard nothing then.
pub async fn run(
    settings: &AgentSettings,
    registration_token: Secret,
    temporary: &Path,
) -> Result<Reason, StartError> {
    let mut signals = Signals::listen().map_err(StartError::Signals)?;
    let scratch = Scratch::make(temporary)?;
    let scheme = if settings.plain_http { "http" } else { "https" };
    let origin = format!("{scheme}://{}", settings.endpoint);
    let http = HttpSettings {
        plain_http: settings.plain_http,
        ca_file: settings.ca_file.clone(),
        // The hub's side may look for the official agent's name in it (protocol.md section 1).
        user_agent: format!("SemaphoreAgent/{VERSION}"),
        ..HttpSettings::new(&settings.endpoint)
    };
    let client = AgentClient::new(&http).map_err(|source| StartError::Client {
        endpoint: settings.endpoint.clone(),
        source,
    })?;
    let clock = SteadyClock::start();
    let name = settings.name.clone().unwrap_or_else(random_name);
    let mut tasks = Tasks::new(
        Uplink::new(client, origin, registration_token),
        registration(settings, name),
        job_settings(settings, &scratch.0),
        settings.boot_marks.clone(),
        clock,
    );
    let mut state = State::new(StateSettings {
        single_job: settings.disconnect_after_job,
        preassigned: settings.job_id.is_some(),
        interruption_grace_period: settings.interruption_grace_period,
        registration_timeout: settings.registration_timeout,
        seed: random_seed(),
    });
    let local = LocalSet::new();
    let life = live(&mut state, &mut tasks, &mut signals, clock);
    let reason = local.run_until(life).await;
    let refusal = tasks.refusal();
    // Whatever still runs ends here: nothing of it is wanted any more.
    drop(tasks);
    drop(local);
    say_why(reason, &settings.endpoint, &refusal);
    mark(&Mark::Leaving(reason));
    if let Some(hook) = &settings.shutdown_hook {
        run_hook(hook, reason).await;
    }
    Ok(reason)
}

async fn live(
    state: &mut State,
    tasks: &mut Tasks,
    signals: &mut Signals,
    clock: SteadyClock,
) -> Reason {
    let mut event = Event::Started;
    loop {
        for effect in state.step(event, clock.now()) {
            if let Some(reason) = tasks.perform(effect) {
                return reason;
            }
        }
        event = tokio::select! {
            event = tasks.next() => event,
            () = signals.next() => Event::Signal,
            () = clock.until(state.deadline()) => Event::DeadlinePassed,
        };
    }
}

/// One clear sentence for a person, where somebody has to act or wonders.
fn say_why(reason: Reason, endpoint: &str, refusal: &str) {
    match reason {
        Reason::NotRegistered(CallFailure::Refused(401 | 404)) => error!(
            endpoint,
            "the hub does not know this registration token, and has said so repeatedly: take the \
             agent type's current one"
        ),
        Reason::NotRegistered(CallFailure::Refused(400 | 422)) => error!(
            endpoint,
            refusal,
            "giving up after all tries: a name that is taken, or a full quota, becomes free \
             minutes after another agent has left"
        ),
        Reason::NotRegistered(CallFailure::Hopeless) => error!(
            endpoint,
            refusal, "giving up: the hub or its certificate has refused every attempt"
        ),
        Reason::NotRegistered(
            CallFailure::Unanswered | CallFailure::Foreign(_) | CallFailure::Refused(_),
        ) => error!(endpoint, refusal, "giving up after all tries"),
        Reason::RowGone => error!(
            endpoint,
            "the hub no longer knows this agent: it is of no use any more"
        ),
        Reason::UnableToSync => error!(endpoint, "the hub has not answered for ten minutes"),
        Reason::Idle
        | Reason::JobFinished
        | Reason::Requested
        | Reason::Interrupted
        | Reason::Unknown => info!(%reason, "leaving"),
    }
}

fn job_settings(settings: &AgentSettings, scratch: &Path) -> JobSettings {
    JobSettings {
        extra_env_vars: settings.env_vars.clone(),
        pre_job_hook: settings.pre_job_hook.clone(),
        post_job_hook: settings.post_job_hook.clone(),
        fail_on_pre_job_hook_error: settings.fail_on_pre_job_hook_error,
        source_pre_job_hook: settings.source_pre_job_hook,
        scratch: scratch.to_owned(),
        // An orphan that hides from the search comes to us, because we have nothing else that runs.
        orphans: match become_subreaper() {
            Ok(()) => Orphans::All,
            Err(error) => {
                warn!(%error, "cannot adopt the orphans of a job");
                Orphans::Marked
            }
        },
        ..JobSettings::default()
    }
}

/// SIGTERM and SIGINT, from before the registration on.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    fn listen() -> io::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// A folder of the agent's own, for its user alone, gone when the agent is.
struct Scratch(PathBuf);

impl Scratch {
    fn make(temporary: &Path) -> Result<Self, StartError> {
        let path = temporary.join(format!("dayfly-agent-{}", random_name()));
        match DirBuilder::new().mode(0o700).create(&path) {
            Ok(()) => Ok(Self(path)),
            Err(source) => Err(StartError::Scratch { path, source }),
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        // A job may have swept it away.
        if let Err(error) = fs::remove_dir_all(&self.0)
            && error.kind() != io::ErrorKind::NotFound
        {
            warn!(folder = %self.0.display(), %error, "cannot remove the agent's folder");
        }
    }
}
