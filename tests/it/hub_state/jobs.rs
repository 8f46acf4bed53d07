//! A job's way through its six states: protocol.md 9.4.

use std::time::Duration;

use dayfly::hub::wire::agent::JobResult;
use dayfly_lab::emulator::hub::job::JobState;
use dayfly_lab::emulator::hub::journal::Change;
use dayfly_lab::emulator::hub::settings::HubSettings;

use super::world::{World, whole_log};

#[test]
fn a_job_passes_through_its_states_and_every_moment_is_written_down() {
    let mut world = World::new();
    let job = world.enqueue("job");
    assert_eq!(world.state(&job), JobState::Pending);
    world.now = world.now.plus(Duration::from_millis(200));
    world.hub.tick(world.now);
    assert_eq!(world.state(&job), JobState::Scheduled);
    world.pass(1);
    assert_eq!(world.state(&job), JobState::WaitingForAgent);
    let token = world.register("a");
    world.pass(2);
    world.sync(&token, "waiting-for-jobs", "");
    assert_eq!(world.state(&job), JobState::Started);
    let log = world.log_token(&token, &job);
    world.push(&log, &job, 0, &whole_log());
    world.pass(3);
    world.finish(&token, &job, "passed");
    world.agent("POST", "/disconnect", &token, "");

    let record = world.hub.job(&job).expect("the job is known").clone();
    assert_eq!(record.state, JobState::Finished);
    assert_eq!(record.result, Some(JobResult::Passed));
    assert_eq!(record.agent_name.as_deref(), Some("a"));
    let waited = record.waiting_at.map(|at| at.since(record.created_at));
    assert_eq!(waited, Some(Duration::from_secs(1)));
    assert_eq!(record.finished_at, Some(world.now));
    assert_eq!(record.log_closed_at, Some(world.now));
    assert_eq!(world.hub.log_events(&job).len(), 5);
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[test]
fn a_driver_is_told_of_every_change_in_order_and_once() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let log = world.log_token(&token, &job);
    world.push(&log, &job, 0, &whole_log());
    world.finish(&token, &job, "passed");
    world.finish(&token, &job, "passed");
    world.agent("POST", "/disconnect", &token, "");
    let kinds: Vec<&str> = world.hub.drain_changes().iter().map(kind).collect();
    let expected = [
        "waiting",
        "registered",
        "started",
        "log grown",
        "finished",
        "log closed",
        "left",
    ];
    assert_eq!(kinds, expected);
    assert_eq!(world.hub.drain_changes(), Vec::new());
}

fn kind(change: &Change) -> &'static str {
    match change {
        Change::AgentRegistered { .. } => "registered",
        Change::AgentLeft { .. } => "left",
        Change::JobWaiting { .. } => "waiting",
        Change::JobStarted { .. } => "started",
        Change::LogGrown { .. } => "log grown",
        Change::JobFinished { .. } => "finished",
        Change::LogClosed { .. } => "log closed",
    }
}

#[test]
fn parallelism_counts_scheduled_and_started_jobs_only() {
    let mut world = World::with(HubSettings {
        parallelism_max: Some(1),
        ..HubSettings::default()
    });
    let first = world.enqueue("first");
    let second = world.enqueue("second");
    world.now = world.now.plus(Duration::from_millis(500));
    world.hub.tick(world.now);
    assert_eq!(world.state(&first), JobState::Scheduled);
    assert_eq!(world.state(&second), JobState::Enqueued);
    world.pass(2);
    assert_eq!(
        world.state(&second),
        JobState::WaitingForAgent,
        "waiting jobs do not count"
    );
    let token = world.register("a");
    world.sync(&token, "waiting-for-jobs", "");
    let third = world.enqueue("third");
    world.pass(5);
    assert_eq!(
        world.state(&third),
        JobState::Enqueued,
        "a started job counts"
    );
    world.finish(&token, &first, "passed");
    assert_eq!(world.state(&third), JobState::Scheduled);
}

#[test]
fn a_stop_is_recorded_a_second_later_and_the_agents_own_result_is_ignored() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    world.hub.stop_job(&job, world.now);
    assert_eq!(world.state(&job), JobState::Started);
    world.pass(1);
    assert_eq!(world.state(&job), JobState::Finished);
    assert_eq!(world.sync(&token, "running-job", job.as_str()), "stop-job");
    world.finish(&token, &job, "passed");
    let record = world.hub.job(&job).expect("the job is known");
    assert_eq!(record.result, Some(JobResult::Stopped));
    assert!(record.finished_at < Some(world.now) || record.log_closed_at == Some(world.now));
}

#[test]
fn a_job_stopped_before_an_agent_took_it_is_offered_to_nobody() {
    let mut world = World::new();
    let job = world.ready("job");
    world.hub.stop_job(&job, world.now);
    world.pass(1);
    let token = world.register("a");
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "continue");
    let record = world.hub.job(&job).expect("the job is known");
    assert_eq!(
        (record.result, record.log_closed_at),
        (Some(JobResult::Stopped), None)
    );
}

#[test]
fn a_job_that_runs_for_too_long_is_stopped() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    world.pass(600);
    world.sync(&token, "running-job", job.as_str());
    for _ in 0..30 {
        world.pass(100);
        world.sync(&token, "running-job", job.as_str());
    }
    assert_eq!(world.sync(&token, "running-job", job.as_str()), "stop-job");
    let result = world.hub.job(&job).and_then(|job| job.result);
    assert_eq!(result, Some(JobResult::Stopped));
}

#[test]
fn a_job_that_waits_for_a_day_is_stopped() {
    let mut world = World::new();
    let job = world.ready("job");
    world.pass(24 * 3600 - 1);
    assert_eq!(world.state(&job), JobState::WaitingForAgent);
    world.pass(1);
    assert_eq!(world.state(&job), JobState::Finished);
}

#[test]
fn a_job_of_a_type_that_comes_later_waits_for_it() {
    let mut world = World::new();
    let mut request = super::world::job_request("job");
    let windows = dayfly::model::id::AgentType::new("s1-windows");
    request.agent_type = windows.clone();
    let job = world.hub.enqueue(request, world.now);
    world.pass(2);
    let token = world.hub.create_agent_type(windows, world.now);
    world.registration = token.expect("a good name");
    let token = world.register("a");
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "run-job");
    assert_eq!(world.state(&job), JobState::Started);
}

#[test]
fn a_stop_that_is_on_its_way_reaches_a_job_that_is_taken_meanwhile() {
    let mut world = World::new();
    let job = world.ready("job");
    let token = world.register("a");
    world.hub.stop_job(&job, world.now);
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "run-job");
    world.pass(1);
    assert_eq!(world.state(&job), JobState::Finished);
    assert_eq!(world.sync(&token, "running-job", job.as_str()), "stop-job");
}

#[test]
fn the_log_of_a_stopped_job_closes_although_nobody_reports_it() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    world.hub.stop_job(&job, world.now);
    world.pass(1);
    let closed_at = |world: &World| world.hub.job(&job).and_then(|job| job.log_closed_at);
    assert_eq!(closed_at(&world), None);
    world.agent("POST", "/disconnect", &token, "");
    assert_eq!(closed_at(&world), Some(world.now));
}
