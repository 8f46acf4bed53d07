//! `dayfly-lab fault-sim`: worlds that follow from seeds, and what went wrong in them.

use std::fmt::Write as _;
use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;
use serde::Serialize;

use super::exit::Exit;
use super::output::{failed, print, print_stderr};
use crate::sim::mutant::Mutant;
use crate::sim::options::Options;
use crate::sim::oracle::Finding;
use crate::sim::trace::Detail;
use crate::sim::{Report, run as run_world, scenario};

/// Progress is told after so many worlds.
const TOLD_EVERY: u64 = 100;

/// The command line.
#[derive(Debug, Args)]
pub struct SimCommand {
    /// The first seed.
    #[arg(long, required_unless_present = "scenarios")]
    seed: Option<u64>,
    /// Runs what has befallen others, world by world, in place of seeds.
    #[arg(long, conflicts_with_all = ["seed", "worlds", "trace"])]
    scenarios: bool,
    /// How many worlds, with the seeds that follow.
    #[arg(long, default_value_t = 1)]
    worlds: u64,
    /// Writes everything that happened to this file, a JSON object a line; for one world.
    #[arg(long)]
    trace: Option<PathBuf>,
    /// Switches a rule of the scaler off, to see who notices.
    #[arg(long, value_parser = mutant)]
    mutant: Option<Mutant>,
    /// Prints JSON.
    #[arg(long)]
    json: bool,
}

fn mutant(name: &str) -> Result<Mutant, String> {
    Mutant::named(name).ok_or_else(|| {
        let names = Mutant::ALL.map(|mutant| mutant.to_string()).join(", ");
        format!("no rule is called so; there are {names}")
    })
}

/// One world that went wrong, or the only one.
#[derive(Serialize)]
struct Told<'a> {
    seed: u64,
    options: &'a Options,
    findings: &'a [Finding],
    digest: String,
}

/// Runs the worlds.
pub fn run(command: SimCommand) -> ExitCode {
    if command.scenarios {
        return run_scenarios(&command).into();
    }
    let mut broken = 0_u64;
    let mut lasted = 0_u64;
    for number in 0..command.worlds {
        let seed = command.seed.unwrap_or_default().wrapping_add(number);
        let options = Options::draw(seed);
        let detail = match command.trace {
            Some(_) => Detail::Lines,
            None => Detail::Digest,
        };
        if command.worlds == 1 && !command.json {
            print(&drawn(&options));
        }
        let report = run_world(options.clone(), command.mutant, detail);
        lasted += report.figures.lasted.as_secs();
        if let Some(path) = &command.trace
            && let Err(error) = fs::write(path, &report.trace)
        {
            return failed(&error).into();
        }
        broken += u64::from(!report.findings.is_empty());
        if command.worlds == 1 || !report.findings.is_empty() {
            print(&told(&command, &options, &report));
        }
        let done = number + 1;
        if done % TOLD_EVERY == 0 && done < command.worlds {
            print_stderr(&format!(
                "{done} of {} worlds, {broken} broken\n",
                command.worlds
            ));
        }
    }
    if 1 < command.worlds && !command.json {
        let hours = lasted / 3600;
        let worlds = command.worlds;
        print(&format!(
            "{worlds} worlds of {hours} hours together, {broken} broken\n"
        ));
    }
    if broken == 0 {
        Exit::Done
    } else {
        Exit::Failed
    }
    .into()
}

fn run_scenarios(command: &SimCommand) -> Exit {
    let mut broken = false;
    for scenario in scenario::all() {
        let report = scenario.run(command.mutant);
        broken |= !report.findings.is_empty();
        if command.json {
            print(&told(command, &scenario.options, &report));
            continue;
        }
        let figures = report.figures;
        let mut text = format!(
            "{:<52} {:>4} jobs {:>4} machines (at most {:>4}), longest wait {:>5} s (at most {:>5})\n",
            scenario.name,
            figures.jobs,
            figures.machines,
            scenario.machines_max,
            figures.longest_wait.as_secs(),
            scenario.wait_seconds_max,
        );
        for finding in &report.findings {
            writeln!(text, "{finding}").expect("writing to a string cannot fail");
        }
        print(&text);
    }
    if broken { Exit::Failed } else { Exit::Done }
}

fn drawn(options: &Options) -> String {
    let text = serde_json::to_string(options).expect("options are plain data");
    format!("seed {}: {text}\n", options.seed)
}

fn told(command: &SimCommand, options: &Options, report: &Report) -> String {
    let seed = options.seed;
    let digest = format!("{:016x}", report.digest);
    if command.json {
        let told = Told {
            seed,
            options,
            findings: &report.findings,
            digest,
        };
        return serde_json::to_string(&told).expect("findings are plain data") + "\n";
    }
    let figures = report.figures;
    let mut text = format!(
        "seed {seed}: {} s, {} ticks, {} jobs, {} machines, {} crashes, trace {digest}\n",
        figures.lasted.as_secs(),
        figures.ticks,
        figures.jobs,
        figures.machines,
        figures.crashes,
    );
    for finding in &report.findings {
        writeln!(text, "{finding}").expect("writing to a string cannot fail");
    }
    if !report.findings.is_empty() {
        let mutant = command.mutant.map(|it| format!(" --mutant {it}"));
        let mutant = mutant.unwrap_or_default();
        writeln!(
            text,
            "again: dayfly-lab fault-sim --seed {seed}{mutant} --trace trace.jsonl"
        )
        .expect("writing to a string cannot fail");
    }
    text
}
