//! `dayfly-lab simulate`: what a policy would cost, before anything is changed.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use clap::Args;

use super::exit::Exit;
use super::output::{failed, print, print_error, print_stderr};
use super::plots::{make_folder, write_plots};
use crate::study::boots::BOOT_LAWS;
use crate::study::file;
use crate::study::frontier;
use crate::study::names::{contender, contenders};
use crate::study::nonsense::LEARNED;
use crate::study::pattern::BREAKS;
use crate::study::recorded::{RecordingError, recorded};
use crate::study::report::{LEGEND, Row, Wish, advised, against, table};
use crate::study::run::{Setting, run as run_once, run_seen};
use crate::study::score::Score;
use crate::study::sight::Sight;
use crate::study::synthetic::{SYNTHETIC, synthetic};
use crate::study::workload::{KINDS, Workload};
use dayfly::config::default::TICK_INTERVAL;
use dayfly::model::pool::Speed;

/// Replays weeks of jobs against a policy in virtual time: waits and costs, with nothing launched.
#[derive(Debug, Args)]
pub struct SimulateCommand {
    /// S1 to S5, or a CSV file of builds or jobs, or one that gzip has compressed; several, separated
    /// by commas.
    #[arg(
        long,
        value_name = "NAME|FILE.csv[.gz]",
        value_delimiter = ',',
        required_unless_present = "list"
    )]
    workload: Vec<String>,
    /// The policies, separated by commas; `--list` names them.
    #[arg(
        long,
        value_name = "NAME",
        value_delimiter = ',',
        default_value = "ours"
    )]
    policy: Vec<String>,
    /// All policies.
    #[arg(long)]
    compare: bool,
    /// Which policies no other beats in cost, mean and p95: runs ours at many worths, and the others.
    #[arg(long, conflicts_with_all = ["policy", "compare", "advise"])]
    frontier: bool,
    /// Which `speed` or `waiting_minute_dollars` gives a wanted wait or budget: runs nine, and says
    /// which.
    #[arg(long, conflicts_with_all = ["policy", "compare"], requires = "wish")]
    advise: bool,
    /// With `--advise`: nineteen in twenty jobs should wait for so many seconds at most.
    #[arg(long, value_name = "SECONDS", group = "wish", requires = "advise")]
    wait_p95: Option<f64>,
    /// With `--advise`: the scored days should cost so many dollars at most.
    #[arg(long, value_name = "DOLLARS", group = "wish", requires = "advise")]
    dollars: Option<f64>,
    /// Name the workloads and the policies, and what each is.
    #[arg(long)]
    list: bool,
    /// How many of the last days are scored; what comes before is history.
    #[arg(long, value_name = "DAYS", default_value_t = 7, value_parser = clap::value_parser!(u64).range(1..=365))]
    days: u64,
    /// How many weeks are replayed.
    #[arg(long, value_name = "WEEKS", default_value_t = 5, value_parser = clap::value_parser!(u64).range(1..=52))]
    weeks: u64,
    /// The first seed.
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    seed: u64,
    /// How many seeds, of which the mean is shown.
    #[arg(long, value_name = "COUNT", default_value_t = 1, value_parser = clap::value_parser!(u64).range(1..=1000))]
    seeds: u64,
    /// How machines boot: tailed, narrow, uniform, correlated or doubled.
    #[arg(long, value_name = "LAW", default_value = "tailed")]
    boots: String,
    /// How the scored days break the pattern of those before: moved (by six hours), halved or
    /// doubled.
    #[arg(long, value_name = "HOW")]
    pattern: Option<String>,
    /// What our own scaler takes for learned when the scored days begin: again (its own, as a
    /// process that starts anew), busy or quiet (nonsense).
    #[arg(long, value_name = "WHAT")]
    learned: Option<String>,
    /// What an hour of a machine costs, in dollars.
    #[arg(long, value_name = "DOLLARS", default_value_t = 0.10)]
    hourly: f64,
    /// Launches a second that the cloud allows, after a thousand at once.
    #[arg(long, value_name = "COUNT", default_value_t = 2)]
    launches_per_second: u64,
    /// Seconds from look to look of our own scaler.
    #[arg(long, value_name = "SECONDS", default_value_t = TICK_INTERVAL.as_secs(), value_parser = clap::value_parser!(u64).range(1..=3600))]
    tick_seconds: u64,
    /// Seconds that an agent of ours waits for a job before the hub sends it away.
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    idle_timeout_seconds: Option<u64>,
    /// What names of blocks tell of their durations to who sees pipelines: `steady` or `alike`.
    #[arg(long, value_name = "NAMES", default_value = "steady")]
    names: String,
    /// Draws for each workload its busiest day, its waits and what costs how much, as SVG files in
    /// that folder.
    #[arg(long, value_name = "FOLDER")]
    plots: Option<PathBuf>,
    /// One JSON object on stdout.
    #[arg(long)]
    json: bool,
}

