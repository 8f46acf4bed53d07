//! `dayfly history`: what ran in a pool, for `dayfly-lab simulate`.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use clap::{Args, Subcommand};

use super::connect;
use super::exit::Exit;
use super::output::{causes, print, print_stderr, replace};
use crate::history::{History, queued_at};
use crate::hub::client::{CallError, PublicClient};
use crate::hub::wire::public::JobPage;
use crate::model::id::{AgentType, PoolName};
use crate::ports::{Clock, SystemClock};
use crate::program::connect::http_settings;
use crate::program::provider::CloudProvider;

/// Before a page is asked for again. The hub is given about half a minute to get well.
const PAUSES: [Duration; 4] = [
    Duration::from_secs(1),
    Duration::from_secs(3),
    Duration::from_secs(9),
    Duration::from_secs(20),
];
const WEEK: Duration = Duration::from_secs(7 * 24 * 3600);

/// What ran in a pool.
#[derive(Debug, Subcommand)]
pub enum HistoryCommand {
    /// Writes the jobs that a pool has run as a CSV file, which `dayfly-lab simulate --workload`
    /// replays. It asks the hub alone, and changes nothing.
    Export(ExportCommand),
}

/// Which jobs, and where to.
#[derive(Debug, Args)]
pub struct ExportCommand {
    /// The configuration, for the hub, its API token and the pool's agent type.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// The pool.
    #[arg(long, value_name = "NAME")]
    pool: String,
    /// How many weeks back.
    #[arg(long, value_name = "WEEKS", default_value_t = 5, value_parser = clap::value_parser!(u32).range(1..=52))]
    weeks: u32,
    /// The file, which is replaced; stdout if none is named.
    #[arg(long, value_name = "FILE.csv")]
    output: Option<PathBuf>,
}

/// Does what is asked of a pool's history.
pub fn run<P: CloudProvider>(command: HistoryCommand) -> ExitCode {
    match command {
        HistoryCommand::Export(command) => {
            export::<P>(&command).map_or_else(Into::into, Into::into)
        }
    }
}

fn export<P: CloudProvider>(command: &ExportCommand) -> Result<Exit, Exit> {
    let settings = connect::read(&command.config)?;
    let name = PoolName::new(&command.pool);
    let Some(pool) = settings.pools.get(&name) else {
        let known: Vec<&str> = settings.pools.keys().map(PoolName::as_str).collect();
        print_stderr(&format!(
            "error: found the pool {:?}; expected one of {}\n",
            command.pool,
            known.join(", ")
        ));
        return Err(Exit::Usage);
    };
    let runtime = super::runtime()?;
    let secrets = runtime.block_on(connect::secrets::<P>(&settings))?;
    let Some(api_token) = secrets.api_token.clone() else {
        print_stderr(&format!(
            "error: {}: hub.api_token is missing; jobs are listed to an API token alone\n\n\
             hint: docs/CONFIGURATION.md says how it is named, and what it may see\n",
            command.config.display()
        ));
        return Err(Exit::Configuration);
    };
    let client = PublicClient::new(&http_settings(&settings), api_token);
    let client = client.map_err(|error| super::output::failed(&error))?;
    let from = SystemClock.now().as_seconds();
    let from = from.saturating_sub((WEEK * command.weeks).as_secs());
    let history = runtime.block_on(collect(&client, &pool.policy.agent_type, from));
    let history = history.map_err(|error| refused(&error))?;
    if history.is_empty() {
        print_stderr(&format!(
            "error: the hub lists no job that {} has run in the last {} weeks\n\n\
             hint: a token sees the jobs of its own projects alone\n",
            pool.policy.agent_type, command.weeks
        ));
        return Err(Exit::Failed);
    }
    write(&history, command.output.as_deref())
}

/// Lists finished jobs, newest first, until one was queued before `from`.
async fn collect(
    client: &PublicClient,
    agent_type: &AgentType,
    from: u64,
) -> Result<History, CallError> {
    let (mut history, mut next, mut pages) = (History::default(), String::new(), 0_u32);
    loop {
        let page = page(client, &next).await?;
        let mut is_over = page.next_page_token.is_empty();
        for job in &page.jobs {
            if queued_at(job).is_some_and(|queued| queued < from) {
                is_over = true;
            } else {
                history.add(job, agent_type);
            }
        }
        pages += 1;
        if is_over {
            return Ok(history);
        }
        if pages.is_multiple_of(20) {
            print_stderr(&format!("{pages} pages, {} jobs\n", history.len()));
        }
        next = page.next_page_token;
    }
}

/// One page, asked for again where that can help.
async fn page(client: &PublicClient, token: &str) -> Result<JobPage, CallError> {
    for pause in PAUSES {
        match client.jobs_page(&["FINISHED"], token).await {
            Err(error) if error.may_pass() => tokio::time::sleep(pause).await,
            answer => return answer,
        }
    }
    client.jobs_page(&["FINISHED"], token).await
}

fn refused(error: &CallError) -> Exit {
    let hint = match error.status() {
        Some(401 | 403) => "\nhint: the API token has to be valid, and to see projects and jobs\n",
        Some(_) | None => "",
    };
    print_stderr(&format!("error: {}\n{hint}", causes(error)));
    Exit::Failed
}

fn write(history: &History, output: Option<&Path>) -> Result<Exit, Exit> {
    let text = history.csv();
    let Some(path) = output else {
        print(&text);
        return Ok(Exit::Done);
    };
    if let Err(error) = replace(path, &text) {
        print_stderr(&format!("error: {}: {error}\n", path.display()));
        return Err(Exit::Failed);
    }
    print_stderr(&format!(
        "{} jobs in {path}; next: dayfly-lab simulate --workload {path} --compare\n",
        history.len(),
        path = path.display()
    ));
    Ok(Exit::Done)
}
