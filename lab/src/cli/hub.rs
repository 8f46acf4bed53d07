//! `dayfly-lab emulate hub`: the emulated hub alone, for any agent or scaler.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::edge::EdgeArguments;
use super::exit::Exit;
use super::faults;
use super::host::{Host, HostError, HostSettings, address, place_ca, read_pipeline};
use super::output::{failed, print, print_error, print_stderr, refused};
use super::signals::stop_signal;
use crate::emulator::http::Transport;
use crate::emulator::hub::settings::{HubSettings, Limits};
use dayfly::model::id::AgentType;
use dayfly::ports::{Clock, SystemClock};

/// Serves the emulated hub alone, for any agent or scaler, until SIGTERM or SIGINT.
///
/// Prints one line of JSON: endpoint, CA file, a registration token for each agent type, and an
/// API token. Results and logs are read through the public API.
#[derive(Debug, Args)]
#[command(after_long_help = faults::hub::HELP)]
pub struct HubCommand {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0", value_parser = address)]
    listen: SocketAddr,
    /// The pipeline whose jobs are in the queue.
    #[arg(long, value_name = "FILE")]
    pipeline: PathBuf,
    /// Where to write the certificate that clients have to trust; a temporary file otherwise.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// An agent type beside those that the pipeline asks for; may be repeated.
    #[arg(long = "agent-type", value_name = "s1-NAME")]
    agent_types: Vec<String>,
    /// Serve without TLS, for clients that are told so.
    #[arg(long)]
    plain_http: bool,
    /// The shortest and the longest time after which agents are asked back, in milliseconds.
    #[arg(long, value_names = ["MIN", "MAX"], num_args = 2, default_values = ["4000", "5999"])]
    sync_interval_ms: Vec<u32>,
    /// How many agents the organization may have; the hub refuses to register more with 422.
    #[arg(long, value_name = "N")]
    agent_quota: Option<u32>,
    #[command(flatten)]
    edge: EdgeArguments,
    /// What goes wrong, and when: TOML, or JSON if the name ends in .json. --help explains it.
    #[arg(long, value_name = "FILE")]
    faults: Option<PathBuf>,
    /// By how much the Date header of answers is ahead of the clock; negative for behind.
    #[arg(
        long,
        value_name = "N",
        default_value_t = 0,
        allow_negative_numbers = true
    )]
    date_offset_seconds: i64,
    /// All tokens and ids follow from it; drawn if absent.
    #[arg(long)]
    seed: Option<u64>,
}

/// Serves until it is ended.
pub fn run(command: HubCommand) -> ExitCode {
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    runtime
        .block_on(serve(command))
        .unwrap_or_else(|exit| exit)
        .into()
}

async fn serve(command: HubCommand) -> Result<Exit, Exit> {
    let loaded = read_pipeline(&command.pipeline)?;
    let faults = command.faults.as_deref();
    let faults = faults.map(|path| faults::hub::read(path, SystemClock.now()));
    let faults = faults.transpose().map_err(|problems| refused(&problems))?;
    let stop = stop_signal().map_err(|error| failed(&error))?;
    let seed = super::seed(command.seed)?;
    // Whoever points a client at this hub wants to see jobs, not a payload being built.
    let limits = Limits {
        payload_build: Duration::ZERO,
        scheduling: Duration::ZERO,
        ..Limits::default()
    };
    let mut hub = HubSettings {
        seed,
        agents_max: command.agent_quota,
        limits,
        ..HubSettings::default()
    };
    if let [floor, ceiling] = command.sync_interval_ms[..] {
        (hub.sync_interval_floor_ms, hub.sync_interval_ceiling_ms) = (floor, ceiling.max(floor));
    }
    let transport = if command.plain_http {
        Transport::Plain
    } else {
        Transport::Tls
    };
    let agent_types = command.agent_types.iter().map(AgentType::new).collect();
    let settings = HostSettings {
        listen: command.listen,
        transport,
        hub,
        loaded,
        seen_as: None,
        agent_types,
        edge: command.edge.settings(),
        faults: faults.unwrap_or_default(),
    };
    let host = Host::start(settings).map_err(|error| match error {
        // Those of the pipeline file were checked when it was read.
        HostError::AgentType(_) => {
            print_error(&error, Some("--agent-type takes a name such as s1-linux"));
            Exit::Usage
        }
        HostError::Unspecified(_) | HostError::Listen { .. } | HostError::Serve(_) => {
            failed(&error)
        }
    })?;
    let offset = command.date_offset_seconds;
    host.server.shared().set_date_offset_seconds(offset);
    let folder = tempfile::Builder::new().prefix("dayfly-hub-").tempdir();
    let folder = folder.map_err(|error| failed(&error))?;
    let ca_file = place_ca(&host.server, command.ca_file.as_deref(), folder.path())?;
    for notice in &host.notices {
        print_stderr(&format!("notice: {notice}\n"));
    }
    print(&format!("{}\n", line(&host, ca_file)));
    tokio::select! {
        () = stop => {}
        () = feed(host) => {}
    }
    Ok(Exit::Done)
}

/// What a client needs, in one line.
fn line(host: &Host, ca_file: Option<PathBuf>) -> serde_json::Value {
    let tokens: serde_json::Map<String, serde_json::Value> = host
        .registration_tokens
        .iter()
        .map(|(name, token)| (name.to_string(), token.expose().into()))
        .collect();
    json!({
        "endpoint": host.server.address().to_string(),
        "ca_file": ca_file,
        "registration_tokens": tokens,
        "api_token": host.api_token.expose(),
    })
}

/// Feeds the pipeline into the hub whenever something has changed in it.
async fn feed(mut host: Host) {
    let mut bell = host.server.shared().listen();
    loop {
        bell.mark_unchanged();
        let now = SystemClock.now();
        let (is_due_otherwise, deadline) = {
            let mut hub = host.server.shared().lock();
            let due_at = hub.next_deadline();
            host.feed.step(&mut hub, now);
            (hub.next_deadline() != due_at, host.feed.deadline())
        };
        // A job that was queued or stopped moves the hub's deadline, which its server waits for.
        if is_due_otherwise {
            host.server.shared().ring();
            bell.mark_unchanged();
        }
        let wait = deadline.map_or(Duration::MAX, |deadline| deadline.since(now));
        tokio::select! {
            _ = bell.changed() => {}
            () = tokio::time::sleep(wait.min(Duration::from_secs(86_400))) => {}
        }
    }
}
