//! Every fault of protocol.md 12 as a switch.

use std::time::Duration;

use dayfly::hub::wire::agent::{SyncAction, SyncState};
use dayfly_lab::emulator::hub::faults::{Before, Content, Endpoint, Inside, Scope, Travel};
use dayfly_lab::emulator::hub::job::JobState;
use dayfly_lab::emulator::message::{Delivery, Response};
use serde_json::json;

use super::world::{World, body, shown, whole_log};

const WAITING: &str = r#"{"state":"waiting-for-jobs"}"#;

fn waiting(world: &mut World, token: &str) -> Response {
    world.agent("POST", "/sync", token, WAITING)
}

#[test]
fn a_dropped_register_answer_has_registered_all_the_same() {
    let mut world = World::new();
    let once = Scope::on(Endpoint::Register).times(1);
    world.hub.add_fault(once, Travel::Dropped);
    let response = world.try_register(json!({"name": "a"}));
    assert_eq!(response.delivery, Delivery::Dropped);
    assert!(world.hub.agent("a").is_some());
    world.register("a");
}

#[test]
fn the_answer_of_run_job_alone_can_be_dropped() {
    let mut world = World::new();
    let scope = Scope::on(Endpoint::Sync)
        .answering(SyncAction::RunJob)
        .times(1);
    world.hub.add_fault(scope, Travel::Dropped);
    let token = world.register("a");
    assert_eq!(waiting(&mut world, &token).delivery, Delivery::Prompt);
    let job = world.ready("job");
    assert_eq!(waiting(&mut world, &token).delivery, Delivery::Dropped);
    assert_eq!(world.state(&job), JobState::Started);
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "run-job");
}

#[test]
fn an_endpoint_fails_for_a_while_and_does_nothing_meanwhile() {
    let mut world = World::new();
    let job = world.ready("job");
    let token = world.register("a");
    let until = world.now.plus(Duration::from_secs(240));
    let scope = Scope::on(Endpoint::Sync).between(world.now, until);
    world.hub.add_fault(
        scope,
        Before::Answer {
            status: 503,
            body: "request timed out",
        },
    );
    assert_eq!(
        world.sync(&token, "waiting-for-jobs", ""),
        "503 request timed out"
    );
    assert_eq!(world.state(&job), JobState::WaitingForAgent);
    assert_eq!(
        world.typed("GET", "/metrics", "").status,
        200,
        "the others answer"
    );
    world.now = until;
    assert!(
        world
            .sync(&token, "waiting-for-jobs", "")
            .starts_with("404"),
        "cleaned meanwhile"
    );
}

#[test]
fn everything_can_vanish_be_reset_or_come_late() {
    let mut world = World::new();
    let late = Duration::from_secs(20);
    let hole = world
        .hub
        .add_fault(Scope::on(Endpoint::Any), Before::BlackHole);
    assert_eq!(
        world.typed("GET", "/metrics", "").delivery,
        Delivery::BlackHole
    );
    world.hub.remove_fault(hole);
    world
        .hub
        .add_fault(Scope::on(Endpoint::Metrics).nth(1), Before::Reset);
    world
        .hub
        .add_fault(Scope::on(Endpoint::Metrics), Travel::Delayed(late));
    assert_eq!(
        world.typed("GET", "/metrics", "").delivery,
        Delivery::Dropped
    );
    assert_eq!(
        world.typed("GET", "/metrics", "").delivery,
        Delivery::Delayed(late)
    );
    world.hub.clear_faults();
    world
        .hub
        .add_fault(Scope::on(Endpoint::Metrics), Travel::Lost);
    assert_eq!(
        world.typed("GET", "/metrics", "").delivery,
        Delivery::BlackHole
    );
}

#[test]
fn a_push_can_be_stored_and_then_fail() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let log = world.log_token(&token, &job);
    let once = Scope::on(Endpoint::LogPush).times(1);
    world
        .hub
        .add_fault(once, Travel::CommittedThen { status: 503 });
    assert_eq!(world.push(&log, &job, 0, "{}"), "503 Service Unavailable");
    assert_eq!(world.hub.log_events(&job).len(), 1);
    assert_eq!(world.push(&log, &job, 0, "{}"), "200");
}

#[test]
fn a_log_can_be_full_after_a_few_bytes() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let log = world.log_token(&token, &job);
    world
        .hub
        .add_fault(Scope::on(Endpoint::LogPush), Inside::LogFull { bytes: 3 });
    assert_eq!(world.push(&log, &job, 0, "{}"), "200");
    assert_eq!(world.push(&log, &job, 1, "{}"), "422 No more space");
}

#[test]
fn the_first_log_token_can_have_expired_and_a_refreshed_one_works() {
    let mut world = World::new();
    world
        .hub
        .add_fault(Scope::on(Endpoint::Payload), Inside::LogTokenExpired);
    let (token, job) = world.running("job");
    let log = world.log_token(&token, &job);
    assert_eq!(world.push(&log, &job, 0, "{}"), "401 Unauthorized");
    let fresh = body(&world.agent("POST", "/refresh", &token, ""));
    let fresh = fresh["token"].as_str().expect("a token").to_owned();
    assert_eq!(world.push(&fresh, &job, 0, "{}"), "200");
    let scope = Scope::on(Endpoint::Refresh);
    world.hub.add_fault(
        scope,
        Before::Answer {
            status: 500,
            body: "",
        },
    );
    let refused = world.agent("POST", "/refresh", &token, "");
    assert_eq!(shown(&refused), "500 Internal Server Error");
}

#[test]
fn a_payload_can_come_sanitized_at_once() {
    let mut world = World::new();
    world
        .hub
        .add_fault(Scope::on(Endpoint::Payload), Inside::PayloadSanitized);
    let (token, job) = world.running("job");
    assert_eq!(world.log_token(&token, &job), "{SANITIZED}");
}

