//! `dayfly-lab emulate aws`: an emulated AWS account alone, for any scaler or AWS client.

pub mod bodies;
pub mod virtual_machines;

use std::collections::BTreeMap;
use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};
use tracing::level_filters::LevelFilter;

use self::bodies::Bodies;
use self::virtual_machines::VirtualMachines;
use super::exit::Exit;
use super::host::{address, listener, place_ca};
use super::machine::TEMPORARY;
use super::output::{failed, print, print_stderr, refused, style};
use super::signals::stop_signal;
use super::{connect, faults, provider};
use crate::emulator::ec2::machine::Switch;
use crate::emulator::ec2::settings::Ec2Settings;
use crate::emulator::ec2::template::LaunchTemplate;
use crate::emulator::ec2::throttle::Throttling;
use crate::emulator::ec2::{Ec2, Supply};
use crate::emulator::http::{Server, Shared, Transport};
use crate::local::process::ProcessCloud;
use crate::local::qemu::QemuSettings;
use dayfly::config;
use dayfly::model::offer::Market;
use dayfly::ports::{Clock, SystemClock};
use dayfly::telemetry;

/// Serves an emulated AWS account alone, for any scaler or AWS client, until SIGTERM or SIGINT.
///
/// Prints one line of JSON: endpoint, CA file and region, and what the account holds. It speaks
/// EC2, GetParameter of SSM, and DynamoDB as far as a lease needs it. Any credentials are good.
#[derive(Debug, Args)]
#[command(after_long_help = faults::cloud::HELP)]
pub struct CloudCommand {
    /// Where to listen; port 0 picks a free one.
    #[arg(long, value_name = "HOST:PORT", default_value = "127.0.0.1:0", value_parser = address)]
    listen: SocketAddr,
    /// Where to write the certificate that clients have to trust; a temporary file otherwise.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// Serve without TLS, for clients that are told so.
    #[arg(long)]
    plain_http: bool,
    /// How many machines of an offer may live at once, such as c7i.large@subnet-a/spot=2; may
    /// be repeated. What is not named has no limit.
    #[arg(long, value_name = "TYPE@SUBNET/MARKET=N", value_parser = capacity)]
    capacity: Vec<Capacity>,
    /// Whether calls are throttled by the account's real limits.
    #[arg(long, value_enum, default_value = "real")]
    throttling: ThrottlingChoice,
    /// How long a machine is pending before it runs.
    #[arg(long, value_name = "N", default_value_t = 5)]
    seconds_pending: u32,
    /// How long it takes until an image that is made of a machine can be booted.
    #[arg(long, value_name = "N", default_value_t = 180)]
    seconds_image: u32,
    /// A parameter of SSM, with the file that has its value; may be repeated.
    #[arg(long = "parameter", value_name = "NAME=FILE", value_parser = parameter)]
    parameters: Vec<(String, PathBuf)>,
    /// Let machines run agents: process trees of this computer, each for the pool of this
    /// configuration that its tag dayfly:pool names. Machines run nothing otherwise.
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Let machines be virtual ones of this computer that boot this image, a folder that
    /// cloud-init/image/build has made.
    #[arg(long, value_name = "FOLDER", conflicts_with = "config")]
    image: Option<PathBuf>,
    /// The user data of a launch template, with its file; may be repeated. A template that the
    /// account does not have is made.
    #[arg(long = "user-data", value_name = "TEMPLATE=FILE", value_parser = user_data)]
    user_data: Vec<(String, PathBuf)>,
    /// Certificates that virtual machines trust beside the account's; may be repeated.
    #[arg(long, value_name = "FILE", requires = "image")]
    trust: Vec<PathBuf>,
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
    /// All ids follow from it; drawn if absent.
    #[arg(long)]
    seed: Option<u64>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
enum ThrottlingChoice {
    /// As AWS throttles.
    Real,
    /// Not at all.
    None,
}

/// What `--capacity` limits, and to how many.
#[derive(Clone, Debug)]
struct Capacity {
    instance_type: String,
    subnet: String,
    market: Market,
    machines_max: u32,
}

fn capacity(text: &str) -> Result<Capacity, String> {
    let read = || {
        let (offer, count) = text.split_once('=')?;
        let (instance_type, place) = offer.split_once('@')?;
        let (subnet, market) = place.split_once('/')?;
        let markets = [Market::Spot, Market::OnDemand];
        Some(Capacity {
            instance_type: instance_type.to_owned(),
            subnet: subnet.to_owned(),
            market: markets.into_iter().find(|it| it.to_string() == market)?,
            machines_max: count.parse().ok()?,
        })
    };
    read().ok_or_else(|| {
        "expected TYPE@SUBNET/MARKET=N, such as c7i.large@subnet-a/spot=2 or \
         c7i.large@subnet-a/on-demand=0"
            .to_owned()
    })
}

fn parameter(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if !name.is_empty() && !path.is_empty() => {
            Ok((name.to_owned(), PathBuf::from(path)))
        }
        Some(_) | None => Err("expected NAME=FILE, such as /dayfly/token=token.txt".to_owned()),
    }
}

