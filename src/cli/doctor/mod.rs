//! `dayfly doctor`: looks at everything that a deployment needs, and says what is wrong with it.

#[cfg(feature = "aws")]
mod ec2;
mod hub;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use rustix::fs::{Access, access};

use super::connect;
use super::exit::{EXIT_CODES, Exit};
use super::output::{Style, causes, print, stdout_style};
use crate::config::secret::Secrets;
use crate::config::{CloudSettings, Settings, load};
use crate::doctor::{Finding, Health, place, worst};
use crate::document::Problem;

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

/// Looks, and says what it has found.
pub fn run(command: DoctorCommand) -> ExitCode {
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    let (findings, exit) = runtime.block_on(examine(&command.config));
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

async fn examine(path: &Path) -> (Vec<Finding>, Exit) {
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
            settings.policy.deployment
        ),
    )];
    let secrets = tokens(&settings, &mut findings).await;
    if let Some(secrets) = &secrets {
        findings.extend(hub::examine(&settings, secrets).await);
    }
    match &settings.config.cloud {
        CloudSettings::Process(process) => {
            let is_writable = is_writable(&process.folder);
            findings.push(place::folder(&process.folder, is_writable));
        }
        #[cfg(feature = "aws")]
        CloudSettings::Ec2(ec2) => {
            let examined = Box::pin(ec2::examine(&settings, ec2, secrets.as_ref()));
            findings.extend(examined.await);
        }
        #[cfg(not(feature = "aws"))]
        CloudSettings::Ec2(_) => findings.push(Finding::wrong(
            "AWS",
            "this program was built without it",
            "build it with the feature aws",
        )),
    }
    let exit = match (worst(&findings), secrets) {
        (_, None) => Exit::Configuration,
        (Health::Wrong, Some(_)) => Exit::Failed,
        (Health::Ok | Health::Warning, Some(_)) => Exit::Done,
    };
    (findings, exit)
}

/// The tokens, or a line for each that is not where the configuration says.
async fn tokens(settings: &Settings, findings: &mut Vec<Finding>) -> Option<Secrets> {
    match connect::try_secrets(&settings.config).await {
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

/// Whether a folder can be written, or made where it will be.
fn is_writable(folder: &Path) -> bool {
    let there = folder.ancestors().find(|ancestor| ancestor.exists());
    // A relative path's last ancestor is empty, and means the working folder.
    let there = there.filter(|path| !path.as_os_str().is_empty());
    let there = there.unwrap_or(Path::new("."));
    there.is_dir() && access(there, Access::WRITE_OK | Access::EXEC_OK).is_ok()
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
