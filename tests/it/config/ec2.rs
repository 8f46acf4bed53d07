//! What a configuration says of machines on EC2, and what an hour of them costs.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use dayfly::config::{CloudSettings, Ec2Settings, Settings, price};
use dayfly::model::id::PoolName;
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::pool::{PoolPolicy, Speculation, Speed};
use dayfly::model::template::{ImageSource, LaunchTemplate};

use super::settings;

/// As little as a configuration for EC2 can say.
pub(super) const LEAST_EC2: &str = r#"
deployment = "ci"
machines_max = 20
[hub]
endpoint = "acme.semaphoreci.com"
[cloud]
kind = "ec2"
[pools.linux]
agent_type = "s1-linux"
registration_token = { env = "DAYFLY_TOKEN_LINUX" }
launch_template = { id = "lt-0123456789abcdef0", version = 7 }
instance_types = ["c7i.large", "m7i.large"]
subnets = ["subnet-a", "subnet-b"]
"#;

fn ec2(settings: &Settings) -> &Ec2Settings {
    match &settings.config.cloud {
        CloudSettings::Ec2(ec2) => ec2,
        CloudSettings::Process(_) => panic!("machines on EC2"),
    }
}

fn linux(settings: &Settings) -> &PoolPolicy {
    &settings.pools[&PoolName::new("linux")].policy
}

/// Each offer as `type subnet market dollars`.
fn shown(offers: &[Offer]) -> Vec<String> {
    let shown = |offer: &Offer| {
        let Offer {
            instance_type,
            subnet,
            market,
            hourly,
        } = offer;
        format!("{instance_type} {subnet} {market} {hourly}")
    };
    offers.iter().map(shown).collect()
}

#[test]
fn the_least_configuration_takes_the_rest_from_where_aws_tools_look() {
    let settings = settings(LEAST_EC2);
    let found = ec2(&settings);
    let template = LaunchTemplate::new("lt-0123456789abcdef0", 7);
    assert_eq!(linux(&settings).template, template);
    assert_eq!(
        (&found.region, &found.endpoint_url, &found.ca_file),
        (&None, &None, &None)
    );
    assert_eq!(found.lease_table, None);
    assert_eq!(
        linux(&settings).template.tag().as_str(),
        "lt-0123456789abcdef0:7"
    );
    assert_eq!(
        shown(&linux(&settings).offers),
        [
            "c7i.large subnet-a on-demand $0.0892",
            "c7i.large subnet-b on-demand $0.0892",
            "m7i.large subnet-a on-demand $0.1008",
            "m7i.large subnet-b on-demand $0.1008",
        ]
    );
}

#[test]
fn everything_can_be_said_of_ec2() {
    let cloud = r#"kind = "ec2"
region = "eu-central-1"
endpoint_url = "https://127.0.0.1:5000/"
ca_file = "emulator.pem"
lease_table = "dayfly-lease"
[cloud.prices]
"c7i.large" = "0.1019"
"x9.48xlarge" = 12
"#;
    let pool = "market = \"spot-first\"\nspot_patience_seconds = 30\n\
                image = { parameter = \"/dayfly/image\" }\n";
    let text = LEAST_EC2.replace("kind = \"ec2\"\n", cloud) + pool;
    let settings = settings(&text);
    let found = ec2(&settings);
    assert_eq!(found.region.as_deref(), Some("eu-central-1"));
    let url = found.endpoint_url.as_deref();
    assert_eq!(url, Some("https://127.0.0.1:5000"));
    let ca_file = PathBuf::from("/etc/dayfly/emulator.pem");
    assert_eq!(found.ca_file, Some(ca_file));
    assert_eq!(found.lease_table.as_deref(), Some("dayfly-lease"));
    assert_eq!(found.prices["x9.48xlarge"], MicroDollars(12_000_000));
    let parameter = ImageSource::Parameter("/dayfly/image".to_owned());
    let policy = linux(&settings);
    assert_eq!(policy.template.image, Some(parameter));
    assert_eq!(policy.spot_patience, Duration::from_secs(30));
    let template = "lt-0123456789abcdef0:7 /dayfly/image";
    assert_eq!(policy.template.tag().as_str(), template);
    assert_eq!(
        shown(&policy.offers),
        [
            "c7i.large subnet-a spot $0.1019",
            "c7i.large subnet-b spot $0.1019",
            "m7i.large subnet-a spot $0.1008",
            "m7i.large subnet-b spot $0.1008",
            "c7i.large subnet-a on-demand $0.1019",
            "c7i.large subnet-b on-demand $0.1019",
            "m7i.large subnet-a on-demand $0.1008",
            "m7i.large subnet-b on-demand $0.1008",
        ]
    );
}