/// Our own policies by what they cost; `ours` is the speed `balanced`, and a number what a waiting
/// minute is worth.
const SPEEDS: [&str; 9] = [
    "reactive", "ours-1", "economy", "ours-5", "ours", "ours-17", "fast", "ours-60", "ours-100",
];

/// Replays, and prints a table.
pub fn run(command: SimulateCommand) -> ExitCode {
    if command.list {
        print(&listed());
        return Exit::Done.into();
    }
    let done = simulate(&command).and_then(|(rows, sights)| {
        show(&rows, &command);
        draw(&rows, &sights, &command)
    });
    done.map_or_else(Into::into, |()| Exit::Done.into())
}

/// What there is to choose from.
fn listed() -> String {
    let workloads = SYNTHETIC
        .iter()
        .map(|(name, what)| format!("workload  {name:<13} {what}\n"));
    let policies = contenders().into_iter();
    let policies = policies.map(|(name, _, what)| format!("policy    {name:<13} {what}\n"));
    workloads.chain(policies).collect()
}

fn simulate(command: &SimulateCommand) -> Result<(Vec<Row>, Vec<Sight>), Exit> {
    let setting = Setting {
        boots: named("boot law", &command.boots, &BOOT_LAWS)?,
        learned: optional("thing to have learned", command.learned.as_ref(), &LEARNED)?,
        kinds: named("kind of names", &command.names, &KINDS)?,
        launches_per_second: command.launches_per_second,
        tick: command.tick_seconds * 1000,
        ..Setting::default()
    };
    let all = contenders();
    let known: Vec<&str> = all.iter().map(|(name, _, _)| *name).collect();
    let policies: Vec<String> = if command.advise {
        SPEEDS.map(str::to_owned).to_vec()
    } else if command.frontier {
        frontier::policies()
    } else if command.compare {
        let numbered = |name: &&&str| name.ends_with("-N");
        let plain = known.iter().filter(|name| !numbered(name));
        plain.map(|name| (*name).to_owned()).collect()
    } else {
        command.policy.clone()
    };
    if let Some(unknown) = policies.iter().find(|name| contender(name).is_none()) {
        return Err(usage("policy", unknown, &known));
    }
    if let Some(folder) = &command.plots {
        make_folder(folder).map_err(|error| failed(&error))?;
    }
    let (mut rows, mut sights) = (Vec::new(), Vec::new());
    for name in &command.workload {
        for policy in &policies {
            let (row, sight) = row(command, name, policy, setting)?;
            rows.push(row);
            sights.extend(sight);
        }
    }
    Ok((rows, sights))
}

/// The mean over the seeds, and what the first of them looked like, if that is to be drawn.
fn row(
    command: &SimulateCommand,
    name: &str,
    policy: &str,
    setting: Setting,
) -> Result<(Row, Option<Sight>), Exit> {
    let contender = contender(policy).ok_or(Exit::Usage)?;
    let contender = match command.idle_timeout_seconds {
        Some(seconds) => contender.waiting_for(Duration::from_secs(seconds)),
        None => contender,
    };
    let mut scores = Vec::new();
    let mut sight = None;
    let mut called = name.to_owned();
    for seed in command.seed..command.seed + command.seeds {
        let mut workload = workload(command, name, seed)?;
        if let Some(how) = optional("pattern", command.pattern.as_ref(), &BREAKS)? {
            workload = workload.broken(how, seed);
        }
        called.clone_from(&workload.name);
        print_stderr(&format!("\r{called} {policy} seed {seed}          "));
        let workload = Rc::new(workload);
        scores.push(if command.plots.is_some() && sight.is_none() {
            let (score, seen) = run_seen(contender, &workload, setting, seed);
            sight = Some(seen);
            score
        } else {
            run_once(contender, &workload, setting, seed)
        });
    }
    print_stderr("\r                                        \r");
    let row = Row {
        workload: called,
        policy: policy.to_owned(),
        score: Score::mean(&scores),
    };
    Ok((row, sight))
}

