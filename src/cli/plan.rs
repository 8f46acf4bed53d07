//! `dayfly plan`: what would be done now, and why.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{ArgGroup, Args};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::connect;
use super::exit::Exit;
use super::output::{print, print_error, print_stderr};
use crate::model::pool::Policy;
use crate::model::snapshot::Snapshot;
use crate::model::time::Timestamp;
use crate::plan::{check::check, decide, explain};
use crate::program::provider::CloudProvider;
use crate::scaler::observe::Silence;

/// Says what would be done now, and why; changes nothing.
#[derive(Debug, Args)]
#[command(group = ArgGroup::new("source").required(true))]
pub struct PlanCommand {
    /// Look at the hub and the cloud of this configuration.
    #[arg(long, value_name = "FILE", group = "source")]
    config: Option<PathBuf>,
    /// Look at what `--save` has written instead.
    #[arg(long, value_name = "FILE", group = "source")]
    snapshot: Option<PathBuf>,
    /// Write what was seen, so that the plan can be made again elsewhere.
    #[arg(long, value_name = "FILE", conflicts_with = "snapshot")]
    save: Option<PathBuf>,
    /// One JSON object on stdout.
    #[arg(long)]
    json: bool,
}

/// Everything that a plan follows from.
#[derive(Debug, Serialize, Deserialize)]
pub struct Recording {
    /// When it was seen.
    pub at: Timestamp,
    /// What the operator wants.
    pub policy: Policy,
    /// What was seen.
    pub snapshot: Snapshot,
}

/// Why a recording cannot be used.
#[derive(Debug, Error)]
pub enum RecordingError {
    /// The file cannot be read or written.
    #[error("{path} cannot be used")]
    File {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is something else.
    #[error("{path} is not what `dayfly plan --save` writes")]
    Content {
        /// Which.
        path: PathBuf,
        /// Where it differs.
        source: serde_json::Error,
    },
}

/// Looks or reads, decides, and prints.
pub fn run<P: CloudProvider>(command: PlanCommand) -> ExitCode {
    let seen = match (&command.config, &command.snapshot) {
        (Some(config), _) => connect::look::<P>(config).map(|look| (look.recording, look.silences)),
        (None, Some(path)) => {
            read(path)
                .map(|recording| (recording, Vec::new()))
                .map_err(|error| {
                    print_error(&error, None);
                    Exit::Configuration
                })
        }
        (None, None) => Err(Exit::Usage),
    };
    let (recording, silences) = match seen {
        Ok(seen) => seen,
        Err(exit) => return exit.into(),
    };
    if let Some(path) = &command.save
        && let Err(error) = write(path, &recording)
    {
        print_error(&error, None);
        return Exit::Failed.into();
    }
    show(&recording, &silences, command.json).into()
}

/// Prints the plan; a plan that breaks an invariant has an exit code of its own.
fn show(recording: &Recording, silences: &[Silence], json: bool) -> Exit {
    let Recording {
        at,
        policy,
        snapshot,
    } = recording;
    let plan = decide(snapshot, policy, *at);
    let violations = check(snapshot, policy, &plan, *at);
    if json {
        let mut text = serde_json::to_string(&plan).expect("a plan has text keys and numbers");
        text.push('\n');
        print(&text);
    } else {
        print(&explain::whole(&plan, *at));
    }
    for silence in silences {
        print_stderr(&format!("warning: {silence}\n"));
    }
    for violation in &violations {
        print_error(violation, None);
    }
    match (violations.is_empty(), silences.is_empty()) {
        (false, _) => Exit::Violation,
        (true, false) => Exit::Failed,
        (true, true) => Exit::Done,
    }
}

fn read(path: &PathBuf) -> Result<Recording, RecordingError> {
    let text = std::fs::read_to_string(path).map_err(|source| RecordingError::File {
        path: path.clone(),
        source,
    })?;
    serde_json::from_str(&text).map_err(|source| RecordingError::Content {
        path: path.clone(),
        source,
    })
}

fn write(path: &PathBuf, recording: &Recording) -> Result<(), RecordingError> {
    let text = serde_json::to_string(recording).map_err(|source| RecordingError::Content {
        path: path.clone(),
        source,
    })?;
    std::fs::write(path, text).map_err(|source| RecordingError::File {
        path: path.clone(),
        source,
    })
}
