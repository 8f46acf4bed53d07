//! A machine's metadata service: sessions, what can be read, and the account's switch.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dayfly::model::time::Timestamp;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::Ec2Settings;
use dayfly_lab::emulator::imds::{Imds, ROLE, mac};
use dayfly_lab::emulator::message::Request;
use serde_json::Value;

/// One machine of an account, and its service.
struct World {
    account: Ec2,
    imds: Imds,
    id: String,
    now: Timestamp,
}

impl World {
    /// `launch` are parameters beside those that every launch needs.
    fn new(launch: &str) -> Self {
        let mut world = Self {
            account: Ec2::new(Ec2Settings::default()),
            imds: Imds::new(7),
            id: String::new(),
            now: Timestamp::from_seconds(1_790_000_000),
        };
        let answer = world.call(&format!(
            "Action=RunInstances&LaunchTemplate.LaunchTemplateId=lt-1&InstanceType=c7i.large\
             &SubnetId=subnet-a&MinCount=1&MaxCount=1{launch}"
        ));
        let id = answer.split("<instanceId>").nth(1);
        let id = id.and_then(|rest| rest.split('<').next());
        id.expect("a machine").clone_into(&mut world.id);
        // Until calls know the machine, and it runs.
        world.now = world.now.plus(Duration::from_secs(10));
        world.account.tick(world.now);
        world
    }

    fn call(&mut self, form: &str) -> String {
        let request = Request {
            method: "POST".to_owned(),
            authorization: Some("AWS4-HMAC-SHA256 Credential=a".to_owned()),
            body: format!("Version=2016-11-15&{form}").into_bytes(),
            ..Request::default()
        };
        let answer = self.account.handle(&request, self.now);
        let text = String::from_utf8(answer.body).expect("answers are UTF-8");
        assert_eq!(answer.status, 200, "{text}");
        text
    }

    fn ask(&mut self, request: &Request) -> (u16, String) {
        let machine = self.account.machine(&self.id).expect("it is listed");
        let settings = self.account.settings();
        let answer = self.imds.handle(request, machine, settings, self.now);
        let text = String::from_utf8(answer.body).expect("answers are UTF-8");
        (answer.status, text)
    }

    fn open(&mut self, seconds: Option<&str>) -> (u16, String) {
        self.ask(&Request {
            method: "PUT".to_owned(),
            path: "/latest/api/token".to_owned(),
            metadata_token_ttl: seconds.map(str::to_owned),
            ..Request::default()
        })
    }

    fn get(&mut self, path: &str, session: Option<&str>) -> (u16, String) {
        self.ask(&Request {
            method: "GET".to_owned(),
            path: format!("/latest/{path}"),
            metadata_token: session.map(str::to_owned),
            ..Request::default()
        })
    }

    /// What a path says to somebody with a session.
    fn read(&mut self, path: &str) -> (u16, String) {
        let (status, session) = self.open(Some("60"));
        assert_eq!(status, 200);
        self.get(path, Some(&session))
    }
}

#[test]
fn a_session_is_needed_and_lasts_as_long_as_it_was_asked_for() {
    let mut world = World::new("");
    assert_eq!(world.get("meta-data/instance-id", None).0, 401);
    assert_eq!(world.get("meta-data/instance-id", Some("guessed")).0, 401);
    let (_, session) = world.open(Some("60"));
    let id = world.id.clone();
    let read = world.get("meta-data/instance-id", Some(&session));
    assert_eq!(read, (200, id));
    world.now = world.now.plus(Duration::from_secs(60));
    assert_eq!(world.get("meta-data/instance-id", Some(&session)).0, 401);
}

#[test]
fn a_session_is_given_for_a_second_to_six_hours_and_for_nothing_else() {
    let mut world = World::new("");
    for wrong in [None, Some("0"), Some("21601"), Some("-1"), Some("long")] {
        assert_eq!(world.open(wrong).0, 400, "{wrong:?}");
    }
    for right in ["1", "21600"] {
        assert_eq!(world.open(Some(right)).0, 200, "{right}");
    }
}

#[test]
fn another_machines_session_opens_nothing() {
    let (mut one, mut other) = (World::new(""), World::new(""));
    other.imds = Imds::new(8);
    let (_, session) = one.open(Some("60"));
    assert_eq!(other.get("meta-data/instance-id", Some(&session)).0, 401);
}

#[test]
fn a_launch_that_asks_for_version_one_gets_it() {
    let mut world = World::new("&MetadataOptions.HttpTokens=optional");
    assert_eq!(world.get("meta-data/instance-type", None).1, "c7i.large");
    // A session that is no good is refused all the same.
    assert_eq!(world.get("meta-data/instance-type", Some("guessed")).0, 401);
}

