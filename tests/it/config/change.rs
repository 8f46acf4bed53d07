//! What of a changed configuration may take effect while it runs.

use dayfly::config::change::fixed;

use super::{LEAST, settings};

/// The keys that are refused when one text becomes the other.
fn refused(before: &str, after: &str) -> Vec<String> {
    let keys = fixed(&settings(before), &settings(after));
    keys.into_iter().map(|fixed| fixed.key).collect()
}

const POOL: &str = "
[pools.arm]
agent_type = \"s1-arm\"
registration_token = { env = \"ARM\" }
";

const EC2: &str = r#"
deployment = "ci"
machines_max = 20
[hub]
endpoint = "acme.semaphoreci.com"
[cloud]
kind = "ec2"
region = "eu-central-1"
[pools.linux]
agent_type = "s1-linux"
registration_token = { env = "LINUX" }
launch_template = { id = "lt-0123456789abcdef0", version = 3 }
instance_types = ["c7i.large"]
subnets = ["subnet-0123456789abcdef0"]
"#;

#[test]
fn caps_and_limits_may_change() {
    let most = LEAST.replace(
        "machines_max = 20",
        "machines_max = 0\ndollars_per_hour_max = 3",
    );
    let most =
        most + "machines_max = 0\nreserve = 1\nboot_limit_seconds = 20\nbreaker_failures_max = 9\n";
    let most = most.replace("reserve = 1\n", "");
    assert_eq!(refused(LEAST, &most), [""; 0]);
}

#[test]
fn what_connections_were_made_of_may_not_and_every_key_is_named() {
    let other = LEAST
        .replace("\"ci\"", "\"cd\"")
        .replace(
            "machines_max = 20",
            "machines_max = 20\ntick_seconds = 4\nlog_format = \"json\"",
        )
        .replace(
            "acme.semaphoreci.com\"",
            "else.semaphoreci.com\"\ntimeout_seconds = 4\nplain_http = true",
        )
        .replace("\"machines\"", "\"elsewhere\"");
    let expected = [
        "deployment",
        "tick_seconds",
        "log_format",
        "hub.endpoint",
        "hub.plain_http",
        "hub.timeout_seconds",
        "cloud.folder",
    ];
    assert_eq!(refused(LEAST, &other), expected);
    let sentence = fixed(&settings(LEAST), &settings(&other))[0].to_string();
    assert_eq!(
        sentence,
        "deployment cannot change while dayfly runs: restart it, or put the old value back"
    );
}

#[test]
fn on_this_computer_a_pool_may_go_and_none_may_come() {
    let two = LEAST.to_owned() + POOL;
    assert_eq!(refused(&two, LEAST), [""; 0]);
    assert_eq!(refused(LEAST, &two), ["pools.arm"]);
    // What it was started with counts, not what it read last.
    let other = two
        .replace("s1-arm", "s1-other")
        .replace("\"ARM\"", "\"OTHER\"");
    assert_eq!(
        refused(
            &two,
            &(other + "idle_timeout_seconds = 7\ninterruption_grace_seconds = 7\n")
        ),
        [
            "pools.arm.agent_type",
            "pools.arm.registration_token",
            "pools.arm.interruption_grace_seconds"
        ]
    );
}

#[test]
fn on_ec2_pools_may_come_and_go_with_their_templates() {
    let other = EC2
        .replace("version = 3", "version = 4")
        .replace("pools.linux", "pools.other")
        .replace("c7i", "m7i");
    assert_eq!(refused(EC2, &other), [""; 0]);
    let other = EC2.replace("eu-central-1\"", "us-east-1\"\nlease_table = \"leases\"");
    assert_eq!(refused(EC2, &other), ["cloud.region", "cloud.lease_table"]);
    assert_eq!(refused(EC2, LEAST), ["cloud.kind"]);
}
