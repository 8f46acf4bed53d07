//! What there is to read, as paths with their texts; a folder lists what is below it.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;

use super::secret;
use crate::emulator::ec2::Stamp;
use crate::emulator::ec2::machine::{MachineRecord, Switch};
use crate::emulator::ec2::settings::Ec2Settings;
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// The role of every machine.
pub const ROLE: &str = "dayfly-machine";
/// For how long a role's credentials are good.
const CREDENTIALS_LAST: Duration = Duration::from_secs(6 * 3600);

/// A machine's hardware address, made of its id.
pub fn mac(id: &str) -> String {
    let hash = secret(id);
    let pairs = (0..5).filter_map(|pair| hash.get(pair * 2..pair * 2 + 2));
    // The second lowest bit of the first byte says that no maker gave it.
    pairs.fold("06".to_owned(), |mac, pair| format!("{mac}:{pair}"))
}

/// The text of a path, or the list of a folder; nothing where there is neither.
pub(super) fn read(
    path: &str,
    machine: &MachineRecord,
    settings: &Ec2Settings,
    seed: u64,
    now: Timestamp,
) -> Option<String> {
    if path == "user-data" {
        let bytes = STANDARD.decode(machine.user_data.as_ref()?).ok()?;
        return String::from_utf8(bytes).ok();
    }
    let leaves = leaves(machine, settings, seed, now);
    let path = path.trim_end_matches('/');
    if let Some(text) = leaves.get(path) {
        return Some(text.clone());
    }
    let folder = match path {
        "" => String::new(),
        path => format!("{path}/"),
    };
    let below = leaves.keys().filter_map(|leaf| leaf.strip_prefix(&folder));
    let names = below.map(|rest| match rest.split_once('/') {
        Some((name, _)) => format!("{name}/"),
        None => rest.to_owned(),
    });
    // Each once, in the order of their names.
    let names: BTreeSet<String> = names.collect();
    let lines: Vec<String> = names.into_iter().collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}

fn leaves(
    machine: &MachineRecord,
    settings: &Ec2Settings,
    seed: u64,
    now: Timestamp,
) -> BTreeMap<String, String> {
    let host = format!("ip-{}", machine.address.replace('.', "-"));
    let market = match machine.market {
        Market::Spot => "spot",
        Market::OnDemand => "on-demand",
    };
    let index = machine.launch_index.to_string();
    let region = &settings.region;
    let fixed: [(&str, &str); 19] = [
        ("ami-id", &machine.image),
        ("ami-launch-index", &index),
        ("hostname", &host),
        ("instance-action", "none"),
        ("instance-id", &machine.id),
        ("instance-life-cycle", market),
        ("instance-type", &machine.instance_type),
        ("local-hostname", &host),
        ("local-ipv4", &machine.address),
        ("mac", &mac(&machine.id)),
        ("placement/availability-zone", &machine.zone),
        ("placement/region", region),
        ("profile", "default-hvm"),
        ("reservation-id", &machine.reservation),
        ("security-groups", "default"),
        ("services/domain", "amazonaws.com"),
        ("services/partition", "aws"),
        (
            &format!("iam/security-credentials/{ROLE}"),
            &credentials(machine, seed, now),
        ),
        ("iam/info", &role(settings)),
    ];
    let mut leaves = BTreeMap::new();
    let mut put = |name: &str, text: &str| {
        leaves.insert(format!("meta-data/{name}"), text.to_owned());
    };
    for (name, text) in fixed {
        put(name, text);
    }
    network(machine, settings, &mut put);
    notices(machine, &mut put);
    if machine.metadata.tags == Switch::On {
        for (key, value) in &machine.tags {
            put(&format!("tags/instance/{key}"), value);
        }
    }
    let document = document(machine, settings);
    leaves.insert("dynamic/instance-identity/document".to_owned(), document);
    leaves
}

fn network(machine: &MachineRecord, settings: &Ec2Settings, put: &mut impl FnMut(&str, &str)) {
    let mac = mac(&machine.id);
    let subnet = settings.subnets.get(&machine.subnet);
    let card = [
        ("device-number", "0"),
        ("local-ipv4s", &machine.address),
        ("mac", &mac),
        ("owner-id", &settings.owner),
        ("subnet-id", &machine.subnet),
        ("vpc-id", subnet.map_or("", |subnet| &subnet.vpc)),
    ];
    for (name, text) in card {
        put(&format!("network/interfaces/macs/{mac}/{name}"), text);
    }
}

/// What EC2 has to say to a spot machine; the paths are not there before.
fn notices(machine: &MachineRecord, put: &mut impl FnMut(&str, &str)) {
    if let Some(at) = machine.spot_ends_at {
        let at = Stamp(at).to_string();
        let action = json!({ "action": "terminate", "time": at });
        put("spot/instance-action", &action.to_string());
        put("spot/termination-time", &at);
    }
    if let Some(at) = machine.rebalance_at {
        let notice = json!({ "noticeTime": Stamp(at).to_string() });
        put("events/recommendations/rebalance", &notice.to_string());
    }
}

fn role(settings: &Ec2Settings) -> String {
    let owner = &settings.owner;
    json!({
        "Code": "Success",
        "InstanceProfileArn": format!("arn:aws:iam::{owner}:instance-profile/{ROLE}"),
    })
    .to_string()
}

fn credentials(machine: &MachineRecord, seed: u64, now: Timestamp) -> String {
    let part = |name: &str| secret(&format!("{seed}:{}:{name}", machine.id));
    let key = part("key").to_uppercase();
    json!({
        "Code": "Success",
        "Type": "AWS-HMAC",
        "LastUpdated": Stamp(machine.launched_at).to_string(),
        "AccessKeyId": format!("ASIA{}", &key[..16]),
        "SecretAccessKey": part("secret"),
        "Token": part("session"),
        "Expiration": Stamp(now.plus(CREDENTIALS_LAST)).to_string(),
    })
    .to_string()
}

fn document(machine: &MachineRecord, settings: &Ec2Settings) -> String {
    json!({
        "accountId": settings.owner,
        "architecture": machine.architecture,
        "availabilityZone": machine.zone,
        "imageId": machine.image,
        "instanceId": machine.id,
        "instanceType": machine.instance_type,
        "pendingTime": Stamp(machine.launched_at).to_string(),
        "privateIp": machine.address,
        "region": settings.region,
        "version": "2017-09-30",
    })
    .to_string()
}
