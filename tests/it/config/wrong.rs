//! Every mistake of a configuration is named at once, with its line, its path and what is right.

use proptest::prelude::*;

use super::ec2::LEAST_EC2;
use super::{LEAST, MOST, problems, resolved, with};

#[test]
fn an_empty_file_lacks_what_must_be_said() {
    insta::assert_snapshot!(problems(""), @"
    dayfly.toml:1: deployment: missing; expected a name that marks this deployment's machines
    dayfly.toml:1: machines_max: missing; expected how many machines may live; 0 drains
    dayfly.toml:1: hub: missing; expected a table with the hub's endpoint
    dayfly.toml:1: cloud: missing; expected a table that says where machines come from
    dayfly.toml:1: pools: missing; expected a table for each pool
    ");
    insta::assert_snapshot!(problems("deployment='a'\nmachines_max=1\n[hub]\n[cloud]\n[pools]\n"), @"
    dayfly.toml:3: hub.endpoint: missing; expected the hub's host, such as acme.semaphoreci.com
    dayfly.toml:4: cloud.kind: missing; expected process, for machines on this computer, or ec2, for machines on Amazon's cloud
    dayfly.toml:5: pools: found no pool; expected one at least, such as [pools.linux]
    ");
    let pool = "deployment='a'\nmachines_max=1\nhub=1\ncloud=2\n[pools.linux]\n";
    insta::assert_snapshot!(problems(pool), @r#"
    dayfly.toml:3: hub: found the number 1; expected a map of keys and values
    dayfly.toml:4: cloud: found the number 2; expected a map of keys and values
    dayfly.toml:5: pools.linux.agent_type: missing; expected the hub's name for it, such as s1-linux
    dayfly.toml:5: pools.linux.registration_token: missing; expected { file = "/path" }, { env = "NAME" }, { parameter = "/path" } or { secret = "name" }
    "#);
}

#[test]
fn every_wrong_value_is_named_with_its_range() {
    let text = r#"
deployment = "c i"
machines_max = -1
launches_per_hour_max = 0
dollars_per_hour_max = "twelve"
tick_seconds = "10s"
log_format = "xml"
[hub]
endpoint = "https://acme.semaphoreci.com/api"
plain_http = "no"
timeout_seconds = 0
[cloud]
kind = "gcp"
folder = ""
boot_delay_milliseconds = 1.5
[pools.linux]
agent_type = "linux"
registration_token = { env = "A" }
machines_max = 10
reserve = 11
boot_limit_seconds = 0
lifetime_seconds = 99999999
idle_timeout_seconds = 0
breaker_failures_max = 0
breaker_pause_seconds = 0
[pools."a b"]
agent_type = "s1-"
registration_token = { env = "A" }
boot_limit_seconds = 300
lifetime_seconds = 300
idle_timeout_seconds = 15
spare_timeout_seconds = 16
"#;
    insta::assert_snapshot!(problems(text), @r#"
    dayfly.toml:2: deployment: found the text "c i"; expected letters, digits, '-' and '_', 64 at most
    dayfly.toml:3: machines_max: found the number -1; expected an integer from 0 to 10000
    dayfly.toml:4: launches_per_hour_max: found the number 0; expected an integer from 1 to 1000000
    dayfly.toml:5: dollars_per_hour_max: found the text "twelve"; expected dollars from 0 to 1000000, such as 12 or "12.50"
    dayfly.toml:6: tick_seconds: found the text "10s"; expected an integer from 1 to 3600
    dayfly.toml:7: log_format: found the text "xml"; expected text or json
    dayfly.toml:9: hub.endpoint: found the text "https://acme.semaphoreci.com/api"; expected a host, perhaps with :port, without scheme and path, such as acme.semaphoreci.com
    dayfly.toml:10: hub.plain_http: found the text "no"; expected true or false
    dayfly.toml:11: hub.timeout_seconds: found the number 0; expected an integer from 1 to 300
    dayfly.toml:13: cloud.kind: found the text "gcp"; expected process or ec2
    dayfly.toml:14: cloud.folder: found the text ""; expected a text that is not empty
    dayfly.toml:15: cloud.boot_delay_milliseconds: found the number 1.5; expected an integer from 0 to 600000
    dayfly.toml:17: pools.linux.agent_type: found the text "linux"; expected s1- and then letters, digits, '-' and '_', such as s1-linux
    dayfly.toml:20: pools.linux.reserve: found the number 11; expected at most machines_max, which is 10
    dayfly.toml:21: pools.linux.boot_limit_seconds: found the number 0; expected an integer from 1 to 86400
    dayfly.toml:22: pools.linux.lifetime_seconds: found the number 99999999; expected an integer from 1 to 2592000
    dayfly.toml:23: pools.linux.idle_timeout_seconds: found the number 0; expected an integer from 1 to 86400
    dayfly.toml:24: pools.linux.breaker_failures_max: found the number 0; expected an integer from 1 to 100
    dayfly.toml:25: pools.linux.breaker_pause_seconds: found the number 0; expected an integer from 1 to 86400
    dayfly.toml:26: pools."a b": found this name; expected letters, digits, '-' and '_', 64 at most
    dayfly.toml:27: pools."a b".agent_type: found the text "s1-"; expected s1- and then letters, digits, '-' and '_', such as s1-linux
    dayfly.toml:30: pools."a b".lifetime_seconds: found a lifetime of 300 s; expected more than boot_limit_seconds, which is 300
    dayfly.toml:32: pools."a b".spare_timeout_seconds: found the number 16; expected at most idle_timeout_seconds, which is 15
    "#);
}

#[test]
fn unknown_keys_are_named_with_what_was_probably_meant() {
    let text = r#"
deployment = "ci"
machine_max = 20
machines_max = 20
ticks = 3
[hub]
endpiont = "a"
endpoint = "acme.semaphoreci.com"
[cloud]
kind = "process"
folder = "a"
size = 3
[pools.linux]
agent_type = "s1-linux"
registration_token = { env = "A", fiel = "b" }
reserves = 1
boot_limit = 300
"#;
    insta::assert_snapshot!(problems(text), @r#"
    dayfly.toml:3: machine_max: unknown key; did you mean "machines_max"?
    dayfly.toml:5: ticks: unknown key; expected deployment, machines_max, launches_per_hour_max, dollars_per_hour_max, tick_seconds, log_format, metrics, learned_file, hub, cloud or pools
    dayfly.toml:7: hub.endpiont: unknown key; did you mean "endpoint"?
    dayfly.toml:12: cloud.size: unknown key; expected kind, folder, boot_delay_milliseconds, region, endpoint_url, ca_file, lease_table or prices
    dayfly.toml:15: pools.linux.registration_token.fiel: unknown key; did you mean "file"?
    dayfly.toml:16: pools.linux.reserves: unknown key; did you mean "reserve"?
    dayfly.toml:17: pools.linux.boot_limit: unknown key; did you mean "boot_limit_seconds"?
    "#);
}

#[test]
fn values_that_contradict_each_other_are_refused() {
    let plain = with("[cloud]", "plain_http = true\nca_file = 'a'\n[cloud]");
    insta::assert_snapshot!(problems(&plain), @"dayfly.toml:7: hub.ca_file: found beside plain_http = true, which uses no certificates; take one of them out");
    let second = "reserve = 15\n[pools.more]\nagent_type = 's1-linux'\nregistration_token = { env = 'A' }\nreserve = 6\n";
    insta::assert_snapshot!(problems(&format!("{LEAST}{second}")), @"
    dayfly.toml:9: pools: found reserves of 21 machines together; expected at most machines_max, which is 20
    dayfly.toml:13: pools.more: found the agent type of pool linux; expected each agent type in one pool, or its jobs would be counted twice
    ");
    let both = with(
        "{ env = \"DAYFLY_TOKEN_LINUX\" }",
        "{ env = 'A', file = 'b' }",
    );
    insta::assert_snapshot!(problems(&both), @"dayfly.toml:11: pools.linux.registration_token: found file and env; expected one of them");
}

proptest! {
    #[test]
    fn no_line_that_is_lost_or_doubled_is_a_panic(
        lines in prop::collection::vec(0_usize..40, 0..40),
        is_ec2 in any::<bool>(),
    ) {
        let known: Vec<&str> = if is_ec2 { LEAST_EC2 } else { MOST }.lines().collect();
        let text: Vec<&str> = lines.iter().map(|at| known[*at % known.len()]).collect();
        if let Err(problems) = resolved(&text.join("\n")) {
            prop_assert!(!problems.is_empty());
        }
    }
}

#[test]
fn hours_that_are_none_are_named_with_what_would_be_right() {
    let pools = r#"machines_max = 4
[[pools.linux.reserve_hours]]
days = ["workdays"]
from = "8:00"
until = "24:01"
reserve = 0
[[pools.linux.reserve_hours]]
form = "08:00"
until = "23:60"
reserve = 2
[pools.mac]
agent_type = "s1-mac"
registration_token = { env = "A" }
machines_max = 4
reserve_hours = [{ from = "24:00", until = "24:00", reserve = 1 }]
[pools.arm]
agent_type = "s1-arm"
registration_token = { env = "A" }
machines_max = 4
reserve_hours = [{ from = "08:00", until = "24:00", reserve = 5 }]
"#;
    insta::assert_snapshot!(problems(&format!("{LEAST}{pools}")), @r#"
    dayfly.toml:14: pools.linux.reserve_hours[0].days[0]: found the text "workdays"; expected monday, tuesday, wednesday, thursday, friday, saturday, sunday, weekdays or weekend
    dayfly.toml:15: pools.linux.reserve_hours[0].from: found the text "8:00"; expected hours and minutes in UTC from "00:00" to "23:59"
    dayfly.toml:16: pools.linux.reserve_hours[0].until: found the text "24:01"; expected hours and minutes in UTC from "00:00" to "24:00"
    dayfly.toml:17: pools.linux.reserve_hours[0].reserve: found the number 0; expected an integer from 1 to 10000
    dayfly.toml:18: pools.linux.reserve_hours[1].from: missing; expected a time of the day in UTC, such as "08:30"
    dayfly.toml:19: pools.linux.reserve_hours[1].form: unknown key; did you mean "from"?
    dayfly.toml:20: pools.linux.reserve_hours[1].until: found the text "23:60"; expected hours and minutes in UTC from "00:00" to "24:00"
    dayfly.toml:26: pools.mac.reserve_hours[0].from: found the text "24:00"; expected hours and minutes in UTC from "00:00" to "23:59"
    dayfly.toml:31: pools.arm.reserve_hours: found the number 5; expected at most machines_max, which is 4
    "#);
}
