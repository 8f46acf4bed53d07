//! `dayfly-lambda`, which Lambda knows as `bootstrap`: the scaler as an AWS Lambda function.
//!
//! Configuration and clients are made once in a process, at its start; what could not be made
//! then is tried again by each invocation, so that a token which comes later heals it, and each
//! failure is an error that Lambda counts.

use std::cell::RefCell;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;

use lambda_runtime::{Diagnostic, LambdaEvent, service_fn};
use serde_json::Value;
use thiserror::Error;
use tracing::level_filters::LevelFilter;

use crate::aws::{Ec2Cloud, TableLease};
use crate::config::secret::{SecretError, Secrets};
use crate::config::{Settings, load, resolve};
use crate::document::{Format, Problem};
use crate::hub::client::{ClientError, HubClient};
use crate::model::id::Deployment;
use crate::model::time::Timestamp;
use crate::ports::SystemClock;
use crate::program::connect;
use crate::program::ec2::{Ec2Error, Ec2Provider};
use crate::program::exit::Exit;
use crate::program::output::{causes, failed, print_error};
use crate::program::provider::{CloudProvider, Purpose};
use crate::program::tokens::{self, Tokens};
use crate::program::{print_metrics, runtime};
use crate::scaler::Pace;
use crate::telemetry;

use super::event::Event;
use super::function::{Failure, Function, Summary};

/// The path of a configuration file in the zip.
const FILE: &str = "DAYFLY_CONFIG";
/// A whole configuration, in TOML.
const TEXT: &str = "DAYFLY_CONFIG_TOML";
/// A whole configuration, in JSON, as Terraform writes it.
const JSON: &str = "DAYFLY_CONFIG_JSON";
/// What Lambda sets, and its runtime's library insists on.
const FROM_LAMBDA: [&str; 4] = [
    "AWS_LAMBDA_RUNTIME_API",
    "AWS_LAMBDA_FUNCTION_NAME",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE",
    "AWS_LAMBDA_FUNCTION_VERSION",
];

/// What one process keeps between invocations.
struct Kept {
    deployment: Deployment,
    function: Function<HubClient, Ec2Cloud<SystemClock>, SystemClock, Option<TableLease>>,
    tokens: Tokens<Ec2Provider>,
}

