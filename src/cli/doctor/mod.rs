//! `dayfly doctor`: looks at everything that a deployment needs, and says what is wrong with it.

#[cfg(feature = "aws")]
pub mod ec2;
mod hub;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;

use super::connect;
use super::exit::{EXIT_CODES, Exit};
use super::output::{Style, causes, print, stdout_style};
use crate::config::secret::Secrets;
use crate::config::{Settings, load};
use crate::doctor::{Finding, Health, worst};
use crate::document::Problem;
use crate::program::provider::CloudProvider;

/// Looks at configuration, tokens, hub, clock and cloud: one line each, with the remedy. Launches
/// nothing and changes nothing. Exits with 0 only if nothing is wrong.
#[derive(Debug, Args)]
#[command(after_help = EXIT_CODES)]
pub struct DoctorCommand {
    /// The configuration: TOML, or JSON if its name ends in `.json`.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// One JSON object a line, instead of text.
    #[arg(long)]
    json: bool,
}

/// Looks, and says what it has found; `of_cloud` looks at the cloud that the program has.
pub fn run<P: CloudProvider>(
    command: DoctorCommand,
    of_cloud: impl AsyncFn(&Settings, Option<&Secrets>) -> Vec<Finding>,
) -> ExitCode {
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    let (findings, exit) = runtime.block_on(examine::<P>(&command.config, of_cloud));
    let style = stdout_style();
    let lines = findings.iter().map(|finding| {
        if command.json {
            serde_json::to_string(finding).expect("a finding is texts")
        } else {
            line(finding, style)
        }
    });
    print(&lines.map(|line| line + "\n").collect::<String>());
    exit.into()
}

async fn examine<P: CloudProvider>(
    path: &Path,
    of_cloud: impl AsyncFn(&Settings, Option<&Secrets>) -> Vec<Finding>,
) -> (Vec<Finding>, Exit) {
    let settings = match load(path) {
        Ok(settings) => settings,
        Err(problems) => {
            let wrong = problems.into_iter().map(|problem| {
                let found = Problem {
                    expected: String::new(),
                    ..problem.clone()
                };
                Finding::wrong("configuration", found.to_string(), problem.expected)
            });
            return (wrong.collect(), Exit::Configuration);
        }
    };
    let mut findings = vec![Finding::ok(
        "configuration",
        format!(
            "{} is right: deployment {}",
            path.display(),
            settings.deployment
        ),
    )];
    let secrets = tokens::<P>(&settings, &mut findings).await;
    if let Some(secrets) = &secrets {
        findings.extend(hub::examine(&settings, secrets).await);
    }
    findings.extend(Box::pin(of_cloud(&settings, secrets.as_ref())).await);
    let exit = match (worst(&findings), secrets) {
        (_, None) => Exit::Configuration,
        (Health::Wrong, Some(_)) => Exit::Failed,
        (Health::Ok | Health::Warning, Some(_)) => Exit::Done,
    };
    (findings, exit)
}

/// The tokens, or a line for each that is not where the configuration says.
async fn tokens<P: CloudProvider>(
    settings: &Settings,
    findings: &mut Vec<Finding>,
) -> Option<Secrets> {
    match connect::try_secrets::<P>(settings).await {
        Ok(secrets) => {
            let count =
                secrets.registration_tokens.len() + usize::from(secrets.api_token.is_some());
            findings.push(Finding::ok("tokens", format!("{count} found")));
            Some(secrets)
        }
        Err(errors) => {
            findings.extend(errors.iter().map(|error| {
                let remedy = "put it there, readable for this user alone";
                Finding::wrong("tokens", causes(error), remedy)
            }));
            None
        }
    }
}

fn line(finding: &Finding, style: Style) -> String {
    let code = match finding.health {
        Health::Ok => "32",
        Health::Warning => "33",
        Health::Wrong => "31",
    };
    let health = format!("{:<7}", finding.health);
    format!("{}  {finding}", style.paint(code, &health))
}
