//! A configuration is checked whole before anything starts, and no token gets out of it.

mod change;
mod ec2;
mod ec2_wrong;
mod secret;
mod wrong;

use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dayfly::config::default::TICK_INTERVAL;
use dayfly::config::{CloudSettings, Metrics, SecretSource, Settings, load, resolve};
use dayfly::document::Format;
use dayfly::model::id::PoolName;
use dayfly::model::money::MicroDollars;
use dayfly::model::pool::{Speculation, Speed};
use dayfly::model::time::Timestamp;

use crate::forecast::watched::{Watched, at};

/// As little as a configuration can say.
const LEAST: &str = r#"
deployment = "ci"
machines_max = 20
[hub]
endpoint = "acme.semaphoreci.com"
[cloud]
kind = "process"
folder = "machines"
[pools.linux]
agent_type = "s1-linux"
registration_token = { env = "DAYFLY_TOKEN_LINUX" }
"#;

/// Everything that a configuration can say.
const MOST: &str = r#"
deployment = "ci"
machines_max = 40
launches_per_hour_max = 700
dollars_per_hour_max = "12.50"
tick_seconds = 5
log_format = "json"
metrics = "emf"
learned_file = "learned.json"
[hub]
endpoint = "localhost:4000"
ca_file = "/etc/dayfly/ca.pem"
plain_http = false
timeout_seconds = 8
api_token = { file = "api-token" }
[cloud]
kind = "process"
folder = "/var/lib/dayfly"
boot_delay_milliseconds = 250
[pools.linux]
agent_type = "s1-linux"
registration_token = { env = "DAYFLY_TOKEN_LINUX" }
machines_max = 10
reserve = 2
reserve_hours = [
  { days = ["weekdays"], from = "07:45", until = "18:00", reserve = 5 },
  { days = ["saturday", "sunday"], from = "22:00", until = "06:00", reserve = 3 },
]
boot_limit_seconds = 60
lifetime_seconds = 3600
idle_timeout_seconds = 30
spare_timeout_seconds = 7
speed = "fast"
race = false
overhead_max_percent = 20
interruption_grace_seconds = 90
breaker_failures_max = 5
breaker_pause_seconds = 120
[pools.arm]
agent_type = "s1-arm"
registration_token = { file = "/run/secrets/arm" }
"#;

fn settings(text: &str) -> Settings {
    resolved(text).unwrap_or_else(|problems| panic!("{problems}"))
}

fn resolved(text: &str) -> Result<Settings, String> {
    let folder = Path::new("/etc/dayfly");
    resolve(text, "dayfly.toml", Format::Toml, folder).map_err(|problems| {
        let lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
        lines.join("\n")
    })
}

/// The problems of a configuration that is wrong, one in a line.
fn problems(text: &str) -> String {
    resolved(text).expect_err("a configuration that is wrong")
}

