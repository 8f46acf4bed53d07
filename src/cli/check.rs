//! `dayfly check`: is the configuration right? Every error at once.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::connect;
use super::exit::Exit;
use super::output::print;
use crate::program::provider::CloudProvider;

/// Reads a configuration and lists everything that is wrong with it.
#[derive(Debug, Args)]
pub struct CheckCommand {
    /// The configuration: TOML, or JSON if its name ends in `.json`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

/// Checks, and says how many pools there are if all is well.
pub fn run<P: CloudProvider>(command: CheckCommand) -> ExitCode {
    let settings = match connect::read_for::<P>(&command.config) {
        Ok(settings) => settings,
        Err(exit) => return exit.into(),
    };
    let pools: Vec<String> = settings
        .pools
        .iter()
        .map(|(name, pool)| {
            let pool = &pool.policy;
            let most = match pool.reserve_max() {
                most if most == pool.reserve => String::new(),
                most => format!(", {most} in some hours"),
            };
            format!(
                "  {name}: agent type {}, {} machines at most, {} in reserve{most}\n",
                pool.agent_type, pool.machines_max, pool.reserve
            )
        })
        .collect();
    print(&format!(
        "{} is right: deployment {}, hub {}, {} machines at most, {}\n{}",
        command.config.display(),
        settings.deployment,
        settings.config.hub.endpoint,
        settings.machines_max,
        counted(settings.pools.len(), "pool"),
        pools.concat()
    ));
    Exit::Done.into()
}

/// A number and its noun.
fn counted(count: usize, noun: &str) -> String {
    if count == 1 {
        format!("{count} {noun}")
    } else {
        format!("{count} {noun}s")
    }
}