#[test]
fn the_account_turns_it_off_for_everything() {
    let mut world = World::new("");
    let (_, session) = world.open(Some("60"));
    let id = world.id.clone();
    world.call(&format!(
        "Action=ModifyInstanceMetadataOptions&InstanceId={id}&HttpEndpoint=disabled"
    ));
    assert_eq!(world.get("meta-data/instance-id", Some(&session)).0, 403);
    assert_eq!(world.open(Some("60")).0, 403);
    world.call(&format!(
        "Action=ModifyInstanceMetadataOptions&InstanceId={id}&HttpEndpoint=enabled"
    ));
    assert_eq!(world.get("meta-data/instance-id", Some(&session)).0, 200);
}

#[test]
fn what_cloud_init_asks_for_is_there() {
    let told = "#cloud-config\n";
    let encoded = STANDARD.encode(told).replace('=', "%3D");
    let mut world = World::new(&format!("&UserData={encoded}"));
    assert_eq!(world.read("user-data"), (200, told.to_owned()));
    // A 404 in the place of this list costs a boot half a minute.
    let list = world.read("dynamic/instance-identity");
    assert_eq!(list, (200, "document".to_owned()));
    let (_, document) = world.read("dynamic/instance-identity/document");
    let document: BTreeMap<String, Value> = serde_json::from_str(&document).expect("JSON");
    assert_eq!(document["instanceId"], world.id);
    assert_eq!(document["region"], "eu-central-1");
    let card = mac(&world.id);
    let cards = world.read("meta-data/network/interfaces/macs/");
    assert_eq!(cards, (200, format!("{card}/")));
    let address = world.read(&format!("meta-data/network/interfaces/macs/{card}/mac"));
    assert_eq!(address, (200, card));
    let (_, all) = world.read("meta-data/");
    for name in ["instance-id", "iam/", "placement/", "local-hostname"] {
        assert!(all.lines().any(|line| line == name), "{name} in {all}");
    }
    assert_eq!(world.read("meta-data/public-keys").0, 404);
}

#[test]
fn a_machine_without_user_data_has_none() {
    assert_eq!(World::new("").read("user-data").0, 404);
}

#[test]
fn a_role_has_credentials_of_its_own_machine() {
    let mut world = World::new("");
    let path = "meta-data/iam/security-credentials/";
    assert_eq!(world.read(path).1, ROLE);
    let (_, keys) = world.read(&format!("{path}{ROLE}"));
    let keys: Value = serde_json::from_str(&keys).expect("JSON");
    let key = keys["AccessKeyId"].as_str().expect("a text");
    assert!(key.starts_with("ASIA") && key.len() == 20, "{key}");
    assert_eq!(keys["Expiration"], "2026-09-21T20:13:30.000Z");
    world.id = String::new();
    let mut other = World::new("&ClientToken=another");
    other.imds = Imds::new(8);
    let (_, others) = other.read(&format!("{path}{ROLE}"));
    let others: Value = serde_json::from_str(&others).expect("JSON");
    assert_ne!(others["SecretAccessKey"], keys["SecretAccessKey"]);
}

#[test]
fn tags_are_there_for_those_who_asked_for_them() {
    let tagged = "&TagSpecification.1.ResourceType=instance\
                  &TagSpecification.1.Tag.1.Key=dayfly:pool&TagSpecification.1.Tag.1.Value=linux";
    let mut hidden = World::new(tagged);
    assert_eq!(hidden.read("meta-data/tags/instance").0, 404);
    let mut shown = World::new(&format!(
        "{tagged}&MetadataOptions.InstanceMetadataTags=enabled"
    ));
    let tag = shown.read("meta-data/tags/instance/dayfly:pool");
    assert_eq!(tag, (200, "linux".to_owned()));
}

#[test]
fn a_spot_machine_reads_its_notice_and_no_other_does() {
    let spot = "&InstanceMarketOptions.MarketType=spot";
    for (launch, status) in [(spot, 200), ("", 404)] {
        let mut world = World::new(launch);
        let paths = [
            "meta-data/spot/instance-action",
            "meta-data/events/recommendations/rebalance",
        ];
        for path in paths {
            assert_eq!(world.read(path).0, 404, "{path}");
        }
        let (id, now) = (world.id.clone(), world.now);
        world.account.advise_rebalance(&id, now);
        world.account.interrupt(&id, now);
        for path in paths {
            assert_eq!(world.read(path).0, status, "{path}");
        }
        if status == 200 {
            let (_, notice) = world.read(paths[0]);
            let notice: Value = serde_json::from_str(&notice).expect("JSON");
            assert_eq!(notice["action"], "terminate");
            assert_eq!(notice["time"], "2026-09-21T14:15:30.000Z");
        }
    }
}
