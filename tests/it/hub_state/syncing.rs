//! `POST /sync`: the decision table of protocol.md 4.1, in its order.

use dayfly_lab::emulator::hub::settings::{Feature, HubSettings};
use dayfly_lab::emulator::message::Delivery;
use serde_json::json;

use super::world::{World, body, shown};

const NOBODY: &str = "0f0c2f8e-4a55-4e7a-9a31-0a6a0f2b7d11";

#[test]
fn a_waiting_agent_is_told_to_leave_before_anything_else() {
    let mut world = World::new();
    let token = world.register("a");
    world.ready("job");
    world.hub.interrupt_agent("a", world.now);
    assert_eq!(
        world.sync(&token, "waiting-for-jobs", ""),
        "shutdown interrupted"
    );
    world.hub.disable_agent("a", world.now);
    assert_eq!(
        world.sync(&token, "waiting-for-jobs", ""),
        "shutdown requested"
    );
}

#[test]
fn the_oldest_waiting_job_is_offered_first() {
    let mut world = World::new();
    let first = world.ready("first");
    let second = world.ready("second");
    for (name, job) in [("a", &first), ("b", &second)] {
        let token = world.register(name);
        let response = world.agent("POST", "/sync", &token, r#"{"state":"waiting-for-jobs"}"#);
        assert_eq!(body(&response)["job_id"], job.as_str());
    }
}

#[test]
fn a_lost_run_job_is_offered_again_until_the_agent_names_the_job() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "run-job");
    assert_eq!(world.sync(&token, "starting-job", job.as_str()), "continue");
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "continue");
}

#[test]
fn an_idle_agent_leaves_when_its_time_is_over_and_no_job_came_with_the_same_sync() {
    let mut world = World::new();
    let token = world.register_with(json!({"name": "a", "idle_timeout": 60}));
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "continue");
    world.pass(59);
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "continue");
    world.pass(1);
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "shutdown idle");
    world.ready("job");
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "run-job");
}

#[test]
fn without_an_idle_timeout_an_agent_waits_for_ever() {
    let mut world = World::new();
    let token = world.register("a");
    for _ in 0..100 {
        assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "continue");
        world.pass(100);
    }
}

#[test]
fn nothing_is_delivered_to_an_agent_that_starts_or_stops() {
    // protocol.md S7.
    let mut world = World::new();
    let (token, job) = world.running("job");
    world.hub.disable_agent("agent-of-job", world.now);
    world.hub.stop_job(&job, world.now);
    world.pass(2);
    for state in ["starting-job", "stopping-job"] {
        assert_eq!(world.sync(&token, state, job.as_str()), "continue");
    }
    assert_eq!(world.sync(&token, "running-job", job.as_str()), "stop-job");
}

#[test]
fn a_running_job_is_stopped_when_its_agent_is_disabled() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    assert_eq!(world.sync(&token, "running-job", job.as_str()), "continue");
    world.hub.disable_agent("agent-of-job", world.now);
    assert_eq!(world.sync(&token, "running-job", job.as_str()), "stop-job");
    assert_eq!(world.finish(&token, &job, "stopped"), "shutdown requested");
}

#[test]
fn an_interrupted_job_runs_on_for_the_grace_period() {
    let mut world = World::new();
    world.ready("job");
    let fields = json!({"name": "a", "single_job": true, "interruption_grace_period": 30});
    let token = world.register_with(fields);
    world.sync(&token, "waiting-for-jobs", "");
    let at = world.now.as_seconds();
    let report = json!({"state": "running-job", "job_id": "", "interrupted_at": at});
    assert_eq!(world.sync_with(&token, report.clone()), "continue");
    world.pass(29);
    assert_eq!(world.sync_with(&token, report.clone()), "continue");
    world.pass(1);
    assert_eq!(world.sync_with(&token, report), "stop-job");
}

#[test]
fn a_finished_job_sends_a_one_job_agent_away_and_another_one_back_to_waiting() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    assert_eq!(
        world.finish(&token, &job, "passed"),
        "shutdown job-finished"
    );
    assert_eq!(
        world.finish(&token, &job, "passed"),
        "shutdown job-finished"
    );

    let job = world.ready("next");
    let token = world.register_with(json!({"name": "b"}));
    world.sync(&token, "waiting-for-jobs", "");
    world.sync(&token, "starting-job", job.as_str());
    assert_eq!(world.finish(&token, &job, "failed"), "wait-for-jobs");
    assert_eq!(world.finish(&token, &job, "failed"), "wait-for-jobs");
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "continue");
    let agents_left = 2;
    assert_eq!(
        world.violations().len(),
        agents_left,
        "{:?}",
        world.violations()
    );
}

