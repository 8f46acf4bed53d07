//! `dayfly run`: scale until SIGTERM or SIGINT; read the configuration again at SIGHUP.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use tokio::sync::Notify;
use tracing::level_filters::LevelFilter;

use super::connect;
use super::exit::{EXIT_CODES, Exit};
use super::learned::{self, Learned};
use super::notify::{Manager, NotifyError};
use super::output::{failed, style};
use super::service::Service;
use super::tokens::Tokens;
use crate::config::secret::Secrets;
use crate::config::{LogFormat, Metrics, Settings};
use crate::program::connect::{access, scaler};
use crate::program::print_metrics;
use crate::program::provider::{CloudProvider, Purpose};
use crate::scaler::Tick;
use crate::telemetry;

/// Scales until SIGTERM or SIGINT; SIGHUP reads the configuration again. Logs go to stderr: one line a tick, one for each action.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct RunCommand {
    /// The configuration: TOML, or JSON if its name ends in `.json`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Log more.
    #[arg(short, long)]
    verbose: bool,
}

/// Scales.
pub fn run<P: CloudProvider>(command: RunCommand) -> ExitCode {
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    runtime
        .block_on(scale::<P>(command))
        .unwrap_or_else(|exit| exit)
        .into()
}

async fn scale<P: CloudProvider>(command: RunCommand) -> Result<Exit, Exit> {
    let settings = connect::read_for::<P>(&command.config)?;
    let secrets = connect::secrets::<P>(&settings).await?;
    let format = match settings.config.log_format {
        LogFormat::Text => telemetry::Format::Text,
        LogFormat::Json => telemetry::Format::Json,
    };
    let level = if command.verbose {
        LevelFilter::DEBUG
    } else {
        LevelFilter::INFO
    };
    telemetry::init(format, level, style().colour);
    tracing::info!(version = crate::VERSION, "dayfly starts");
    let manager = manager().map_err(|error| failed(&error))?;
    let service = Service::new(command.config, settings.clone(), manager);
    let service = service.map_err(|error| failed(&error))?;
    let hub = connect::hub(&settings, &secrets)?;
    let cloud: P = connect::provider(&settings, &secrets, Purpose::Scale).await?;
    tracing::info!(
        deployment = %settings.deployment,
        hub = %settings.config.hub.endpoint,
        pools = settings.pools.len(),
        "scaling"
    );
    let metrics = settings.config.metrics;
    let deployment = settings.deployment.clone();
    let mut scaler = scaler(&settings, hub.clone(), &cloud);
    let learned = settings.config.learned_file.clone().map(|path| {
        scaler.set_forecast(learned::read(&path));
        Learned::new(path, scaler.forecast())
    });
    let hasten = Arc::new(Notify::new());
    let told = (hub, cloud.clone(), hasten.clone());
    let tell = move |settings: &Settings, secrets: &Secrets| {
        let (hub, cloud, hasten) = &told;
        hub.set_access(access(settings, secrets), secrets.api_token.clone());
        cloud.set_registration_tokens(&secrets.registration_tokens);
        hasten.notify_one();
    };
    let tokens = Tokens::<P>::new(settings, connect::variable, secrets, tell);
    let adopt = |settings: &Settings| {
        cloud.set_policy(settings);
        tokens.adopt(settings);
        Ok(())
    };
    let on_tick = |tick: &Tick| {
        tokens.see(tick);
        learned.iter().for_each(|learned| learned.see(tick.at));
        match metrics {
            Metrics::Emf => print_metrics(tick, &deployment),
            Metrics::None => {}
        }
    };
    tokio::select! {
        () = service.serve(&mut scaler, &hasten, adopt, on_tick) => {}
        () = cloud.hasten(&hasten) => {}
        never = tokens.keep() => match never {},
    }
    learned.iter().for_each(Learned::write);
    match cloud.shutdown().await {
        0 => Ok(Exit::Done),
        _ => Ok(Exit::Failed),
    }
}

/// Whoever started this process, and wants to hear of it.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment is read at this door alone"
)]
fn manager() -> Result<Manager, NotifyError> {
    Manager::new(|name| std::env::var(name).ok(), std::process::id())
}
