//! `GET /metrics`, `/occupancy` and `/jobs`: protocol.md 3.4, 3.5, 9.4, S9, S13.

use dayfly_lab::emulator::hub::settings::HubSettings;
use serde_json::json;

use super::world::{World, body};

#[test]
fn pending_jobs_are_listed_and_not_counted() {
    let mut world = World::new();
    let job = world.enqueue("job");
    let counts = json!({"jobs": {"queued": 0, "running": 0}, "agents": {"idle": 0, "occupied": 0}});
    assert_eq!(body(&world.typed("GET", "/metrics", "")), counts);
    let listed = json!({"jobs": [{"id": job.as_str()}]});
    assert_eq!(body(&world.typed("GET", "/jobs", "")), listed);
}

#[test]
fn queued_and_running_jobs_and_idle_and_occupied_agents_are_counted() {
    let mut world = World::new();
    world.running("running");
    world.enqueue("waiting");
    world.pass(1);
    world.register("idle");
    let counts = json!({"jobs": {"queued": 1, "running": 1}, "agents": {"idle": 1, "occupied": 1}});
    assert_eq!(body(&world.typed("GET", "/metrics", "")), counts);
    assert_eq!(body(&world.typed("GET", "/occupancy", "")), counts["jobs"]);
}

#[test]
fn an_agent_that_is_done_and_dead_still_counts_as_occupied() {
    // protocol.md S9.
    let mut world = World::new();
    let (token, job) = world.running("job");
    world.finish(&token, &job, "passed");
    let metrics = body(&world.typed("GET", "/metrics", ""));
    assert_eq!(metrics["agents"]["occupied"], 1);
    assert_eq!(metrics["jobs"]["running"], 0);
}

#[test]
fn the_list_is_newest_first_and_the_oldest_fall_out() {
    // protocol.md S13.
    let mut settings = HubSettings::default();
    settings.limits.queued_jobs_max = 2;
    let mut world = World::with(settings);
    world.ready("oldest");
    let middle = world.ready("middle");
    let newest = world.ready("newest");
    let listed = json!({"jobs": [{"id": newest.as_str()}, {"id": middle.as_str()}]});
    assert_eq!(body(&world.typed("GET", "/jobs", "")), listed);
}

#[test]
fn a_registration_token_sees_its_own_type_only_and_an_access_token_none() {
    let mut world = World::new();
    world.ready("job");
    let token = world.register("a");
    assert_eq!(world.agent("GET", "/jobs", &token, "").status, 404);
    let other = dayfly::model::id::AgentType::new("s1-other");
    let other = world.hub.create_agent_type(other, world.now);
    world.registration = other.expect("a good name");
    assert_eq!(body(&world.typed("GET", "/jobs", "")), json!({"jobs": []}));
}
