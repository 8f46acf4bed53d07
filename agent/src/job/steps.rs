//! The order of a job's steps, and its result (the table of protocol.md 5.5).

use super::commands::run_list;
use super::log::Log;
use super::{JobSettings, Stop, environment, files, hooks};
use crate::shell::{Ending, Shell};
use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::payload::Payload;
use dayfly::ports::Clock;

/// The exit code that ends a job early.
const EARLY_EXIT: i32 = 130;

/// How the part of a job before its epilogues ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum MainPart {
    Passed,
    Failed,
    /// A command gave 130: there are no epilogues.
    LeftEarly,
}

/// Runs all steps of a job.
pub(super) async fn run(
    payload: &Payload,
    settings: &JobSettings,
    shell: &mut Shell,
    log: &mut Log<'_, impl Clock>,
    stop: &Stop,
) -> JobResult {
    let main_part = run_main_part(payload, settings, shell, log, stop).await;
    let mut result = match main_part {
        MainPart::Passed => JobResult::Passed,
        MainPart::Failed => JobResult::Failed,
        MainPart::LeftEarly if is_stopped(stop) => JobResult::Stopped,
        MainPart::LeftEarly => check_result(shell, log).await,
    };
    if main_part != MainPart::LeftEarly && !is_stopped(stop) {
        run_epilogues(payload, result, shell, log, stop).await;
    }
    if let Some(hook) = &settings.post_job_hook {
        hooks::after(hook, shell, log).await;
    }
    if is_stopped(stop) {
        result = JobResult::Stopped;
    }
    result
}

async fn run_main_part(
    payload: &Payload,
    settings: &JobSettings,
    shell: &mut Shell,
    log: &mut Log<'_, impl Clock>,
    stop: &Stop,
) -> MainPart {
    // A shell that dies in its login files is heard of by the first step.
    let _ = shell.settle().await;
    let (variables, extra) = (&payload.env_vars, &settings.extra_env_vars);
    if environment::export(variables, extra, shell, log).await != 0 {
        return MainPart::Failed;
    }
    if is_stopped(stop) || files::inject(&payload.files, &settings.home(), log).await != 0 {
        return MainPart::Failed;
    }
    if is_stopped(stop) || !hooks::before(settings, shell, log).await || is_stopped(stop) {
        return MainPart::Failed;
    }
    match run_list(&payload.commands, shell, log, stop).await {
        Ok(()) => MainPart::Passed,
        // Also where a child died of SIGINT; but not `exit 130`, which takes the shell along.
        Err(Ending::Returned(EARLY_EXIT) | Ending::Interrupted(EARLY_EXIT)) => MainPart::LeftEarly,
        Err(Ending::Returned(_) | Ending::Interrupted(_) | Ending::Died(_)) => MainPart::Failed,
    }
}

/// After an early exit: the result that the job has set for itself.
async fn check_result(shell: &mut Shell, log: &mut Log<'_, impl Clock>) -> JobResult {
    let mut step = log.step("Checking job result").await;
    let asked = shell
        .run_silently(br#"\builtin printf %s "${SEMAPHORE_JOB_RESULT-}""#)
        .await;
    let printed = asked.map_or_else(|_| Vec::new(), |(_, printed)| printed);
    let (result, because) = match printed.as_slice() {
        b"passed" => (JobResult::Passed, "SEMAPHORE_JOB_RESULT is passed"),
        b"failed" => (JobResult::Failed, "SEMAPHORE_JOB_RESULT is failed"),
        _ => (
            JobResult::Stopped,
            "SEMAPHORE_JOB_RESULT is neither passed nor failed",
        ),
    };
    step.say(format!("{because}: the job is {}.\n", result.as_str()))
        .await;
    step.finish(0).await;
    result
}

async fn run_epilogues(
    payload: &Payload,
    result: JobResult,
    shell: &mut Shell,
    log: &mut Log<'_, impl Clock>,
    stop: &Stop,
) {
    environment::export_result(result.as_str(), shell, log).await;
    let by_result = match result {
        JobResult::Passed => &payload.epilogue_on_pass_commands,
        JobResult::Failed | JobResult::Stopped => &payload.epilogue_on_fail_commands,
    };
    for list in [&payload.epilogue_always_commands, by_result] {
        // How an epilogue ends changes neither the result nor whether the next list runs.
        let _ = run_list(list, shell, log, stop).await;
    }
}

fn is_stopped(stop: &Stop) -> bool {
    *stop.borrow()
}
