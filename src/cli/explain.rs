//! `dayfly explain`: one job, machine or pool, in one sentence with its evidence.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::connect::{self, Look};
use super::exit::Exit;
use super::output::{print, print_stderr};
use super::plan::Recording;
use crate::model::id::{JobId, MachineId, PoolName};
use crate::model::machine::Phase;
use crate::plan::{decide, explain};
use crate::program::provider::CloudProvider;

/// Answers "why?" for one job, machine or pool, in one sentence; for a machine that has ended,
/// with the last lines of its console.
#[derive(Debug, Args)]
pub struct ExplainCommand {
    /// A job's id, a machine's id, or a pool's name.
    #[arg(value_name = "JOB|MACHINE|POOL")]
    subject: String,
    /// Look at the hub and the cloud of this configuration.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Looks, decides, and prints the one sentence.
pub fn run<P: CloudProvider>(command: ExplainCommand) -> ExitCode {
    let look = match connect::look::<P>(&command.config) {
        Ok(look) => look,
        Err(exit) => return exit.into(),
    };
    for silence in &look.silences {
        print_stderr(&format!("warning: {silence}\n"));
    }
    match ended(&look, &command.subject).or_else(|| sentence(&look.recording, &command.subject)) {
        Some(sentence) => {
            print(&format!("{}\n", sentence.trim_end()));
            Exit::Done.into()
        }
        None => {
            print_stderr(&format!(
                "error: no queued job, machine or pool is called {:?}\n\n\
                 hint: `{} plan --config {}` lists all of them; a job that has started is \
                 not in the queue any more\n",
                command.subject,
                P::PROGRAM,
                command.config.display()
            ));
            Exit::Failed.into()
        }
    }
}

/// How a machine came to its end, if the cloud still lists it and tells.
fn ended<P: CloudProvider>(look: &Look<P>, subject: &str) -> Option<String> {
    let id = MachineId::new(subject);
    let machine = look.recording.snapshot.machines.as_ref()?.get(&id)?;
    match machine.phase {
        Phase::Pending | Phase::Running => return None,
        Phase::Stopping | Phase::Gone => {}
    }
    match look.ending(&id) {
        Ok(ending) => Some(explain::ending::text(machine, &ending?, look.recording.at)),
        Err(error) => {
            print_stderr(&format!("warning: how {id} ended is not known: {error}\n"));
            None
        }
    }
}

fn sentence(recording: &Recording, subject: &str) -> Option<String> {
    let now = recording.at;
    let plan = decide(&recording.snapshot, &recording.policy, now);
    explain::job(&plan, &JobId::new(subject), now)
        .or_else(|| explain::machine(&plan, &MachineId::new(subject), now))
        .or_else(|| explain::pool(&plan, &PoolName::new(subject), now))
}
