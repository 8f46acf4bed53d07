//! The edge in front of the hub, and answers that are not the hub's.

use dayfly_lab::emulator::edge::{EdgeSettings, MILLION};
use dayfly_lab::emulator::foreign::ForeignAnswer;
use dayfly_lab::emulator::hub::faults::{Before, Endpoint, Scope, Travel};
use dayfly_lab::emulator::hub::job::JobState;
use dayfly_lab::emulator::hub::settings::HubSettings;
use serde_json::json;

use super::world::{World, shown};

fn always(kinds: &[ForeignAnswer]) -> EdgeSettings {
    EdgeSettings {
        faults_per_million: MILLION,
        kinds: kinds.to_vec(),
        window: None,
        is_before: false,
    }
}

fn seeded(seed: u64) -> World {
    World::with(HubSettings {
        seed,
        ..HubSettings::default()
    })
}

/// Status and body of a thousand polls through an edge that replaces a tenth.
fn thousand_polls(seed: u64) -> Vec<String> {
    let mut world = seeded(seed);
    let settings = EdgeSettings {
        faults_per_million: 100_000,
        ..EdgeSettings::default()
    };
    world.hub.set_edge(settings, Vec::new());
    let polls = (0..1000).map(|_| shown(&world.typed("GET", "/metrics", "")));
    polls.collect()
}

#[test]
fn edge_replaces_its_share_and_repeats_for_a_seed() {
    let own = shown(&seeded(1).typed("GET", "/metrics", ""));
    let polls = thousand_polls(1);
    let replaced = polls.iter().filter(|poll| **poll != own).count();
    assert!((60..=140).contains(&replaced), "{replaced}");
    assert_eq!(polls, thousand_polls(1));
    assert_ne!(polls, thousand_polls(2));
}

#[test]
fn edge_hides_half_of_its_requests_from_the_hub() {
    let mut world = seeded(3);
    let settings = always(&[ForeignAnswer::NotFoundEnvoy]);
    world.hub.set_edge(settings, vec![Endpoint::Register]);
    for index in 0..100 {
        let answer = world.try_register(json!({"name": format!("agent-{index}")}));
        assert_eq!((answer.status, answer.content_type), (404, ""));
    }
    let registered = world.hub.agents().count();
    assert!((30..=70).contains(&registered), "{registered}");
}

#[test]
fn edge_is_limited_to_its_endpoints_and_can_go() {
    let mut world = World::new();
    let settings = always(&[ForeignAnswer::CaptivePortal]);
    let endpoints = vec![Endpoint::Metrics, Endpoint::Public];
    world.hub.set_edge(settings, endpoints);
    let own = world.typed("GET", "/jobs", "");
    assert_eq!(own.content_type, "application/json");
    for answer in [
        world.typed("GET", "/metrics", ""),
        world.public("GET", "/jobs", ""),
        world.public("GET", "/agents", ""),
    ] {
        assert_eq!((answer.status, answer.content_type), (200, "text/html"));
    }
    world.hub.clear_edge();
    let own = world.typed("GET", "/metrics", "");
    assert_eq!(own.content_type, "application/json");
}

#[test]
fn unstored_push_is_never_answered_as_a_stored_one() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let log = world.log_token(&token, &job);
    let settings = always(&[ForeignAnswer::EmptyBody]);
    world.hub.set_edge(settings, vec![Endpoint::LogPush]);
    for _ in 0..50 {
        let stored = world.hub.log_events(&job).len();
        let start = i64::try_from(stored).expect("a few");
        let answer = world.push(&log, &job, start, "{}");
        let is_stored = world.hub.log_events(&job).len() == stored + 1;
        assert_eq!(answer == "200", is_stored, "{answer}");
    }
}

#[test]
fn foreign_answer_before_the_hub_does_nothing() {
    let mut world = World::new();
    for foreign in ForeignAnswer::ALL {
        let once = Scope::on(Endpoint::Register).times(1);
        let rule = world.hub.add_fault(once, Before::Foreign(foreign));
        let answer = world.try_register(json!({"name": "a"}));
        assert_eq!(answer, foreign.response("10.0.0.7", None));
        assert!(world.hub.agent("a").is_none(), "{foreign:?}");
        world.hub.remove_fault(rule);
    }
    let allow_list = ForeignAnswer::NotFoundAllowList.response("10.0.0.7", None);
    let text = shown(&allow_list);
    assert!(
        text.contains("10.0.0.7") && text.lines().count() == 2,
        "{text}"
    );
}

#[test]
fn replaced_answer_comes_after_the_hub_has_acted() {
    let mut world = World::new();
    let job = world.ready("job");
    let token = world.register("a");
    let once = Scope::on(Endpoint::Sync).times(1);
    let portal = Travel::ReplacedBy(ForeignAnswer::CaptivePortal);
    world.hub.add_fault(once, portal);
    let answer = world.agent("POST", "/sync", &token, r#"{"state":"waiting-for-jobs"}"#);
    assert_eq!((answer.status, answer.content_type), (200, "text/html"));
    assert_eq!(world.state(&job), JobState::Started);
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "run-job");
}

#[test]
fn push_answered_by_a_portal_is_not_stored() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let log = world.log_token(&token, &job);
    let once = Scope::on(Endpoint::LogPush).times(1);
    let portal = Before::Foreign(ForeignAnswer::CaptivePortal);
    world.hub.add_fault(once, portal);
    assert!(world.push(&log, &job, 0, "{}").starts_with("200 <!DOCTYPE"));
    assert_eq!(world.hub.log_events(&job).len(), 0);
    assert_eq!(world.push(&log, &job, 0, "{}"), "200");
}