#[test]
fn an_image_is_part_of_what_the_breaker_counts_by() {
    let text = format!("{LEAST_EC2}image = \"ami-0123456789abcdef0\"\n");
    let settings = settings(&text);
    let template = linux(&settings).template.tag();
    assert_eq!(
        template.as_str(),
        "lt-0123456789abcdef0:7 ami-0123456789abcdef0"
    );
}

#[test]
fn spot_alone_is_never_followed_by_on_demand() {
    let settings = settings(&format!("{LEAST_EC2}market = \"spot\"\n"));
    let offers = &linux(&settings).offers;
    assert_eq!(offers.len(), 4);
    assert!(offers.iter().all(|offer| offer.market == Market::Spot));
}

#[test]
fn a_price_that_nobody_knows_matters_only_beside_a_budget() {
    let text = LEAST_EC2.replace("m7i.large", "x9.large");
    let free = settings(&text);
    let offers = shown(&linux(&free).offers);
    assert_eq!(offers[2], "x9.large subnet-a on-demand $0.0000");
    let priced = text.replace("[pools", "[cloud.prices]\n'x9.large' = 1\n[pools");
    let budget = settings(&format!("dollars_per_hour_max = 1{priced}"));
    let offers = shown(&linux(&budget).offers);
    assert_eq!(offers[2], "x9.large subnet-a on-demand $1.0000");
}

/// How many times a `large` one a size is, in sixteenths.
fn sixteenths(size: &str) -> u64 {
    match size {
        "nano" => 1,
        "micro" => 2,
        "small" => 4,
        "medium" => 8,
        "large" => 16,
        "xlarge" => 32,
        times => {
            32 * times
                .trim_end_matches("xlarge")
                .parse::<u64>()
                .expect(times)
        }
    }
}

#[test]
fn shipped_prices_are_positive_and_double_with_the_size() {
    let shipped: BTreeMap<&str, MicroDollars> = price::shipped().collect();
    let rows = include_str!("../../../src/config/prices.csv").lines();
    let rows = rows.filter(|row| row.contains(".large,"));
    let families: Vec<&str> = rows.filter_map(|row| row.split('.').next()).collect();
    assert_eq!(families.len(), 31);
    assert_eq!(shipped.len(), 270, "no row is given twice or unreadable");
    for (instance_type, price) in &shipped {
        let (family, size) = instance_type.split_once('.').expect("a size");
        assert!(families.contains(&family), "{instance_type}");
        let large = shipped[format!("{family}.large").as_str()].0;
        assert!(0 < price.0, "{instance_type}");
        assert_eq!(price.0 * 16, large * sixteenths(size), "{instance_type}");
    }
}

#[test]
fn a_wait_may_be_wanted_in_place_of_a_speed() {
    let settings = settings(&format!("{LEAST_EC2}wait_p95_seconds = 45\n"));
    let speculation = linux(&settings).speculation;
    let wanted = Speed::WaitP95(Duration::from_secs(45));
    assert_eq!(speculation, Speculation::of(wanted));
    assert_eq!(speculation.overhead_max_percent, 300);
}

#[test]
fn what_a_waiting_minute_is_worth_may_be_said_in_dollars() {
    let of = |worth: &str| {
        let text = LEAST_EC2.replace("[pools", "[cloud.prices]\n'c7i.large' = '0.12'\n[pools");
        linux(&settings(&format!(
            "{text}waiting_minute_dollars = {worth}\n"
        )))
        .speculation
    };
    // A minute of the first type costs a fifth of a cent.
    assert_eq!(of("'0.02'"), Speculation::of(Speed::Worth(10)));
    assert_eq!(of("'0.0349'").speed, Speed::Worth(17));
    assert_eq!(of("'0.001'").speed, Speed::Worth(1));
    assert_eq!(of("5"), Speculation::of(Speed::Worth(1000)));
}
