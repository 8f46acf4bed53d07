//! A job's commands: each one step of the log, run in the job's shell.

use tokio::time::timeout;

use super::Stop;
use super::log::{Log, Step};
use super::output::Output;
use crate::shell::{Ending, Heard, Shell};
use dayfly::hub::wire::payload::Command;
use dayfly::ports::Clock;

/// How a list of commands ended: each gave 0, or one of them ended it.
pub(super) type ListEnding = Result<(), Ending>;

/// Runs commands until the first that does not give 0, and none once the job is stopped.
pub(super) async fn run_list(
    commands: &[Command],
    shell: &mut Shell,
    log: &mut Log<'_, impl Clock>,
    stop: &Stop,
) -> ListEnding {
    for command in commands {
        if *stop.borrow() {
            return Err(Ending::Died(1));
        }
        let ending = run_command(command, shell, log).await;
        if ending != Ending::Returned(0) {
            return Err(ending);
        }
    }
    Ok(())
}

async fn run_command(
    command: &Command,
    shell: &mut Shell,
    log: &mut Log<'_, impl Clock>,
) -> Ending {
    let alias = command.alias.as_deref().filter(|alias| !alias.is_empty());
    let mut step = log.step(alias.unwrap_or(&command.directive)).await;
    if alias.is_some() {
        step.say(format!("Running: {}\n", command.directive)).await;
    }
    run_step(&command.directive, shell, step).await
}

/// Runs a script as the rest of a step that has begun, and ends the step.
pub(super) async fn run_step<C: Clock>(
    script: &str,
    shell: &mut Shell,
    mut step: Step<'_, '_, C>,
) -> Ending {
    let ending = match shell.begin(script.as_bytes()).await {
        Ok(_file) => stream(shell, &mut step).await,
        Err(error) => {
            step.say(format!("The command cannot be written down: {error}.\n"))
                .await;
            Ending::Returned(1)
        }
    };
    step.finish(ending.exit_code()).await;
    ending
}

/// Passes on what is heard until the command has ended.
async fn stream<C: Clock>(shell: &mut Shell, step: &mut Step<'_, '_, C>) -> Ending {
    let mut output = Output::default();
    let ending = loop {
        let heard = match output.due_in(step.now()) {
            None => Some(shell.hear().await),
            Some(wait) => timeout(wait, shell.hear()).await.ok(),
        };
        match heard {
            Some(Heard::Text(text)) => output.push(&text, step.now()),
            Some(Heard::Ended(ending)) => break ending,
            None => {}
        }
        while let Some(text) = output.take(step.now()) {
            step.say(text).await;
        }
    };
    for text in output.finish() {
        step.say(text).await;
    }
    ending
}
