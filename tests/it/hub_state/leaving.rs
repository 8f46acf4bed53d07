//! Disconnecting and disabling: protocol.md 3.7, 4.8, S5, S6, S19.

use dayfly_lab::emulator::hub::DisableScope;
use dayfly_lab::emulator::hub::agent_type::ResetScope;
use dayfly_lab::emulator::hub::job::JobState;
use serde_json::json;

use super::world::{World, linux, shown};

#[test]
fn a_disconnected_agent_is_unknown() {
    let mut world = World::new();
    let token = world.register("a");
    let response = world.agent("POST", "/disconnect", &token, "");
    assert_eq!(shown(&response), "200 disconnected");
    assert_eq!(world.agent("POST", "/disconnect", &token, "").status, 404);
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[test]
fn a_job_that_nobody_reported_stays_started_until_its_time_limit() {
    // protocol.md S6.
    let mut world = World::new();
    let (token, job) = world.running("job");
    world.agent("POST", "/disconnect", &token, "");
    world.pass(3599);
    assert_eq!(world.state(&job), JobState::Started);
    world.pass(1);
    assert_eq!(world.state(&job), JobState::Finished);
}

#[test]
fn a_job_assigned_to_an_agent_that_leaves_is_orphaned() {
    // protocol.md S5: it waits without a request until its day is over.
    let mut world = World::new();
    let job = world.ready("job");
    let fields = json!({"name": "a", "single_job": true, "job_id": job.as_str()});
    let token = world.register_with(fields);
    world.hub.interrupt_agent("a", world.now);
    assert_eq!(
        world.sync(&token, "waiting-for-jobs", ""),
        "shutdown interrupted"
    );
    world.agent("POST", "/disconnect", &token, "");
    let other = world.register("b");
    assert_eq!(world.sync(&other, "waiting-for-jobs", ""), "continue");
    assert_eq!(world.state(&job), JobState::WaitingForAgent);
    world.pass(24 * 3600);
    assert_eq!(world.state(&job), JobState::Finished);
}

#[test]
fn disabling_a_type_reaches_only_the_agents_that_are_there() {
    // protocol.md S19.
    let mut world = World::new();
    let idle = world.register("idle");
    let (busy, job) = world.running("job");
    let count = world
        .hub
        .disable_all(&linux(), DisableScope::IdleOnly, world.now);
    assert_eq!(count, 1);
    assert_eq!(world.sync(&busy, "running-job", job.as_str()), "continue");
    assert_eq!(
        world.sync(&idle, "waiting-for-jobs", ""),
        "shutdown requested"
    );
    world
        .hub
        .disable_all(&linux(), DisableScope::All, world.now);
    assert_eq!(world.sync(&busy, "running-job", job.as_str()), "stop-job");
    let late = world.register("late");
    assert_eq!(world.sync(&late, "waiting-for-jobs", ""), "continue");
}

#[test]
fn a_reset_token_dies_at_once_and_agents_stay_unless_asked() {
    let mut world = World::new();
    let agent = world.register("a");
    let reset = world
        .hub
        .reset_token(&linux(), ResetScope::KeepAgents, world.now);
    let old = std::mem::replace(&mut world.registration, reset.expect("the type is known"));
    let response = world.agent("GET", "/metrics", old.expose(), "");
    assert_eq!(response.status, 404);
    assert_eq!(world.typed("GET", "/metrics", "").status, 200);
    assert_eq!(world.sync(&agent, "waiting-for-jobs", ""), "continue");
    let reset = world
        .hub
        .reset_token(&linux(), ResetScope::DisconnectAgents, world.now);
    reset.expect("the type is known");
    assert_eq!(
        world.sync(&agent, "waiting-for-jobs", ""),
        "shutdown requested"
    );
}
