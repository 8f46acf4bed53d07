//! A configuration's text into checked settings: the deployment, the hub and the cloud.

use std::path::Path;

use super::cloud::{self, CLOUD};
use super::fields::{MACHINES_MAX, NAME_RULE, count, is_name, seconds};
use super::hours::HOURS;
use super::machine::MACHINE;
use super::pool::{Around, POOL, pools};
use super::price::dollars;
use super::settings::{Config, HubSettings, LogFormat, Metrics, SecretSource, Settings};
use super::{default, ec2, source};
use crate::document::{Format, Problem, Reader, Report, parse};
use crate::model::id::Deployment;

const ROOT: [&str; 11] = [
    "deployment",
    "machines_max",
    "launches_per_hour_max",
    "dollars_per_hour_max",
    "tick_seconds",
    "log_format",
    "metrics",
    "learned_file",
    "hub",
    "cloud",
    "pools",
];
const HUB: [&str; 5] = [
    "endpoint",
    "ca_file",
    "plain_http",
    "timeout_seconds",
    "api_token",
];
/// Every key that a configuration may have, by its last name: for the page that explains them.
pub fn keys() -> impl Iterator<Item = &'static str> {
    let deployment = ROOT.into_iter().chain(HUB).chain(CLOUD);
    let of_ec2 = ec2::LAUNCH_TEMPLATE.into_iter().chain(ec2::IMAGE);
    let of_ec2 = of_ec2.chain(MACHINE);
    deployment
        .chain(POOL)
        .chain(HOURS)
        .chain(of_ec2)
        .chain(source::KEYS)
}

/// Reads and checks a configuration. `file` names it in problems; relative paths start in `folder`.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub fn resolve(
    text: &str,
    file: &str,
    format: Format,
    folder: &Path,
) -> Result<Settings, Vec<Problem>> {
    let root = parse(text, file, format)?;
    let report = Report::new(file);
    let settings = settings(&Reader::new(&root, &report), folder);
    let problems = report.into_problems();
    match settings {
        Some(settings) if problems.is_empty() => Ok(settings),
        Some(_) | None => Err(problems),
    }
}

/// `None` only with a problem in the report.
fn settings(root: &Reader<'_>, folder: &Path) -> Option<Settings> {
    let table = root.table(&ROOT)?;
    let deployment = table.required("deployment", "a name that marks this deployment's machines");
    let deployment = deployment.and_then(|deployment| name(&deployment));
    let machines_max = table.required("machines_max", "how many machines may live; 0 drains");
    let machines_max = machines_max.and_then(|reader| count(&reader, 0, MACHINES_MAX));
    let launches = table.optional("launches_per_hour_max");
    let launches = launches.map(|reader| count(&reader, 1, 100 * MACHINES_MAX));
    let dollars = table.optional("dollars_per_hour_max").map(|d| dollars(&d));
    let tick = seconds(&table, "tick_seconds", 1..=3600, default::TICK_INTERVAL);
    let log_format = table
        .optional("log_format")
        .map(|reader| log_format(&reader));
    let metrics = table.optional("metrics").map(|reader| metrics(&reader));
    let learned = table.optional("learned_file");
    let learned = learned.map(|reader| reader.filled_text());
    let hub = table.required("hub", "a table with the hub's endpoint");
    let hub = hub.and_then(|reader| hub_settings(&reader, folder));
    let cloud = table.required("cloud", "a table that says where machines come from");
    let cloud = cloud.map_or_else(Default::default, |reader| cloud::cloud(&reader, folder));
    let around = Around {
        machines_max: machines_max.unwrap_or_default(),
        has_budget: dollars.is_some(),
        folder,
        cloud: &cloud,
    };
    let pools = table.required("pools", "a table for each pool");
    let pools = pools.and_then(|reader| self::pools(&reader, &around));
    let (hub, api_token) = hub?;
    Some(Settings {
        deployment: Deployment::new(deployment?),
        machines_max: machines_max?,
        launches_per_hour_max: launches.unwrap_or(Some(default::LAUNCHES_PER_HOUR_MAX))?,
        hourly_max: dollars.map_or(Some(None), |dollars| dollars.map(Some))?,
        pools: pools?,
        config: Config {
            hub,
            api_token,
            cloud: cloud.settings?,
            tick_interval: tick?,
            tick_spacing: default::TICK_SPACING,
            log_format: log_format.unwrap_or(Some(LogFormat::Text))?,
            metrics: metrics.unwrap_or(Some(Metrics::None))?,
            learned_file: match learned {
                Some(path) => Some(folder.join(path?)),
                None => None,
            },
        },
    })
}

/// A name that can stand in a tag and in a path.
fn name<'a>(reader: &Reader<'a>) -> Option<&'a str> {
    let text = reader.filled_text()?;
    if is_name(text) {
        return Some(text);
    }
    reader.expected(NAME_RULE);
    None
}

fn metrics(reader: &Reader<'_>) -> Option<Metrics> {
    match reader.word(&["none", "emf"])? {
        "emf" => Some(Metrics::Emf),
        _ => Some(Metrics::None),
    }
}

fn log_format(reader: &Reader<'_>) -> Option<LogFormat> {
    match reader.word(&["text", "json"])? {
        "json" => Some(LogFormat::Json),
        _ => Some(LogFormat::Text),
    }
}

fn hub_settings(reader: &Reader<'_>, folder: &Path) -> Option<(HubSettings, Option<SecretSource>)> {
    let table = reader.table(&HUB)?;
    let endpoint = table.required("endpoint", "the hub's host, such as acme.semaphoreci.com");
    let endpoint = endpoint.and_then(|reader| self::endpoint(&reader));
    let ca_file = table.optional("ca_file");
    let ca_path = ca_file.as_ref().map(Reader::filled_text);
    let plain_http = table.optional("plain_http").map(|reader| reader.boolean());
    let timeout = seconds(&table, "timeout_seconds", 1..=300, default::HUB_TIMEOUT);
    let api_token = table.optional("api_token");
    let api_token = api_token.map(|reader| source::source(&reader, folder));
    if let (Some(ca_file), Some(Some(true))) = (&ca_file, plain_http) {
        ca_file.wrong(
            "found beside plain_http = true, which uses no certificates",
            "take one of them out",
        );
    }
    let settings = HubSettings {
        endpoint: endpoint?,
        ca_file: match ca_path {
            Some(path) => Some(folder.join(path?)),
            None => None,
        },
        plain_http: plain_http.unwrap_or(Some(false))?,
        timeout: timeout?,
    };
    match api_token {
        Some(source) => Some((settings, Some(source?))),
        None => Some((settings, None)),
    }
}

/// Host and perhaps port. One with a password in it is not shown.
fn endpoint(reader: &Reader<'_>) -> Option<String> {
    let text = reader.filled_text()?;
    let (host, port) = match text.rsplit_once(':') {
        Some((host, port)) if !text.ends_with(']') => (host, Some(port)),
        Some(_) | None => (text, None),
    };
    let is_port = port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0));
    let inner = host
        .strip_prefix('[')
        .and_then(|host| host.strip_suffix(']'));
    let is_host = match inner {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let fits = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
            !host.is_empty() && host.chars().all(fits)
        }
    };
    if is_port && is_host {
        return Some(text.to_owned());
    }
    let shown = if text.contains('@') {
        reader.clone().hidden()
    } else {
        reader.clone()
    };
    shown.expected(
        "a host, perhaps with :port, without scheme and path, such as acme.semaphoreci.com",
    );
    None
}
