//! The log of a job that could not be run: it says why, so that nobody has to look for it elsewhere.

use tokio::sync::mpsc;

use super::state::Misfortune;
use crate::hub::wire::agent::JobResult;
use crate::hub::wire::log::LogEvent;
use crate::ports::Clock;

const TITLE: &str = "Preparing the job";

/// Writes the whole log of such a job.
pub(super) async fn explain(why: Misfortune, clock: &impl Clock, events: &mpsc::Sender<LogEvent>) {
    let timestamp = clock.now().as_seconds();
    let log = [
        LogEvent::JobStarted { timestamp },
        LogEvent::CmdStarted {
            timestamp,
            directive: TITLE.into(),
        },
        LogEvent::CmdOutput {
            timestamp,
            output: format!("{}\n", sentence(why)),
        },
        LogEvent::CmdFinished {
            timestamp,
            directive: TITLE.into(),
            exit_code: 1,
            started_at: timestamp,
            finished_at: timestamp,
        },
        LogEvent::JobFinished {
            timestamp,
            result: JobResult::Failed,
        },
    ];
    for event in log {
        // Nobody listening means that the log was given up.
        let _ = events.send(event).await;
    }
}

fn sentence(why: Misfortune) -> &'static str {
    match why {
        Misfortune::Sanitized => {
            "The agent asked for this job a second time, because the first answer was lost, and the hub \
             hands out a job's secrets only once. No command was run. Rerun the job."
        }
        Misfortune::Unreadable => {
            "The hub's description of this job cannot be read; the agent's own log says where. \
             No command was run."
        }
        Misfortune::NotFetched => {
            "The hub did not hand out this job's description, although it was asked ten times. \
             No command was run. Rerun the job."
        }
    }
}
