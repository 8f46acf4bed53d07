//! One job, from `job_started` to `job_finished` (protocol.md 5.5).
//!
//! What must stay true: the log keeps its grammar, whatever happens; `run` returns only when no process of the
//! job is left; the job sees none of the agent's own variables. What is not here: where the payload comes from
//! and where the events go.

mod commands;
mod encoding;
mod environment;
mod files;
mod hooks;
mod log;
pub mod output;
mod settings;
mod steps;

use std::fs::{DirBuilder, Permissions};
use std::io::{self, Read};
use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::time::Duration;

use tokio::sync::{mpsc, watch};

pub use settings::JobSettings;

use self::log::Log;
use super::process::children::reap_orphans;
use super::process::{self, Family, Orphans};
use super::shell::Shell;
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::log::LogEvent;
use dayfly::hub::wire::payload::Payload;
use dayfly::ports::Clock;

/// How long the processes of a stopped job may take to end by themselves.
const STOP_GRACE: Duration = Duration::from_secs(2);
/// How long what a finished job left behind may take.
const END_GRACE: Duration = Duration::from_millis(500);
/// In the environment of every process of a job, with a value of the job's own: so they are found again.
const MARK_VARIABLE: &str = "DAYFLY_JOB_MARK";
/// The step that tells why a job cannot even begin.
const PREPARING: &str = "Preparing the job";

/// The step that tells what the boot of the machine took.
const BOOTING: &str = "Booting the machine";

/// Turns true when the job is to be stopped. Its sender going away means nothing.
pub type Stop = watch::Receiver<bool>;

/// Runs one job and returns its result, once nothing that it started is left.
///
/// Every event goes to `events`, in the grammar of protocol.md 6.1; a full channel holds the job back, and
/// a closed one lets it run on unseen. Needs a runtime with I/O and time.
pub async fn run(
    payload: &Payload,
    settings: &JobSettings,
    clock: &impl Clock,
    events: &mpsc::Sender<LogEvent>,
    stop: Stop,
) -> JobResult {
    let mut log = Log::open(events, clock).await;
    if let Some(boot) = &settings.boot {
        let mut step = log.step(BOOTING).await;
        step.say(boot.clone()).await;
        step.finish(0).await;
    }
    let result = match prepare(payload, settings, stop.clone()) {
        Ok((shell, family)) => attend(payload, settings, shell, family, &mut log, stop).await,
        Err(reason) => {
            let mut step = log.step(PREPARING).await;
            step.say(format!("{reason}\n")).await;
            step.finish(1).await;
            JobResult::Failed
        }
    };
    log.close(result).await;
    result
}

/// Starts the shell; or says why not, in one sentence for the log.
fn prepare(
    payload: &Payload,
    settings: &JobSettings,
    stop: Stop,
) -> Result<(Shell, Family), String> {
    let executor = payload.executor.as_deref().unwrap_or_default();
    if !["", "shell"].contains(&executor) {
        return Err(format!(
            "The job asks for the executor {executor:?}, and this agent runs jobs of the executor \"shell\" \
             alone: a pipeline that names no containers gets it."
        ));
    }
    own_folder(&settings.scratch).map_err(|error| {
        let folder = settings.scratch.display();
        format!("The folder {folder} cannot be made: {error}.")
    })?;
    let mark = random_text().map_err(|error| format!("/dev/urandom cannot be read: {error}."))?;
    let mut environment = environment::inherited(settings);
    environment.insert(MARK_VARIABLE.into(), mark.clone().into());
    let shell = Shell::start(&environment, &settings.scratch, stop).map_err(|error| {
        let cause = std::error::Error::source(&error).map_or_else(String::new, ToString::to_string);
        format!("The job has no shell: {error}: {cause}.")
    })?;
    let mark = format!("{MARK_VARIABLE}={mark}");
    let family = Family::new(shell.process_id(), mark, settings.orphans);
    Ok((shell, family))
}

/// Walks through the steps while somebody else waits for the stop; then ends whatever is left.
async fn attend(
    payload: &Payload,
    settings: &JobSettings,
    mut shell: Shell,
    mut family: Family,
    log: &mut Log<'_, impl Clock>,
    stop: Stop,
) -> JobResult {
    let (shell_id, orphans) = (family.root, family.orphans);
    let result = tokio::select! {
        result = steps::run(payload, settings, &mut shell, log, &stop) => result,
        // It ends the shell, so the steps hear of a stop as they hear of any shell that is gone; also while
        // they are held back by a full channel.
        () = end_when_stopped(&mut family, stop.clone()) => JobResult::Stopped,
        never = reap_orphans(shell_id), if orphans == Orphans::All => match never {},
    };
    let left = process::end(&mut family, END_GRACE).await;
    if left > 0 {
        tracing::warn!(left, "processes of the job could not be ended");
    }
    // A stop that came while the rest was being ended is too late; the hub records its own word for it.
    result
}

/// Ends the family when the stop comes; never returns.
async fn end_when_stopped(family: &mut Family, mut stop: Stop) {
    if stop.wait_for(|is_stopped| *is_stopped).await.is_ok() {
        process::end(family, STOP_GRACE).await;
    }
    std::future::pending().await
}

/// A folder that nobody else can look into.
fn own_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)?;
    std::fs::set_permissions(path, Permissions::from_mode(0o700))
}

/// 128 random bits as text.
fn random_text() -> io::Result<String> {
    let mut bytes = [0; 16];
    std::fs::File::open("/dev/urandom")?.read_exact(&mut bytes)?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