fn user_data(text: &str) -> Result<(String, PathBuf), String> {
    match text.split_once('=') {
        Some((name, path)) if name.starts_with("lt-") && !path.is_empty() => {
            Ok((name.to_owned(), PathBuf::from(path)))
        }
        Some(_) | None => Err("expected TEMPLATE=FILE, such as lt-1=user-data.yaml".to_owned()),
    }
}

/// Serves until it is ended.
pub fn run(command: CloudCommand) -> ExitCode {
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    runtime
        .block_on(serve(command))
        .unwrap_or_else(|exit| exit)
        .into()
}

async fn serve(command: CloudCommand) -> Result<Exit, Exit> {
    telemetry::init(telemetry::Format::Text, LevelFilter::INFO, style().colour);
    let stop = stop_signal().map_err(|error| failed(&error))?;
    let folder = tempfile::Builder::new().prefix("dayfly-cloud-").tempdir();
    let folder = folder.map_err(|error| failed(&error))?;
    let computer = match &command.config {
        Some(path) => Some(computer_of(path, folder.path()).await?),
        None => None,
    };
    // Far from the end of all numbers, because ids are counted on from here.
    let secret = super::seed(command.seed)? >> 8;
    let ec2 = account(&command, secret)?;
    let transport = if command.plain_http {
        Transport::Plain
    } else {
        Transport::Tls
    };
    let listener = listener(command.listen).map_err(|error| failed(&error))?;
    let server = Server::start(Shared::new(ec2), listener, transport, SystemClock);
    let server = server.map_err(|error| failed(&error))?;
    let offset = command.date_offset_seconds;
    server.shared().set_date_offset_seconds(offset);
    let ca_file = place_ca(&server, command.ca_file.as_deref(), folder.path())?;
    let scheme = if command.plain_http { "http" } else { "https" };
    let endpoint = format!("{scheme}://{}", server.address());
    let image = command.image.as_deref();
    let virtual_ones = image.map(|image| virtual_ones(&command, image, &server, &endpoint));
    let virtual_ones = virtual_ones.transpose()?;
    // Whoever reads this line may use the account: everything that it needs is there.
    let line = line(server.shared().lock().settings(), &endpoint, ca_file);
    print(&format!("{line}\n"));
    match (computer, virtual_ones) {
        (None, None) => stop.await,
        (None, Some(settings)) => {
            let machines = folder.path().join("machines");
            let account = server.shared().clone();
            let machines = VirtualMachines::new(account, settings, machines, secret);
            tokio::select! {
                () = stop => {}
                () = machines.follow() => {}
            }
        }
        (Some(computer), _) => {
            let bodies = Bodies::new(server.shared().clone(), computer.clone());
            tokio::select! {
                () = stop => {}
                () = bodies.follow() => {}
            }
            computer.shutdown().await;
        }
    }
    Ok(Exit::Done)
}

/// This computer, for the machines of a configuration; their folders are in a temporary one.
async fn computer_of(path: &Path, folder: &Path) -> Result<ProcessCloud<SystemClock>, Exit> {
    let settings = connect::read(path)?;
    let secrets = connect::secrets::<provider::Provider>(&settings).await?;
    let process = config::ProcessSettings {
        folder: folder.join("machines"),
        boot_delay: Duration::ZERO,
    };
    let machines = provider::machines(&settings, &process, &secrets);
    let machines = machines.map_err(|error| failed(&error))?;
    let computer = ProcessCloud::new(machines, SystemClock).map_err(|error| failed(&error))?;
    let marker = process.folder.join(TEMPORARY);
    fs::write(marker, "").map_err(|error| failed(&error))?;
    Ok(computer)
}

