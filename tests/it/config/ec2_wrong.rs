//! Every mistake in what a configuration says of EC2 is named, with what would be right.

use super::ec2::LEAST_EC2;
use super::{LEAST, problems};

#[test]
fn every_wrong_value_of_ec2_is_named() {
    let text = r#"
deployment = "ci"
machines_max = 20
[hub]
endpoint = "acme.semaphoreci.com"
[cloud]
kind = "ec2"
region = "Frankfurt"
endpoint_url = "127.0.0.1:5000"
ca_file = ""
lease_table = "a b"
[cloud.prices]
c7i.large = "0.10"
"big" = 1
"c7i.xlarge" = 0
"m7i.large" = "ten"
[pools.empty]
agent_type = "s1-empty"
registration_token = { env = "A" }
[pools.linux]
agent_type = "s1-linux"
registration_token = { env = "A" }
launch_template = { id = "dayfly", version = "$Latest" }
image = "ubuntu"
instance_types = ["c7i", "m7i.large"]
subnets = []
market = "cheap"
[pools.arm]
agent_type = "s1-arm"
registration_token = { env = "A" }
launch_template = { id = "lt-1", version = 0, name = "a" }
image = { parameter = "two words" }
instance_types = ["c7g.large", "c7g.large"]
subnets = ["subnet-a", "eu-central-1a"]
spot_patience_seconds = 60
"#;
    insta::assert_snapshot!(problems(text), @r#"
    dayfly.toml:8: cloud.region: found the text "Frankfurt"; expected a region, such as eu-central-1
    dayfly.toml:9: cloud.endpoint_url: found the text "127.0.0.1:5000"; expected an address with its scheme, such as https://127.0.0.1:5000
    dayfly.toml:10: cloud.ca_file: found the text ""; expected a text that is not empty
    dayfly.toml:11: cloud.lease_table: found the text "a b"; expected a table's name: letters, digits, '-', '_' and '.', 3 to 255 of them
    dayfly.toml:13: cloud.prices.c7i: found a map, as a name with a dot and without quotes makes one; expected instance types in quotes, such as "c7i.large" = "0.0893"
    dayfly.toml:14: cloud.prices.big: found this name; expected an instance type, such as c7i.large
    dayfly.toml:15: cloud.prices."c7i.xlarge": found the number 0; expected more than nothing: a budget counts with it
    dayfly.toml:16: cloud.prices."m7i.large": found the text "ten"; expected dollars from 0 to 1000000, such as 12 or "12.50"
    dayfly.toml:17: pools.empty.launch_template: missing; expected { id = "lt-…", version = 1 }, the launch template of its machines
    dayfly.toml:17: pools.empty.instance_types: missing; expected a list such as ["c7i.large"]
    dayfly.toml:17: pools.empty.subnets: missing; expected a list of subnet ids, one for each zone
    dayfly.toml:23: pools.linux.launch_template.id: found the text "dayfly"; expected an id such as lt-0123456789abcdef0
    dayfly.toml:23: pools.linux.launch_template.version: found the version "$Latest", which moves; expected a number: failed boots are counted by version, and one that moves would change machines without a word
    dayfly.toml:24: pools.linux.image: found the text "ubuntu"; expected an id such as ami-0123456789abcdef0, or { parameter = "/path" }
    dayfly.toml:25: pools.linux.instance_types[0]: found the text "c7i"; expected an instance type, such as c7i.large
    dayfly.toml:26: pools.linux.subnets: found a list of 0; expected from 1 to 10
    dayfly.toml:27: pools.linux.market: found the text "cheap"; expected on-demand, spot or spot-first
    dayfly.toml:31: pools.arm.launch_template.name: unknown key; expected id or version
    dayfly.toml:31: pools.arm.launch_template.version: found the number 0; expected an integer from 1 to 4294967295
    dayfly.toml:32: pools.arm.image.parameter: found the text "two words"; expected a parameter's name, such as /dayfly/name
    dayfly.toml:33: pools.arm.instance_types[1]: found a second time; expected each once
    dayfly.toml:34: pools.arm.subnets[1]: found the text "eu-central-1a"; expected an id such as subnet-0123456789abcdef0
    dayfly.toml:35: pools.arm.spot_patience_seconds: found without market = "spot-first"; only there spot is waited for before on-demand is tried: take it out
    "#);
}

#[test]
fn a_version_that_moves_is_refused_with_the_reason() {
    let text = LEAST_EC2.replace("version = 7", "version = \"$Default\"");
    insta::assert_snapshot!(problems(&text), @r#"dayfly.toml:11: pools.linux.launch_template.version: found the version "$Default", which moves; expected a number: failed boots are counted by version, and one that moves would change machines without a word"#);
}

#[test]
fn keys_of_one_kind_are_refused_beside_the_other() {
    let ec2 = LEAST_EC2.replace("kind = \"ec2\"", "kind = \"ec2\"\nfolder = \"a\"");
    insta::assert_snapshot!(problems(&ec2), @r#"dayfly.toml:8: cloud.folder: found beside cloud.kind = "ec2"; this key is for machines on this computer: take it out"#);
    let process = LEAST.replace("folder", "region = \"eu-central-1\"\nfolder");
    let process = format!("{process}market = \"spot\"\nsubnets = []\n");
    insta::assert_snapshot!(problems(&process), @r#"
    dayfly.toml:8: cloud.region: found beside cloud.kind = "process"; this key is for machines on EC2: take it out
    dayfly.toml:13: pools.linux.market: found beside cloud.kind = "process"; this key is for machines on EC2: take it out
    dayfly.toml:14: pools.linux.subnets: found beside cloud.kind = "process"; this key is for machines on EC2: take it out
    "#);
}

#[test]
fn a_budget_asks_for_the_prices_that_it_counts_with() {
    let text = LEAST_EC2.replace("m7i.large", "x9.large");
    let text = format!("dollars_per_hour_max = 5{text}");
    insta::assert_snapshot!(problems(&text), @r#"dayfly.toml:12: pools.linux.instance_types[1]: found x9.large, whose price is not known, beside dollars_per_hour_max; expected its price an hour in the table cloud.prices, such as "x9.large" = "0.10""#);
}

#[test]
fn a_password_in_an_address_is_not_shown() {
    let text = LEAST_EC2.replace(
        "kind = \"ec2\"",
        "kind = \"ec2\"\nendpoint_url = \"https://me:hunter2@host\"",
    );
    let shown = problems(&text);
    assert!(!shown.contains("hunter2"), "{shown}");
    assert!(shown.contains("cloud.endpoint_url"), "{shown}");
}

#[test]
fn every_wrong_value_of_a_machine_is_named() {
    let machine = r#"
[pools.linux.machine]
agent = "other"
agent_url = "http://example.com/agent"
metadata = "on"
sudo = "yes"
token_parameter = "two words"
sha256 = "0"
"#;
    insta::assert_snapshot!(problems(&format!("{LEAST_EC2}{machine}")), @r#"
    dayfly.toml:15: pools.linux.machine.agent_sha256: missing; expected the SHA-256 of what agent_url names
    dayfly.toml:16: pools.linux.machine.agent: found the text "other"; expected dayfly or semaphore
    dayfly.toml:17: pools.linux.machine.agent_url: found the text "http://example.com/agent"; expected an address that begins with https:// or s3://, without spaces, quotes and passwords
    dayfly.toml:18: pools.linux.machine.metadata: found the text "on"; expected off or guarded
    dayfly.toml:19: pools.linux.machine.sudo: found the text "yes"; expected true or false
    dayfly.toml:20: pools.linux.machine.token_parameter: found the text "two words"; expected a parameter's name, such as /dayfly/name, not its value
    dayfly.toml:21: pools.linux.machine.sha256: unknown key; expected agent, agent_url, agent_sha256, metadata, sudo or token_parameter
    "#);
    let alone = "[pools.linux.machine]\nagent_sha256 = \"ABC\"\n";
    insta::assert_snapshot!(problems(&format!("{LEAST_EC2}{alone}")), @r#"
    dayfly.toml:14: pools.linux.machine.agent_url: missing; expected where the agent of agent_sha256 is
    dayfly.toml:15: pools.linux.machine.agent_sha256: found the text "ABC"; expected 64 lower-case hex digits
    "#);
    let hidden = "[pools.linux.machine]\nagent_url = \"https://me:secret@example.com/\"\n";
    insta::assert_snapshot!(problems(&format!("{LEAST_EC2}{hidden}")), @r#"
    dayfly.toml:14: pools.linux.machine.agent_sha256: missing; expected the SHA-256 of what agent_url names
    dayfly.toml:15: pools.linux.machine.agent_url: found a value that is not shown; expected an address that begins with https:// or s3://, without spaces, quotes and passwords
    "#);
}

#[test]
fn a_worth_in_dollars_needs_a_price_and_no_speed_beside_it() {
    let unpriced =
        LEAST_EC2.replace("c7i.large", "x99.large") + "waiting_minute_dollars = '0.02'\n";
    insta::assert_snapshot!(problems(&unpriced), @"dayfly.toml:14: pools.linux.waiting_minute_dollars: found a worth in dollars, and no price of x99.large; expected its price in cloud.prices, or speed in place of this");
    let little = format!("{LEAST_EC2}waiting_minute_dollars = '0.0001'\n");
    insta::assert_snapshot!(problems(&little), @r#"dayfly.toml:14: pools.linux.waiting_minute_dollars: found less than half of what a minute of a machine costs; expected $0.0014 or more, or speed = "reactive" in place of this"#);
    let both = format!("{LEAST_EC2}speed = 'fast'\nwaiting_minute_dollars = '0.02'\n");
    insta::assert_snapshot!(problems(&both), @"dayfly.toml:15: pools.linux.waiting_minute_dollars: found beside speed; expected one of both");
    let here = format!("{LEAST}waiting_minute_dollars = '0.02'\n");
    insta::assert_snapshot!(problems(&here), @"dayfly.toml:12: pools.linux.waiting_minute_dollars: found a worth in dollars, and no price of process; expected its price in cloud.prices, or speed in place of this");
}

#[test]
fn a_wanted_wait_is_one_that_can_be_measured_and_stands_alone() {
    for wrong in ["0", "301", "'45'"] {
        let text = format!("{LEAST_EC2}wait_p95_seconds = {wrong}\n");
        assert!(
            problems(&text).contains("pools.linux.wait_p95_seconds: found"),
            "{wrong}"
        );
    }
    let both = format!("{LEAST_EC2}speed = 'fast'\nwait_p95_seconds = 45\n");
    insta::assert_snapshot!(problems(&both), @"dayfly.toml:15: pools.linux.wait_p95_seconds: found beside speed; expected one of both");
    let worth = format!("{LEAST_EC2}waiting_minute_dollars = '0.02'\nwait_p95_seconds = 45\n");
    insta::assert_snapshot!(problems(&worth), @"dayfly.toml:15: pools.linux.wait_p95_seconds: found beside waiting_minute_dollars; expected one of both");
    let all = format!(
        "{LEAST_EC2}speed = 'fast'\nwaiting_minute_dollars = '0.02'\nwait_p95_seconds = 45\n"
    );
    insta::assert_snapshot!(problems(&all), @"dayfly.toml:15: pools.linux.waiting_minute_dollars: found beside speed; expected one of both");
}