fn workload(command: &SimulateCommand, name: &str, seed: u64) -> Result<Workload, Exit> {
    if let Some(workload) = synthetic(name, command.weeks, seed) {
        return Ok(workload);
    }
    let path = Path::new(name);
    let Some(called) = file::name_of(path) else {
        let known = SYNTHETIC.map(|(name, _)| name);
        let known = [&known[..], &["FILE.csv", "FILE.csv.gz"]].concat();
        return Err(usage("workload", name, &known));
    };
    let text = file::read(path).map_err(|error| wrong_file(name, &error))?;
    let read = recorded(&called, &text, command.weeks, command.days, seed);
    read.map_err(|error: RecordingError| wrong_file(name, &error))
}

/// What has that name in a list of all there are.
fn named<T: Copy>(what: &str, name: &str, known: &[(&str, T)]) -> Result<T, Exit> {
    match known.iter().find(|(it, _)| *it == name) {
        Some((_, found)) => Ok(*found),
        None => {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            Err(usage(what, name, &names))
        }
    }
}

/// The same of what need not be given.
fn optional<T: Copy>(
    what: &str,
    name: Option<&String>,
    known: &[(&str, T)],
) -> Result<Option<T>, Exit> {
    name.map(|name| named(what, name, known)).transpose()
}

fn wrong_file(name: &str, error: &dyn std::error::Error) -> Exit {
    print_stderr(&format!("error: {name}: {error}\n"));
    Exit::Configuration
}

fn usage(what: &str, found: &str, known: &[&str]) -> Exit {
    print_stderr(&format!(
        "error: found the {what} {found:?}; expected one of {}\n",
        known.join(", ")
    ));
    Exit::Usage
}

fn show(rows: &[Row], command: &SimulateCommand) {
    if command.json {
        let text = if command.frontier {
            serde_json::to_string(&frontier::placed(rows))
        } else {
            serde_json::to_string(rows)
        };
        match text {
            Ok(text) => print(&(text + "\n")),
            Err(error) => print_error(&error, None),
        }
        return;
    }
    if command.frontier {
        print(&frontier::text(&frontier::placed(rows)));
        return;
    }
    print(&table(rows, command.hourly));
    print(LEGEND);
    advise(rows, command);
    if rows.iter().any(|row| row.policy == "aas") {
        print(&against(rows, "aas"));
    }
}

/// The line of a configuration that makes a pool one of [`SPEEDS`].
fn setting(policy: &str, hourly: f64) -> String {
    let number = policy.strip_prefix("ours-");
    match number.and_then(|number| number.parse::<f64>().ok()) {
        Some(worth) => format!("waiting_minute_dollars = \"{:.4}\"", worth * hourly / 60.0),
        None if policy == "ours" => "speed = \"balanced\"".to_owned(),
        None => format!("speed = \"{policy}\""),
    }
}

/// Writes the pictures, if some are wanted, and says which.
fn draw(rows: &[Row], sights: &[Sight], command: &SimulateCommand) -> Result<(), Exit> {
    let Some(folder) = &command.plots else {
        return Ok(());
    };
    let names = write_plots(folder, rows, sights).map_err(|error| failed(&error))?;
    if command.json {
        print_stderr(&names);
    } else {
        print(&names);
    }
    Ok(())
}

/// Says which speed fulfils the wish, for each workload, or that none does.
fn advise(rows: &[Row], command: &SimulateCommand) {
    let wish = match (command.wait_p95, command.dollars) {
        (Some(seconds), _) => Wish::WaitP95(seconds),
        (None, Some(dollars)) => Wish::Dollars(dollars),
        (None, None) => return,
    };
    for of_workload in rows.chunk_by(|one, other| one.workload == other.workload) {
        let workload = &of_workload[0].workload;
        let Some(row) = advised(of_workload, wish, command.hourly) else {
            print(&format!(
                "{workload}: no speed does that; the table says what each does\n"
            ));
            continue;
        };
        print(&format!(
            "{workload}: {}: p95 {:.1} s for ${:.2}\n",
            setting(&row.policy, command.hourly),
            row.score.wait_p95,
            row.score.machine_hours * command.hourly
        ));
    }
    let can_be_wanted = |seconds: &f64| (1.0..=Speed::WAIT_MAX_SECONDS.into()).contains(seconds);
    if let Some(seconds) = command.wait_p95.filter(can_be_wanted) {
        print(&format!(
            "or, in place of any speed, searched for from day to day: wait_p95_seconds = {seconds:.0}\n"
        ));
    }
}
