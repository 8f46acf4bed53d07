//! `dayfly image`: images with the agent baked in, from a stock image to the parameter that launches
//! read, and back.

mod build;
mod list;
mod name;
mod promote;
mod scene;
mod trouble;

use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Args, Subcommand};

use self::scene::Scene;
use self::trouble::ImageError;
use super::exit::{EXIT_CODES, Exit};
use super::output::{failed, print, print_error, print_stderr};
use super::signals::stop_signal;
use crate::aws::bakery::Stop;

/// What can be done with images.
#[derive(Debug, Subcommand)]
pub enum ImageCommand {
    /// Makes an image with the agent in it, of a stock image and a machine that is then ended.
    #[command(after_help = EXIT_CODES)]
    Build(build::BuildCommand),
    /// Lets machines of the pool boot an image, and names it in the pool's parameter if they do.
    #[command(after_help = EXIT_CODES)]
    Promote(promote::PromoteCommand),
    /// Names the image that was named before, and marks the present one as rejected.
    #[command(after_help = EXIT_CODES)]
    Rollback(name::RollbackCommand),
    /// Lists the images of a pool, with what is known of each.
    #[command(after_help = EXIT_CODES)]
    List(list::ListCommand),
    /// Gives images up, and removes the snapshots under them.
    #[command(after_help = EXIT_CODES)]
    Remove(list::RemoveCommand),
}

/// Whose images.
#[derive(Debug, Args)]
struct Whose {
    /// The configuration: TOML, or JSON if its name ends in `.json`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The pool whose machines boot them.
    #[arg(long, value_name = "NAME")]
    pool: String,
    /// JSON on stdout, instead of text.
    #[arg(long)]
    json: bool,
}

/// Does what is asked, and says what became of it.
pub fn run(command: ImageCommand) -> ExitCode {
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    let exit = runtime.block_on(async {
        match command {
            ImageCommand::Build(command) => stoppable(|stop| build::run(command, stop)).await,
            ImageCommand::Promote(command) => stoppable(|stop| promote::run(command, stop)).await,
            ImageCommand::Rollback(command) => name::rollback(command).await,
            ImageCommand::List(command) => list::list(command).await,
            ImageCommand::Remove(command) => list::remove(command).await,
        }
    });
    exit.unwrap_or_else(|exit| exit).into()
}

/// Lets SIGINT and SIGTERM ask the work to stop, which takes it some seconds: it ends what it has
/// launched.
async fn stoppable<W: Future<Output = Result<Exit, Exit>>>(
    work: impl FnOnce(Stop) -> W,
) -> Result<Exit, Exit> {
    let signal = stop_signal().map_err(|error| failed(&error))?;
    let (asking, stop) = tokio::sync::watch::channel(false);
    let ask = async move {
        signal.await;
        print_stderr("image: stopping; what is half done is cleared away\n");
        // Nobody listens any more once the work is done.
        let _ = asking.send(true);
        std::future::pending::<std::convert::Infallible>().await
    };
    tokio::select! {
        done = Box::pin(work(stop)) => done,
        never = ask => match never {},
    }
}

/// A line of progress on stderr.
fn tell(text: &str) {
    print_stderr(&format!("image: {text}\n"));
}

/// What was asked for, on stdout: text, or an object.
fn answer(json: bool, text: &str, object: &serde_json::Value) {
    if json {
        print(&format!("{object}\n"));
    } else {
        print(text);
    }
}

/// An error with its remedy.
fn refuse(error: &ImageError) -> Exit {
    print_error(error, error.hint().as_deref());
    error.exit()
}