#[test]
fn an_interrupted_agent_keeps_its_row_and_leaves_after_its_job() {
    let mut world = World::new();
    let job = world.ready("job");
    let token = world.register_with(json!({"name": "a"}));
    world.sync(&token, "waiting-for-jobs", "");
    world.hub.interrupt_agent("a", world.now);
    assert_eq!(world.finish(&token, &job, "passed"), "shutdown interrupted");
    let row = world.hub.agent("a").expect("a row");
    assert_eq!(row.assigned_job, Some(job));
}

#[test]
fn the_old_words_for_a_failure_fail_the_job() {
    for state in [
        "failed-to-fetch-job",
        "failed-to-construct-job",
        "failed-to-send-callback",
    ] {
        let mut world = World::new();
        let (token, job) = world.running("job");
        assert_eq!(
            world.sync(&token, state, job.as_str()),
            "shutdown job-finished"
        );
        let result = world.hub.job(&job).and_then(|job| job.result);
        assert_eq!(result.map(|result| result.as_str()), Some("failed"));
    }
}

#[test]
fn a_result_without_a_word_is_not_published() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    assert_eq!(world.finish(&token, &job, ""), "shutdown job-finished");
    assert_eq!(world.hub.job(&job).and_then(|job| job.result), None);
}

#[test]
fn what_the_hub_cannot_read_has_its_own_answers() {
    let mut world = World::new();
    let token = world.register("a");
    let sync = |world: &mut World, body: &str| world.agent("POST", "/sync", &token, body);
    assert_eq!(shown(&sync(&mut world, "{")), "422 Unprocessable Entity");
    let finished = r#"{"state":"finished-job","job_id":"x"}"#;
    assert_eq!(sync(&mut world, finished).status, 500);
    // protocol.md S8: an unknown state closes the connection.
    let unknown = sync(&mut world, r#"{"state":"dancing"}"#);
    assert_eq!(unknown.delivery, Delivery::Dropped);
    assert!(
        world
            .sync("no-such-token", "waiting-for-jobs", "")
            .starts_with("404")
    );
}

#[test]
fn a_stop_for_a_row_without_a_job_closes_the_connection() {
    // protocol.md S20.
    let mut world = World::new();
    let token = world.register("a");
    world.hub.disable_agent("a", world.now);
    let response = world.agent("POST", "/sync", &token, r#"{"state":"running-job"}"#);
    assert_eq!(response.delivery, Delivery::Dropped);
}

#[test]
fn a_quota_that_shrinks_stops_whoever_syncs_first() {
    // protocol.md S11.
    let mut world = World::new();
    let (first, job) = world.running("first");
    let (second, other) = world.running("second");
    world.hub.set_agents_max(Some(1));
    assert_eq!(world.sync(&first, "running-job", job.as_str()), "stop-job");
    world.hub.delete_agent("agent-of-first", world.now);
    assert_eq!(
        world.sync(&second, "running-job", other.as_str()),
        "continue"
    );
    world.hub.set_feature(Feature::SwitchedOff);
    assert_eq!(
        world.sync(&second, "running-job", other.as_str()),
        "stop-job"
    );
}

#[test]
fn the_next_sync_is_in_the_range_and_doubled_for_a_job_that_runs_on() {
    let mut world = World::with(HubSettings {
        sync_interval_floor_ms: 100,
        sync_interval_ceiling_ms: 109,
        ..HubSettings::default()
    });
    let (token, job) = world.running("job");
    let mut seen = std::collections::BTreeSet::new();
    for (state, factor) in [("starting-job", 1), ("running-job", 2)] {
        for _ in 0..50 {
            let body_text = json!({"state": state, "job_id": job.as_str()}).to_string();
            let response = world.agent("POST", "/sync", &token, &body_text);
            let span = body(&response)["next_sync_after"]
                .as_i64()
                .expect("a number");
            assert!((100 * factor..=109 * factor).contains(&span), "{span}");
            seen.insert(span / factor);
        }
    }
    assert_eq!(seen.len(), 10, "the whole range is drawn from: {seen:?}");
}

#[test]
fn a_report_for_another_agents_job_ends_only_ones_own_and_is_noticed() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let (_, other) = world.running("other");
    world.finish(&token, &other, "passed");
    assert!(world.hub.job(&job).is_some_and(|job| job.result.is_some()));
    assert!(
        world
            .hub
            .job(&other)
            .is_some_and(|job| job.result.is_none())
    );
    let (again, _) = world.running("third");
    let nobody = json!({"state": "finished-job", "job_id": NOBODY, "job_result": "passed"});
    world.sync_with(&again, nobody);
    let noticed = world.violations();
    assert!(noticed[0].contains("which it does not have"), "{noticed:?}");
    assert!(noticed[1].contains(NOBODY), "{noticed:?}");
}
