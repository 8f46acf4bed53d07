//! The real program as a function whose machines are EC2's: the real SDK against an emulated
//! account on a port.

use std::time::Duration;

use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::settings::{Delays, Ec2Settings};
use dayfly_lab::emulator::message::Request;
use serde_json::{Value, json};

use super::scene::{KEY, Scene, interruption, schedule};
use crate::scaler::metrics::assert_emf;

/// An account in which machines are seen at once.
fn account() -> Ec2Settings {
    Ec2Settings {
        tables: [("leases".to_owned(), "deployment".to_owned())].into(),
        delays: Delays {
            unseen: Duration::ZERO,
            ..Delays::default()
        },
        ..Ec2Settings::default()
    }
}

/// A function, and what its account is asked.
struct Account {
    scene: Scene,
}

impl Account {
    async fn new(settings: Ec2Settings) -> Self {
        let scene = Scene::of(settings);
        scene.write_token();
        let mut account = Self { scene };
        let configuration = account.configuration();
        account.scene.start_with(&[
            ("DAYFLY_CONFIG_TOML", &configuration),
            ("AWS_LAMBDA_LOG_LEVEL", "TRACE"),
        ]);
        account
    }

    /// Another replica holds the lease for an hour from now on, or gives it back.
    fn hold(&self, is_held: bool) {
        let now = SystemClock.now();
        let until = now.plus(Duration::from_secs(3600)).as_millis();
        let key = json!({ "deployment": { "S": "ci" } });
        let row = json!({
            "deployment": { "S": "ci" },
            "holder": { "S": "another" },
            "until": { "N": until.to_string() },
        });
        let (operation, body) = if is_held {
            ("PutItem", json!({ "TableName": "leases", "Item": row }))
        } else {
            ("DeleteItem", json!({ "TableName": "leases", "Key": key }))
        };
        let request = Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            authorization: Some("AWS4-HMAC-SHA256 Credential=a".to_owned()),
            target: Some(format!("DynamoDB_20120810.{operation}")),
            body: body.to_string().into_bytes(),
            ..Request::default()
        };
        let answer = self.scene.ec2.shared().lock().handle(&request, now);
        assert_eq!(
            answer.status,
            200,
            "{:?}",
            String::from_utf8_lossy(&answer.body)
        );
    }

    fn configuration(&self) -> String {
        let lease = "lease_table = \"leases\"\n";
        self.scene.configuration_with(3600, lease)
    }

    /// Machines that are there or on their way.
    fn alive(&self) -> usize {
        let ec2 = self.scene.ec2.shared().lock();
        let states = ec2.machines().map(|machine| machine.state.name());
        states
            .filter(|state| ["pending", "running"].contains(state))
            .count()
    }
}

/// The module's alarms and dashboard are compared with this list, and here the list with what the
/// program writes when everybody has answered.
fn assert_as_terraform_reads(line: &str) {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/terraform/tests/metrics.json");
    let text = std::fs::read_to_string(file).expect(file);
    let told: Value = serde_json::from_str(&text).expect(file);
    let document: Value = serde_json::from_str(line).expect(line);
    let directive = &document["_aws"]["CloudWatchMetrics"][0];
    let metrics = directive["Metrics"].as_array().expect("metrics");
    let mut names: Vec<&str> = metrics
        .iter()
        .map(|metric| metric["Name"].as_str().expect("a name"))
        .collect();
    names.sort_unstable();
    assert_eq!(directive["Namespace"], told["namespace"], "{file}");
    assert_eq!(directive["Dimensions"], json!([told["dimensions"]]));
    assert_eq!(json!(names), told["metrics"], "{file}");
}

#[tokio::test]
async fn a_schedule_launches_machines_on_ec2_once() {
    let mut account = Account::new(account()).await;
    account.scene.hub.enqueue("one");
    account.scene.hub.enqueue("two");
    let summary = account.scene.succeed(&schedule(), 60).await;
    assert_eq!(summary["launched"], json!(2), "{}", account.scene.stderr());
    assert_eq!(summary["standing"], json!("holder"));
    assert_eq!(account.alive(), 2);
    // An event hastens a tick, which sees that all is there.
    let summary = account.scene.succeed(&interruption(), 60).await;
    assert_eq!(
        (&summary["ticks"], &summary["launched"]),
        (&json!(1), &json!(0))
    );
    assert_eq!(account.alive(), 2);
    let stdout = account.scene.stdout();
    assert_eq!(stdout.lines().count(), 2);
    stdout.lines().for_each(assert_emf);
    stdout.lines().for_each(assert_as_terraform_reads);
    assert!(
        stdout
            .lines()
            .next()
            .expect("a line")
            .contains("\"Launched\":2")
    );
    let written = stdout + &account.scene.stderr();
    for secret in [KEY, account.scene.hub.registration_token.expose()] {
        assert!(!written.contains(secret));
    }
}

#[tokio::test]
async fn a_process_that_lambda_replaces_launches_nothing_twice() {
    let mut account = Account::new(account()).await;
    account.scene.hub.enqueue("one");
    account.scene.succeed(&schedule(), 60).await;
    account
        .scene
        .start_with(&[("DAYFLY_CONFIG_TOML", &account.configuration())]);
    let summary = account.scene.succeed(&schedule(), 60).await;
    assert_eq!(summary["launched"], json!(0));
    assert_eq!(account.alive(), 1);
}

#[tokio::test]
async fn a_template_that_does_not_exist_is_an_alarm_and_no_error_of_the_function() {
    let mut settings = account();
    settings.templates.clear();
    let mut account = Account::new(settings).await;
    account.scene.hub.enqueue("one");
    for _ in 0..2 {
        let summary = account.scene.succeed(&schedule(), 60).await;
        assert_eq!(summary["launched"], json!(0));
    }
    let stdout = account.scene.stdout();
    assert_eq!(stdout.matches("\"LaunchBlocked\":1").count(), 2, "{stdout}");
    let stderr = account.scene.stderr();
    let warnings = stderr.matches("launches less than is missing").count();
    assert_eq!(warnings, 1, "{stderr}");
}

#[tokio::test]
async fn of_two_that_overlap_the_holder_of_the_lease_launches() {
    let mut account = Account::new(account()).await;
    account.hold(true);
    account.scene.hub.enqueue("one");
    let summary = account.scene.succeed(&schedule(), 60).await;
    assert_eq!(
        (&summary["ticks"], &summary["standing"]),
        (&json!(1), &json!("standby"))
    );
    assert_eq!(account.alive(), 0);
    account.hold(false);
    let summary = account.scene.succeed(&schedule(), 60).await;
    assert_eq!(summary["standing"], json!("holder"));
    assert_eq!(account.alive(), 1);
    let row = |ec2: &Ec2| ec2.tables().item("leases", "ci").is_some();
    assert!(
        !row(&account.scene.ec2.shared().lock()),
        "a frozen process holds nothing"
    );
}

#[tokio::test]
async fn a_lease_without_a_table_is_an_error_of_the_function() {
    let mut settings = account();
    settings.tables.clear();
    let mut account = Account::new(settings).await;
    account.scene.hub.enqueue("one");
    let (error_type, words) = account.scene.fail(&schedule(), 60).await;
    assert_eq!(error_type, "Dayfly.Lease");
    assert!(words.contains("table leases"), "{words}");
    assert_eq!(account.alive(), 0);
}
