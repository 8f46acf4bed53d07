//! The operator's scripts before and after a job (protocol.md 5.6). Both run in the job's shell.

use std::path::Path;

use super::JobSettings;
use super::commands::run_step;
use super::environment::word;
use super::log::Log;
use crate::shell::{Ending, Shell};
use dayfly::ports::Clock;

/// Runs the pre-job hook, if there is one. Gives whether the job goes on.
pub(super) async fn before(
    settings: &JobSettings,
    shell: &mut Shell,
    log: &mut Log<'_, impl Clock>,
) -> bool {
    let Some(path) = &settings.pre_job_hook else {
        return true;
    };
    let runs = if settings.source_pre_job_hook {
        "source"
    } else {
        "bash"
    };
    let script = format!("{runs} {}", word(path));
    let mut step = log
        .step("Running the pre-job hook configured in the agent")
        .await;
    step.say(format!("Running: {script}\n")).await;
    step.say(warning(settings)).await;
    let ending = run_step(&script, shell, step).await;
    ending == Ending::Returned(0) || !settings.fail_on_pre_job_hook_error
}

const fn warning(settings: &JobSettings) -> &'static str {
    if settings.fail_on_pre_job_hook_error {
        "Warning: The agent is configured to fail the job if the pre-job hook fails.\n"
    } else {
        "Warning: The agent is configured to proceed with the job even if the pre-job hook fails.\n"
    }
}

/// Runs the post-job hook. Whether it fails changes nothing.
pub(super) async fn after(path: &Path, shell: &mut Shell, log: &mut Log<'_, impl Clock>) {
    let script = format!("bash {}", word(path));
    let mut step = log
        .step("Running the post-job hook configured in the agent")
        .await;
    step.say(format!("Running: {script}\n")).await;
    run_step(&script, shell, step).await;
}
