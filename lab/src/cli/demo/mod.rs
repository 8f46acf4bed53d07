//! `dayfly-lab demo`: the whole product on one computer. An emulated hub with a pipeline, the real
//! scaler, real agents in machines of this computer, real bash jobs.
//!
//! `stage` puts it up, `conduct` lets it run and shows it, `record` is what is left of it.

#[cfg(feature = "aws")]
mod account;
mod cloud;
mod conduct;
mod live;
mod logs;
mod progress;
mod record;
mod stage;
mod summary;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use tracing::level_filters::LevelFilter;

use self::logs::LogFolder;
use self::progress::Progress;
use self::record::Record;
use self::stage::{Stage, StageSettings};
use super::edge::EdgeArguments;
use super::exit::{EXIT_CODES, Exit};
use super::host::read_pipeline;
use super::output::{Style, failed, print, print_stderr, style};
use super::signals::stop_signal;
use crate::emulator::pipeline::{Loaded, builtin};
use dayfly::ports::{Clock, SystemClock};
use dayfly::telemetry;

/// Runs a pipeline here, on machines of this computer: hub, scaler, agents and all.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct DemoCommand {
    /// A Semaphore pipeline file; a built-in one of ten jobs otherwise.
    #[arg(long, value_name = "FILE")]
    pipeline: Option<PathBuf>,
    /// What a machine is: a process tree, or a virtual machine that QEMU boots from `--image`.
    #[arg(long, value_enum, default_value_t = MachineKind::Process, requires_if("qemu", "image"))]
    machines: MachineKind,
    /// The folder of an image, which `cloud-init/image/build` makes and prints.
    #[arg(long, value_name = "FOLDER")]
    image: Option<PathBuf>,
    /// Machines at the same time [default: 8, and 2 with --machines qemu].
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    machines_max: Option<u32>,
    /// Machines kept waiting ahead of demand, for each agent type.
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u32).range(0..=1000))]
    reserve: u32,
    #[command(flatten)]
    edge: EdgeArguments,
    /// The hub's ids and tokens follow from it; drawn if absent.
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Write each job's log here: NAME.jsonl the raw events, NAME.log the text.
    #[arg(long, value_name = "FOLDER")]
    logs: Option<PathBuf>,
    /// One JSON object on stdout, and nothing else there.
    #[arg(long)]
    json: bool,
    /// Log what the scaler does, to stderr; twice for more.
    #[arg(short, long, action = clap::ArgAction::Count)]
    verbose: u8,
}

/// What a demo's machines are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum MachineKind {
    /// Process trees of this computer.
    Process,
    /// Virtual machines, with a kernel and a cloud-init of their own.
    Qemu,
}

impl MachineKind {
    /// How many at the same time do not get in each other's way on a small computer.
    const fn machines_max(self) -> u32 {
        match self {
            Self::Process => 8,
            Self::Qemu => 2,
        }
    }
}

/// Runs the demo to its end.
pub fn run(command: DemoCommand) -> ExitCode {
    let style = style();
    let level = match command.verbose {
        0 => LevelFilter::ERROR,
        1 => LevelFilter::INFO,
        _ => LevelFilter::DEBUG,
    };
    telemetry::init(telemetry::Format::Text, level, style.colour);
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    // Live lines and log lines would overwrite each other.
    let style = Style {
        live: style.live && command.verbose == 0,
        ..style
    };
    let ended = runtime.block_on(perform(&command, style));
    match ended {
        Ok(record) => {
            let exit = if record.has_passed() {
                Exit::Done
            } else {
                Exit::Failed
            };
            show(&record, command.json, style);
            exit.into()
        }
        Err(exit) => exit.into(),
    }
}

async fn perform(command: &DemoCommand, style: Style) -> Result<Record, Exit> {
    let loaded = match &command.pipeline {
        Some(path) => read_pipeline(path)?,
        None => Loaded {
            pipeline: builtin(),
            notices: Vec::new(),
        },
    };
    let logs = command.logs.clone().map(open_logs).transpose()?;
    let stop = stop_signal().map_err(|error| failed(&error))?;
    let seed = super::seed(command.seed)?;
    let settings = StageSettings {
        loaded,
        machines_max: command
            .machines_max
            .unwrap_or(command.machines.machines_max()),
        reserve: command.reserve,
        edge: command.edge.settings(),
        seed,
        image: match command.machines {
            MachineKind::Process => None,
            MachineKind::Qemu => command.image.clone(),
        },
    };
    let stage = Stage::new(settings).map_err(|error| failed(&error))?;
    let progress = Progress::new(style, command.json, SystemClock.now());
    conduct::conduct(stage, progress, logs, stop).await
}

fn open_logs(folder: PathBuf) -> Result<LogFolder, Exit> {
    LogFolder::create(folder.clone()).map_err(|error| {
        print_stderr(&format!(
            "error: {} cannot be written: {error}\n",
            folder.display()
        ));
        Exit::Failed
    })
}

fn show(record: &Record, json: bool, style: Style) {
    if json {
        let mut text = serde_json::to_string(record).expect("a record has text keys and numbers");
        text.push('\n');
        print(&text);
    } else {
        print(&summary::summary(record, style));
    }
}