/// The least configuration with one line put in place of another.
fn with(line: &str, other: &str) -> String {
    assert!(LEAST.contains(line), "{line}");
    LEAST.replace(line, other)
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "nearly all of them are the expected text"
)]
fn the_least_configuration_has_defaults_for_the_rest() {
    insta::assert_debug_snapshot!(settings(LEAST), @r#"
    Settings {
        deployment: ci,
        machines_max: 20,
        launches_per_hour_max: 500,
        hourly_max: None,
        pools: {
            linux: Pool {
                policy: PoolPolicy {
                    agent_type: s1-linux,
                    machines_max: 20,
                    reserve: 0,
                    reserve_hours: [],
                    boot_limit: 300s,
                    lifetime: 90000s,
                    template: process:1,
                    offers: [
                        Offer {
                            instance_type: "process",
                            subnet: "local",
                            market: OnDemand,
                            hourly: MicroDollars(
                                0,
                            ),
                        },
                    ],
                    spot_patience: 0ns,
                    breaker: BreakerPolicy {
                        failures_max: 3,
                        pause: 300s,
                    },
                    speculation: Speculation {
                        speed: Balanced,
                        race: true,
                        overhead_max_percent: 100,
                        idle_timeout: 120s,
                        spare_timeout: 5s,
                    },
                },
                registration_token: Variable(
                    "DAYFLY_TOKEN_LINUX",
                ),
                agent: AgentSettings {
                    interruption_grace_period: 0ns,
                },
                machine: MachineSettings {
                    agent: Dayfly,
                    program: None,
                    metadata: Off,
                    sudo: false,
                    token_parameter: None,
                },
            },
        },
        config: Config {
            hub: HubSettings {
                endpoint: "acme.semaphoreci.com",
                ca_file: None,
                plain_http: false,
                timeout: 30s,
            },
            api_token: None,
            cloud: Process(
                ProcessSettings {
                    folder: "/etc/dayfly/machines",
                    boot_delay: 0ns,
                },
            ),
            tick_interval: 3s,
            tick_spacing: 1s,
            log_format: Text,
            metrics: None,
            learned_file: None,
        },
    }
    "#);
}

#[test]
fn everything_can_be_said() {
    let settings = settings(MOST);
    let (policy, config) = (settings.policy(), &settings.config);
    assert_eq!(policy.machines_max, 40);
    assert_eq!(policy.launches_per_hour_max, 700);
    assert_eq!(policy.hourly_max, Some(MicroDollars(12_500_000)));
    let learned = config.learned_file.as_deref();
    assert_eq!(learned, Some(Path::new("/etc/dayfly/learned.json")));
    assert_eq!(config.tick_interval, Duration::from_secs(5));
    assert_eq!(config.hub.timeout, Duration::from_secs(8));
    let ca_file = PathBuf::from("/etc/dayfly/ca.pem");
    assert_eq!(config.hub.ca_file, Some(ca_file));
    let api_token = SecretSource::File(PathBuf::from("/etc/dayfly/api-token"));
    assert_eq!(config.api_token, Some(api_token));
    let CloudSettings::Process(process) = &config.cloud else {
        panic!("machines of this computer were asked for");
    };
    assert_eq!(process.boot_delay, Duration::from_millis(250));
    assert_eq!(config.metrics, Metrics::Emf);
    let linux = PoolName::new("linux");
    assert_eq!(policy.pools[&linux].reserve, 2);
    // Monday, 5 January 2026.
    let at = |hours: u64| Timestamp::from_seconds(1_767_571_200 + hours * 3600);
    let reserve = |hours| policy.pools[&linux].reserve_at(at(hours));
    assert_eq!([7, 8, 17, 18].map(reserve), [2, 5, 5, 2]);
    let saturday = 5 * 24;
    assert_eq!(
        [8, 22, 29, 30, 53, 54].map(|it| reserve(saturday + it)),
        [2, 3, 3, 2, 3, 2]
    );
    assert_eq!(policy.pools[&linux].reserve_max(), 5);
    let speculation = Speculation {
        speed: Speed::Fast,
        race: false,
        overhead_max_percent: 20,
        idle_timeout: Duration::from_secs(30),
        spare_timeout: Duration::from_secs(7),
    };
    assert_eq!(policy.pools[&linux].speculation, speculation);
    assert_eq!(policy.pools[&linux].breaker.failures_max, 5);
    let agent = settings.pools[&linux].agent;
    assert_eq!(agent.interruption_grace_period, Duration::from_secs(90));
    // A pool may use all that the deployment may, unless it says less.
    assert_eq!(policy.pools[&PoolName::new("arm")].machines_max, 40);
}

#[test]
fn a_single_zero_drains_whatever_the_reserves_are() {
    let text = format!("{LEAST}reserve = 5\n");
    let drained = text.replace("machines_max = 20", "machines_max = 0");
    assert_eq!(settings(&drained).machines_max, 0);
    let pool = format!("{text}machines_max = 0\n");
    let pools = settings(&pool).policy().pools;
    assert_eq!(pools[&PoolName::new("linux")].machines_max, 0);
}

#[test]
fn dollars_are_read_without_a_float() {
    let dollars = |amount: &str| {
        let text = format!("dollars_per_hour_max = {amount}\n{LEAST}");
        resolved(&text)
            .ok()
            .and_then(|settings| settings.hourly_max)
    };
    assert_eq!(dollars("12"), Some(MicroDollars(12_000_000)));
    assert_eq!(dollars("\"0.1\""), Some(MicroDollars(100_000)));
    assert_eq!(dollars("0.000001"), Some(MicroDollars(1)));
    assert_eq!(dollars("\"1.0000001\""), None);
    assert_eq!(dollars("-1"), None);
    assert_eq!(dollars("1e3"), None);
    assert_eq!(dollars("\".5\""), None);
    assert_eq!(dollars("99999999999999999999"), None);
}

#[test]
fn an_endpoint_is_a_host_and_perhaps_a_port() {
    let is_right = |endpoint: &str| resolved(&with("acme.semaphoreci.com", endpoint)).is_ok();
    for endpoint in [
        "localhost",
        "a-b.c:1",
        "127.0.0.1:65535",
        "[::1]",
        "[::1]:80",
    ] {
        assert!(is_right(endpoint), "{endpoint}");
    }
    for endpoint in [
        "http://a", "a/", "a:0", "a:65536", "a:", ":1", "[::g]", "::1", "a b", "a?b", "ä",
    ] {
        assert!(!is_right(endpoint), "{endpoint}");
    }
}

#[test]
fn a_json_file_says_the_same() {
    let folder = tempfile::tempdir().expect("a folder");
    let json = r#"{
    "deployment": "ci", "machines_max": 20,
    "hub": {"endpoint": "acme.semaphoreci.com"},
    "cloud": {"kind": "process", "folder": "machines"},
    "pools": {"linux": {"agent_type": "s1-linux", "registration_token": {"env": "DAYFLY_TOKEN_LINUX"}}}
}"#;
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        fs::write(&path, text).expect("a file");
        path
    };
    let from_json = load(&write("dayfly.json", json)).expect("settings");
    let from_toml = load(&write("dayfly.toml", LEAST)).expect("settings");
    assert_eq!(from_json, from_toml);
    let CloudSettings::Process(process) = &from_json.config.cloud else {
        panic!("machines of this computer were asked for");
    };
    assert_eq!(process.folder, folder.path().join("machines"));
    let wrong = load(&write("dayfly.yml", LEAST)).expect_err("YAML");
    assert!(
        wrong[0]
            .to_string()
            .ends_with("expected a .toml or a .json file")
    );
    let gone = load(&folder.path().join("gone.toml")).expect_err("no file");
    assert!(gone[0].to_string().contains("gone.toml: cannot be read"));
}

#[test]
fn the_forecast_takes_a_tick_to_be_the_default_until_it_has_seen_two() {
    let watched = Watched::booted(at(0), [7_000; 20]);
    let lead = Duration::from_secs(7) + TICK_INTERVAL;
    assert_eq!(watched.forecast.leads().first(), Some(&lead));
}
