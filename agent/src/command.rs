//! `dayfly-agent start`, which is also `dayfly-lab agent start`: the demo runs the program that it is.

use std::collections::BTreeMap;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, fs};

use clap::{Arg, ArgAction, ArgMatches, Args, Command, Error, FromArgMatches, Subcommand};
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

use crate::settings::{
    AgentSettings, CONFIG_FILE, FileLayer, KEYS, Key, Layers, LogFormat, PREFIX, SettingsError,
    Shape, preflight, resolve, take_token,
};
use crate::start;
use dayfly::telemetry;

/// Told at the end of `--help`.
const AFTER_HELP: &str = "\
Every setting may also stand in the environment as SEMAPHORE_AGENT_NAME, upper case and with _ for -, \
or in the file that --config-file names. A flag wins over the environment, the environment over the file.

On stdout the agent writes one line per step of its life, `dayfly: registered NAME`, \
`dayfly: job JOB started`, `dayfly: log closed JOB`, `dayfly: leaving: REASON`; its log goes to stderr.

Exit codes: 0 the hub or a signal ended it, 1 it could not register or lost the hub, \
2 usage, 3 configuration, or something that a job needs is missing.";

/// What the agent program can do.
#[derive(Debug, Subcommand)]
pub enum AgentCommand {
    /// Register, run jobs, stream their logs, leave.
    Start(StartFlags),
}

/// The flags of `start`: one for every setting.
#[derive(Debug)]
pub struct StartFlags(BTreeMap<String, Vec<String>>);

/// Runs the command to its end. Everything that a person should know is on stderr then.
pub fn run(command: AgentCommand) -> ExitCode {
    let AgentCommand::Start(StartFlags(flags)) = command;
    // A core dump, or a job's debugger, would find the tokens in this process.
    let hidden = set_dumpable_behavior(DumpableBehavior::NotDumpable);
    let environment: BTreeMap<String, String> = env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect();
    let settings = match configure(flags, &environment) {
        Ok(settings) => settings,
        Err(problems) => return refuse(&problems),
    };
    let color = io::stderr().is_terminal() && !environment.contains_key("NO_COLOR");
    let format = match settings.log_format {
        LogFormat::Text => telemetry::Format::Text,
        LogFormat::Json => telemetry::Format::Json,
    };
    telemetry::init(format, settings.log_level, color);
    tracing::info!(version = dayfly::VERSION, "dayfly-agent starts");
    for notice in &settings.notices {
        tracing::warn!("{notice}");
    }
    if let Err(error) = hidden {
        tracing::warn!(%error, "cannot keep this process out of core dumps");
    }
    match live(&settings, &environment) {
        Ok(code) => code,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::from(3)
        }
    }
}

fn live(
    settings: &AgentSettings,
    environment: &BTreeMap<String, String>,
) -> anyhow::Result<ExitCode> {
    preflight(settings, environment)?;
    let token = take_token(&settings.token)?;
    let temporary = environment.get("TMPDIR").map_or("/tmp", String::as_str);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let reason = runtime.block_on(start::run(settings, token, &PathBuf::from(temporary)))?;
    Ok(ExitCode::from(reason.exit_code()))
}

/// Reads flags, environment and file.
fn configure(
    flags: BTreeMap<String, Vec<String>>,
    environment: &BTreeMap<String, String>,
) -> Result<AgentSettings, SettingsError> {
    let variable = format!("{PREFIX}CONFIG_FILE");
    let file = flags
        .get(CONFIG_FILE)
        .and_then(|paths| paths.last())
        .or_else(|| environment.get(&variable))
        .filter(|path| !path.is_empty());
    let file = match file {
        Some(path) => {
            let text = fs::read_to_string(path)
                .map_err(|error| SettingsError(vec![format!("{path} cannot be read: {error}")]))?;
            FileLayer::parse(&text, path).map_err(SettingsError)?
        }
        None => FileLayer::default(),
    };
    resolve(&Layers {
        flags,
        environment: environment.clone(),
        file,
    })
}

/// Tells every problem, one a line.
fn refuse(SettingsError(problems): &SettingsError) -> ExitCode {
    let lines: String = problems
        .iter()
        .map(|problem| format!("error: {problem}\n"))
        .collect();
    // Without stderr there is nobody to tell.
    let _ = io::stderr().write_all(lines.as_bytes());
    ExitCode::from(3)
}

fn flag(key: &Key) -> Arg {
    let flag = Arg::new(key.name)
        .long(key.name)
        .help(key.help)
        .action(ArgAction::Append);
    match key.shape {
        Shape::Text => flag.value_name("TEXT"),
        Shape::Seconds => flag.value_name("SECONDS"),
        Shape::List => flag.value_name("LIST"),
        // As the official agent's flags: `--x` is true, `--x=false` is not.
        Shape::Switch => flag
            .value_name("BOOL")
            .num_args(0..=1)
            .require_equals(true)
            .default_missing_value("true"),
    }
}

impl Args for StartFlags {
    fn augment_args(command: Command) -> Command {
        command.args(KEYS.iter().map(flag)).after_help(AFTER_HELP)
    }

    fn augment_args_for_update(command: Command) -> Command {
        Self::augment_args(command)
    }
}

impl FromArgMatches for StartFlags {
    fn from_arg_matches(matches: &ArgMatches) -> Result<Self, Error> {
        let given = |key: &Key| {
            let texts = matches.get_many::<String>(key.name)?;
            Some((key.name.to_owned(), texts.cloned().collect()))
        };
        Ok(Self(KEYS.iter().filter_map(given).collect()))
    }

    fn update_from_arg_matches(&mut self, matches: &ArgMatches) -> Result<(), Error> {
        *self = Self::from_arg_matches(matches)?;
        Ok(())
    }
}
