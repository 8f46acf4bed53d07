//! The log of a job that could not be run: it says why, so that nobody has to look for it elsewhere.

use tokio::sync::mpsc;

use super::state::{CallFailure, Misfortune};
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::log::LogEvent;
use dayfly::ports::Clock;

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

fn sentence(why: Misfortune) -> String {
    match why {
        Misfortune::Sanitized => {
            "The agent asked for this job a second time, because the first answer was lost, and the hub \
            hands out a job's secrets only once. No command was run. Rerun the job."
                .to_owned()
        }
        Misfortune::Unreadable => {
            "The hub's description of this job cannot be read; the agent's own log says where. \
            No command was run."
                .to_owned()
        }
        Misfortune::NotFetched(failure) => {
            let what = match failure {
                CallFailure::Foreign(what) => {
                    format!("The hub's answer was no job description ({what})")
                }
                CallFailure::Refused(status) => {
                    format!("The hub did not hand out this job's description (status {status})")
                }
                CallFailure::Unanswered | CallFailure::Hopeless => {
                    "The hub did not answer the request for this job's description".to_owned()
                }
            };
            format!("{what}, after three minutes of retries; no command was run. Rerun the job.")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use dayfly::hub::wire::answer::Foreign;

    #[test]
    fn missing_payload_is_explained_by_what_came() {
        let sentence = |failure| sentence(Misfortune::NotFetched(failure));
        insta::assert_snapshot!(sentence(CallFailure::Foreign(Foreign::Html)), @"The hub's answer was no job description (an HTML page), after three minutes of retries; no command was run. Rerun the job.");
        insta::assert_snapshot!(sentence(CallFailure::Refused(500)), @"The hub did not hand out this job's description (status 500), after three minutes of retries; no command was run. Rerun the job.");
        insta::assert_snapshot!(sentence(CallFailure::Unanswered), @"The hub did not answer the request for this job's description, after three minutes of retries; no command was run. Rerun the job.");
    }
}
