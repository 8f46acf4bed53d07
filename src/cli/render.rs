//! `dayfly render`: what others are given, printed.

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use super::connect;
use super::exit::Exit;
use super::output::{failed, print, refused};
use crate::model::id::PoolName;
use crate::user_data::user_data;

/// What can be rendered.
#[derive(Debug, Subcommand)]
pub enum RenderCommand {
    /// The user data of a pool's machines, as it stands in their launch template before base64.
    UserData(UserDataCommand),
}

/// Of which pool, and where to.
#[derive(Debug, Args)]
pub struct UserDataCommand {
    /// The configuration: TOML, or JSON if its name ends in `.json`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The pool.
    #[arg(long, value_name = "NAME")]
    pool: String,
    /// Writes it there instead of to stdout.
    #[arg(long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Renders, or lists everything that keeps it from that.
pub fn run(command: RenderCommand) -> ExitCode {
    let RenderCommand::UserData(command) = command;
    match render(&command) {
        Ok(()) => Exit::Done.into(),
        Err(exit) => exit.into(),
    }
}

fn render(command: &UserDataCommand) -> Result<(), Exit> {
    let settings = connect::read(&command.config)?;
    let file = command.config.display().to_string();
    let text = user_data(&settings, &file, &PoolName::new(command.pool.as_str()))
        .map_err(|problems| refused(&problems))?;
    match &command.output {
        Some(path) => std::fs::write(path, text).map_err(|error| {
            let named = std::io::Error::new(error.kind(), format!("{}: {error}", path.display()));
            failed(&named)
        }),
        None => {
            print(&text);
            Ok(())
        }
    }
}