/// The account that the command line asks for.
fn account(command: &CloudCommand, ids_from: u64) -> Result<Ec2, Exit> {
    let mut settings = Ec2Settings {
        throttling: match command.throttling {
            ThrottlingChoice::Real => Throttling::Real,
            ThrottlingChoice::None => Throttling::Off,
        },
        ids_from,
        ..Ec2Settings::default()
    };
    settings.delays.pending = Duration::from_secs(command.seconds_pending.into());
    settings.delays.image = Duration::from_secs(command.seconds_image.into());
    for (name, path) in &command.parameters {
        let value = read(path, &format!("parameter {name}"))?;
        let value = value.trim_end().to_owned();
        settings.parameters.insert(name.clone(), value);
    }
    for (template, path) in &command.user_data {
        let text = read(path, &format!("user data of {template}"))?;
        let known = settings.templates.entry(template.clone());
        let known = known.or_insert_with(|| LaunchTemplate::of_image(template, "ami-x86"));
        for data in known.versions.values_mut() {
            data.user_data = Some(STANDARD.encode(&text));
            // As in Terraform's templates: a launch says by a tag how long its agents wait.
            data.metadata.tags = Some(Switch::On);
        }
    }
    let limits = command.capacity.iter();
    let limits = limits.map(|limit| supply(limit, &settings));
    let limits: Vec<(Supply, u32)> = limits.collect::<Result<_, _>>()?;
    let mut ec2 = Ec2::new(settings);
    for (supply, machines_max) in limits {
        ec2.set_capacity(supply, Some(machines_max));
    }
    if let Some(path) = &command.faults {
        let faults = faults::cloud::read(path, SystemClock.now());
        for (scope, fault) in faults.map_err(|problems| refused(&problems))? {
            ec2.add_fault(scope, fault);
        }
    }
    Ok(ec2)
}

fn read(path: &Path, what: &str) -> Result<String, Exit> {
    fs::read_to_string(path).map_err(|error| {
        print_stderr(&format!(
            "error: the file {} of the {what} cannot be read: {error}\n",
            path.display()
        ));
        Exit::Failed
    })
}

/// What virtual machines of this account have in common, if they can be had here.
fn virtual_ones(
    command: &CloudCommand,
    image: &Path,
    server: &Server<Ec2>,
    endpoint: &str,
) -> Result<QemuSettings, Exit> {
    let mut trust = server.ca_pem().unwrap_or_default().to_owned();
    for path in &command.trust {
        trust.push_str(&read(path, "certificates to trust")?);
    }
    virtual_machines::settings(image, trust, endpoint).map_err(|error| failed(&error))
}

/// A limit holds for the zone that the subnet is in.
fn supply(limit: &Capacity, settings: &Ec2Settings) -> Result<(Supply, u32), Exit> {
    known("type", &limit.instance_type, &settings.types)?;
    let subnet = known("subnet", &limit.subnet, &settings.subnets)?;
    let supply = Supply {
        instance_type: limit.instance_type.clone(),
        zone: subnet.zone.clone(),
        market: limit.market,
    };
    Ok((supply, limit.machines_max))
}

fn known<'a, T>(kind: &str, name: &str, all: &'a BTreeMap<String, T>) -> Result<&'a T, Exit> {
    all.get(name).ok_or_else(|| {
        let names: Vec<&str> = all.keys().map(String::as_str).collect();
        print_stderr(&format!(
            "error: --capacity names the {kind} {name}, and the account has {}\n",
            names.join(", ")
        ));
        Exit::Usage
    })
}

/// How it is reached, and what the account holds, for whoever writes a configuration.
fn line(settings: &Ec2Settings, endpoint: &str, ca_file: Option<PathBuf>) -> Value {
    json!({
        "endpoint": endpoint,
        "ca_file": ca_file,
        "region": settings.region,
        "types": settings.types.keys().collect::<Vec<_>>(),
        "subnets": settings.subnets.keys().collect::<Vec<_>>(),
        "images": settings.images.keys().collect::<Vec<_>>(),
        "templates": settings.templates.keys().collect::<Vec<_>>(),
        "parameters": settings.parameters.keys().collect::<Vec<_>>(),
        "tables": settings.tables.keys().collect::<Vec<_>>(),
    })
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Debug, Parser)]
    struct Line {
        #[command(flatten)]
        command: CloudCommand,
    }

    fn settings(arguments: &[&str]) -> Ec2Settings {
        let line = Line::try_parse_from(["cloud"].iter().chain(arguments));
        let account = account(&line.expect("good options").command, 0);
        account.expect("an account").settings().clone()
    }

    #[test]
    fn an_account_is_as_slow_and_as_strict_as_it_is_told() {
        let usual = settings(&["--seed", "0"]);
        assert_eq!(usual, Ec2Settings::default());
        assert_eq!(usual.throttling, Throttling::Real);
        let other = settings(&["--throttling", "none", "--seconds-pending", "90"]);
        assert_eq!(other.throttling, Throttling::Off);
        assert_eq!(other.delays.pending, Duration::from_secs(90));
    }
}
