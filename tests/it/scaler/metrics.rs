//! A tick as lines of the embedded metric format: what they say, and that CloudWatch takes them.

use std::time::Duration;

use dayfly::model::id::Deployment;
use dayfly::ports::LaunchError;
use dayfly::scaler::Tick;
use dayfly::scaler::metrics::lines;
use serde_json::Value;

use super::doubles::World;
use crate::plan::world::{policy, pool, pool_policy};

/// The units that a metric may have, as far as anybody could want them here.
const UNITS: [&str; 5] = ["Count", "Milliseconds", "Seconds", "Bytes", "None"];

fn only_line(tick: &Tick) -> String {
    let mut lines = lines(tick, &Deployment::new("ci"));
    assert_eq!(lines.len(), 1);
    lines.remove(0)
}

fn value(line: &str, name: &str) -> Option<u64> {
    let document: Value = serde_json::from_str(line).expect(line);
    document
        .get(name)
        .map(|value| value.as_u64().expect("a count"))
}

/// What the format's specification asks of a document (the page is named in `scaler::metrics`).
pub fn assert_emf(line: &str) {
    assert!(line.len() < 1_000_000 && !line.contains('\n'), "{line}");
    let document: Value = serde_json::from_str(line).expect(line);
    let about = document["_aws"].as_object().expect("metadata");
    assert!(about.keys().eq(["CloudWatchMetrics", "Timestamp"]));
    assert!(about["Timestamp"].is_u64(), "milliseconds since the epoch");
    for directive in about["CloudWatchMetrics"].as_array().expect("directives") {
        let keys = directive.as_object().expect("a directive").keys();
        assert!(keys.eq(["Dimensions", "Metrics", "Namespace"]));
        let namespace = directive["Namespace"].as_str().expect("a namespace");
        assert!((1..=256).contains(&namespace.len()) && !namespace.starts_with("AWS/"));
        for set in directive["Dimensions"].as_array().expect("dimension sets") {
            let set = set.as_array().expect("a dimension set");
            assert!((1..=30).contains(&set.len()));
            for dimension in set {
                let name = dimension.as_str().expect("a dimension's name");
                let value = document[name].as_str().expect("its value at the root");
                assert!((1..=1024).contains(&value.len()) && value.is_ascii());
            }
        }
        let metrics = directive["Metrics"].as_array().expect("metrics");
        assert!((1..=100).contains(&metrics.len()));
        for metric in metrics {
            let name = metric["Name"].as_str().expect("a metric's name");
            assert!((1..=1024).contains(&name.len()) && name.is_ascii());
            assert!(
                document[name].is_number(),
                "{name} has its value at the root"
            );
            assert!(UNITS.contains(&metric["Unit"].as_str().expect("a unit")));
        }
    }
}

#[tokio::test]
async fn a_tick_is_one_line_for_each_pool() {
    let world = World::default();
    world.queued.set(3);
    let mut tick = world.scaler(2).tick().await;
    tick.took = Duration::from_millis(42);
    let line = only_line(&tick);
    assert_emf(&line);
    let metrics = [
        "Queued",
        "Booting",
        "Waiting",
        "Running",
        "Alive",
        "Missing",
        "Launched",
        "Ended",
        "LaunchesFailed",
        "LaunchBlocked",
        "HubSilent",
        "CloudSilent",
    ];
    let mut definitions: Vec<String> = metrics
        .iter()
        .map(|name| format!(r#"{{"Name":"{name}","Unit":"Count"}}"#))
        .collect();
    definitions.insert(
        1,
        r#"{"Name":"QueueAgeSeconds","Unit":"Seconds"}"#.to_owned(),
    );
    definitions.push(r#"{"Name":"TickMilliseconds","Unit":"Milliseconds"}"#.to_owned());
    let expected = format!(
        r#"{{"Alive":0,"Booting":0,"CloudSilent":0,"Deployment":"ci","Ended":0,"HubSilent":0,"LaunchBlocked":0,"Launched":2,"LaunchesFailed":0,"Missing":3,"Pool":"linux","QueueAgeSeconds":0,"Queued":3,"Running":0,"TickMilliseconds":42,"Waiting":0,"_aws":{{"CloudWatchMetrics":[{{"Dimensions":[["Deployment","Pool"]],"Metrics":[{}],"Namespace":"Dayfly"}}],"Timestamp":1790000000000}}}}"#,
        definitions.join(",")
    );
    assert_eq!(line, expected);
}

#[tokio::test]
async fn every_pool_has_its_own_numbers() {
    let world = World::default();
    world.queued.set(1);
    let mut scaler = world.scaler(10);
    let mut two = policy(10, 0);
    two.pools.insert(pool("arm"), pool_policy(0, 0));
    scaler.set_policy(two);
    let tick = scaler.tick().await;
    let lines = lines(&tick, &Deployment::new("ci"));
    lines.iter().for_each(|line| assert_emf(line));
    let names: Vec<bool> = lines
        .iter()
        .map(|line| line.contains(r#""Pool":"arm""#))
        .collect();
    assert_eq!(names, [true, false]);
    assert_eq!(value(&lines[0], "Launched"), Some(0));
    assert_eq!(value(&lines[1], "Launched"), Some(1));
}

#[tokio::test]
async fn what_nobody_answered_is_left_out_and_not_zero() {
    let world = World::default();
    world.queued.set(3);
    world.hub_is_silent.set(true);
    let line = only_line(&world.scaler(10).tick().await);
    assert_emf(&line);
    assert_eq!(value(&line, "HubSilent"), Some(1));
    assert_eq!(value(&line, "Queued"), None);
    assert_eq!(value(&line, "QueueAgeSeconds"), None);
    assert_eq!(value(&line, "Missing"), None);
    assert_eq!(value(&line, "Alive"), Some(0));
    world.hub_is_silent.set(false);
    world.cloud_is_silent.set(true);
    let line = only_line(&world.scaler(10).tick().await);
    assert_emf(&line);
    assert_eq!(value(&line, "CloudSilent"), Some(1));
    assert_eq!(value(&line, "Queued"), Some(3));
    assert_eq!(value(&line, "Alive"), None);
    assert_eq!(value(&line, "Missing"), None);
    assert_eq!(value(&line, "LaunchBlocked"), Some(0));
}

#[tokio::test]
async fn a_pool_that_an_operator_must_look_at_says_so() {
    let world = World::default();
    world.queued.set(3);
    let reason = "no such image".to_owned();
    *world.refusal.borrow_mut() = Some(LaunchError::Refused { reason });
    let mut scaler = world.scaler(10);
    let first = only_line(&scaler.tick().await);
    let second = only_line(&scaler.tick().await);
    assert_eq!(value(&first, "LaunchesFailed"), Some(1));
    assert_eq!(value(&second, "LaunchesFailed"), Some(0));
    assert_eq!(value(&first, "LaunchBlocked"), Some(1));
    assert_eq!(value(&second, "LaunchBlocked"), Some(1));
}

#[tokio::test]
async fn a_limit_of_the_operators_own_is_no_alarm() {
    let world = World::default();
    world.queued.set(3);
    let line = only_line(&world.scaler(0).tick().await);
    assert_eq!(value(&line, "Missing"), Some(3));
    assert_eq!(value(&line, "LaunchBlocked"), Some(0));
}