/// Why an invocation failed, in the words that Lambda logs.
#[derive(Debug, Error)]
enum LambdaError {
    /// There is not one configuration.
    #[error(
        "found {found} of {FILE}, {TEXT} and {JSON}; one of them has to say where the configuration \
         is: a path in the zip, or the whole text in TOML or in JSON"
    )]
    Source { found: usize },
    #[error("the configuration is wrong: {}", list(.0))]
    Configuration(Vec<Problem>),
    #[error("a token is missing: {}", list_causes(.0))]
    Secrets(Vec<SecretError>),
    #[error("the hub's client cannot be made")]
    Client(#[source] ClientError),
    #[error("there is no cloud")]
    Cloud(#[source] Ec2Error),
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl From<LambdaError> for Diagnostic {
    fn from(error: LambdaError) -> Self {
        let error_type = match &error {
            LambdaError::Source { .. } | LambdaError::Configuration(_) => "Dayfly.Configuration",
            LambdaError::Secrets(_) => "Dayfly.Secrets",
            LambdaError::Client(_) => "Dayfly.Hub",
            LambdaError::Cloud(_) => "Dayfly.Cloud",
            LambdaError::Failure(Failure::NoTime { .. }) => "Dayfly.NoTime",
            LambdaError::Failure(Failure::Silent { .. }) => "Dayfly.Silent",
            LambdaError::Failure(Failure::Lease(_)) => "Dayfly.Lease",
            LambdaError::Failure(Failure::Violation { .. }) => "Dayfly.Violation",
        };
        Self {
            error_type: error_type.to_owned(),
            error_message: causes(&error),
        }
    }
}

/// Serves invocations until Lambda ends the process.
pub fn run() -> ExitCode {
    telemetry::init(telemetry::Format::Json, level(), false);
    tracing::info!(version = crate::VERSION, "dayfly starts");
    if let Some(name) = FROM_LAMBDA.iter().find(|name| variable(name).is_none()) {
        let error = format!("{name} is not set: this program runs in AWS Lambda");
        print_error(&*Box::<dyn Error>::from(error), None);
        return Exit::Usage.into();
    }
    let runtime = match runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    match runtime.block_on(serve()) {
        Ok(()) => Exit::Done.into(),
        Err(error) => failed(&*error).into(),
    }
}

async fn serve() -> Result<(), lambda_runtime::Error> {
    let kept = RefCell::new(None);
    match start().await {
        Ok(started) => drop(kept.replace(Some(started))),
        Err(error) => tracing::error!(error = %causes(&error), "cannot start yet"),
    }
    let invoke = |event| invoke(&kept, event);
    Box::pin(lambda_runtime::run(service_fn(invoke))).await
}

/// One invocation. What is kept is taken out for its time: after a panic it is gone, and made anew.
async fn invoke(
    kept: &RefCell<Option<Kept>>,
    event: LambdaEvent<Value>,
) -> Result<Summary, LambdaError> {
    let taken = kept.take();
    let mut current = match taken {
        Some(current) => current,
        None => start().await?,
    };
    let deadline = Timestamp::from_millis(event.context.deadline);
    let event = Event::read(&event.payload);
    let (deployment, tokens) = (&current.deployment, &current.tokens);
    let served = current.function.serve(&event, deadline, |tick| {
        tokens.see(tick);
        print_metrics(tick, deployment);
    });
    let answer = tokio::select! {
        answer = Box::pin(served) => answer,
        never = tokens.keep() => match never {},
    };
    kept.replace(Some(current));
    Ok(answer?)
}

/// Everything that invocations need, from the environment.
async fn start() -> Result<Kept, LambdaError> {
    let settings = settings()?;
    let secrets = tokens::read::<Ec2Provider>(&settings, variable).await;
    let secrets = secrets.map_err(LambdaError::Secrets)?;
    let hub = connect::hub_client(&settings, &secrets).map_err(LambdaError::Client)?;
    let cloud = Ec2Provider::connect(&settings, &secrets, Purpose::Scale).await;
    let cloud = cloud.map_err(LambdaError::Cloud)?;
    let pace = Pace {
        interval: settings.config.tick_interval,
        spacing: settings.config.tick_spacing,
    };
    let deployment = settings.deployment.clone();
    let told = (hub.clone(), cloud.clone());
    let tell = move |settings: &Settings, secrets: &Secrets| {
        let (hub, cloud) = &told;
        let access = connect::access(settings, secrets);
        hub.set_access(access, secrets.api_token.clone());
        cloud.set_registration_tokens(&secrets.registration_tokens);
    };
    let scaler = connect::scaler(&settings, hub, &cloud);
    Ok(Kept {
        deployment,
        tokens: Tokens::new(settings, variable, secrets, tell),
        function: Function::new(scaler, SystemClock, pace),
    })
}

fn settings() -> Result<Settings, LambdaError> {
    let whole = |text: &str, name, format| resolve(text, name, format, Path::new(""));
    match (variable(FILE), variable(TEXT), variable(JSON)) {
        (Some(path), None, None) => load(Path::new(&path)),
        (None, Some(text), None) => whole(&text, TEXT, Format::Toml),
        (None, None, Some(text)) => whole(&text, JSON, Format::Yaml),
        (path, toml, json) => {
            let found = [path, toml, json].iter().flatten().count();
            return Err(LambdaError::Source { found });
        }
    }
    .map_err(LambdaError::Configuration)
}

/// A variable of the environment; an empty one counts as absent.
#[expect(
    clippy::disallowed_methods,
    reason = "the environment is read at this door alone"
)]
fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// What Lambda's own setting of the application's log level says.
fn level() -> LevelFilter {
    let word = variable("AWS_LAMBDA_LOG_LEVEL").unwrap_or_default();
    match word.to_ascii_uppercase().as_str() {
        "TRACE" => LevelFilter::TRACE,
        "DEBUG" => LevelFilter::DEBUG,
        "WARN" => LevelFilter::WARN,
        "ERROR" | "FATAL" => LevelFilter::ERROR,
        _ => LevelFilter::INFO,
    }
}

fn list(problems: &[Problem]) -> String {
    let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.join("; ")
}

fn list_causes(errors: &[SecretError]) -> String {
    let lines: Vec<String> = errors.iter().map(|error| causes(error)).collect();
    lines.join("; ")
}