#[test]
fn the_tail_of_an_archived_log_can_be_lost() {
    // protocol.md S22, as the real log server does it.
    let mut world = World::new();
    let (token, job) = world.running("job");
    let log = world.log_token(&token, &job);
    world.push(&log, &job, 0, &whole_log());
    world
        .hub
        .add_fault(Scope::on(Endpoint::LogRead), Inside::ArchiveTailLost);
    assert!(
        world.read(&job, "&token=4").contains("job_finished"),
        "a live log is whole"
    );
    world.finish(&token, &job, "passed");
    assert_eq!(
        world.read(&job, "&token=4"),
        r#"200 {"events":[],"next":null}"#
    );
    assert!(world.read(&job, "").contains("job_finished"));
}

#[test]
fn next_sync_after_can_be_anything_or_nothing() {
    let mut world = World::new();
    let token = world.register("a");
    for span in [0, -5, i64::MAX] {
        let scope = Scope::on(Endpoint::Sync).times(1);
        world.hub.add_fault(scope, Content::NextSyncAfter(span));
        let answer = body(&waiting(&mut world, &token));
        assert_eq!(answer["next_sync_after"], span);
    }
    let scope = Scope::on(Endpoint::Sync).times(1);
    world.hub.add_fault(scope, Content::NextSyncAfterMissing);
    let answer = body(&waiting(&mut world, &token));
    assert_eq!(answer.get("next_sync_after"), None);
}

#[test]
fn answers_can_hold_unknown_words_unknown_fields_and_nulls() {
    let mut world = World::new();
    let token = world.register("a");
    let sync = Scope::on(Endpoint::Sync);
    world
        .hub
        .add_fault(sync.clone(), Content::ActionUnknown("dance"));
    world.hub.add_fault(sync.clone(), Content::FieldsExtra);
    world.hub.add_fault(sync, Content::FieldsNull);
    let answer = body(&waiting(&mut world, &token));
    assert_eq!(answer["action"], "dance");
    assert_eq!(answer["job_id"], json!(null));
    assert!(answer["a_field_of_tomorrow"].is_object());
}

#[test]
fn a_stop_can_come_while_starting_and_for_a_foreign_job() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let (_, foreign) = world.running("foreign");
    let starting = Scope::on(Endpoint::Sync).reporting(SyncState::StartingJob);
    world.hub.add_fault(starting, Content::StopJob(None));
    let running = Scope::on(Endpoint::Sync).reporting(SyncState::RunningJob);
    world
        .hub
        .add_fault(running, Content::StopJob(Some(foreign.clone())));
    let finished = Scope::on(Endpoint::Sync).reporting(SyncState::FinishedJob);
    world
        .hub
        .add_fault(finished, Content::RunJob(foreign.clone()));
    let mut told = |state: &str| {
        let report = json!({"state": state, "job_id": job.as_str(), "job_result": "passed"});
        let answer = body(&world.agent("POST", "/sync", &token, &report.to_string()));
        (answer["action"].to_string(), answer["job_id"].clone())
    };
    assert_eq!(
        told("starting-job"),
        ("\"stop-job\"".to_owned(), json!(job.as_str()))
    );
    assert_eq!(
        told("running-job"),
        ("\"stop-job\"".to_owned(), json!(foreign.as_str()))
    );
    assert_eq!(
        told("finished-job"),
        ("\"run-job\"".to_owned(), json!(foreign.as_str()))
    );
}

#[test]
fn a_job_can_never_become_ready() {
    let mut world = World::new();
    world
        .hub
        .add_fault(Scope::on(Endpoint::Scheduling).nth(1), Inside::NeverReady);
    let stuck = world.enqueue("stuck");
    let other = world.enqueue("other");
    world.pass(60);
    assert_eq!(world.state(&stuck), JobState::Scheduled);
    assert_eq!(world.state(&other), JobState::WaitingForAgent);
}

#[test]
fn metrics_can_lag_behind_by_one_pickup() {
    let mut world = World::new();
    world
        .hub
        .add_fault(Scope::on(Endpoint::Any), Inside::StalePickup);
    let (_, job) = world.running("job");
    let counts = json!({"jobs": {"queued": 1, "running": 0}, "agents": {"idle": 0, "occupied": 1}});
    assert_eq!(body(&world.typed("GET", "/metrics", "")), counts);
    let listed = json!({"jobs": [{"id": job.as_str()}]});
    assert_eq!(body(&world.typed("GET", "/jobs", "")), listed);
}

#[test]
fn the_queue_can_be_filled_up_with_the_same_inventions_each_time() {
    let mut world = World::new();
    world
        .hub
        .add_fault(Scope::on(Endpoint::QueuedJobs), Inside::QueueFilledUp);
    let job = world.ready("job");
    let first = body(&world.typed("GET", "/jobs", ""));
    assert_eq!(first["jobs"].as_array().map(Vec::len), Some(500));
    assert_eq!(first["jobs"][0]["id"], job.as_str());
    assert_eq!(first, body(&world.typed("GET", "/jobs", "")));
}

#[test]
fn a_boot_storm_can_meet_the_quota_and_taken_names() {
    let mut world = World::new();
    let body_text = "agent quota for organization has been reached";
    let storm = Before::Answer {
        status: 422,
        body: body_text,
    };
    world
        .hub
        .add_fault(Scope::on(Endpoint::Register).times(20), storm);
    for index in 0..20 {
        let response = world.try_register(json!({"name": format!("agent-{index}")}));
        assert_eq!(shown(&response), format!("422 {body_text}"));
    }
    world.register("late");
    assert_eq!(world.hub.agents().count(), 1);
}
