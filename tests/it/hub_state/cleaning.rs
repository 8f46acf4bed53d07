//! Rows of silent agents, and held names: protocol.md 4.9, S9, S10.

use std::time::Duration;

use dayfly::hub::wire::agent::JobResult;
use dayfly_lab::emulator::hub::agent_type::AgentTypeSpec;
use dayfly_lab::emulator::hub::journal::{Change, Departure};
use serde_json::json;

use super::world::{World, body, linux};

/// After how many seconds of silence the row is gone.
fn gone_after(world: &mut World, name: &str) -> u64 {
    (0..2000)
        .find(|_| {
            world.pass(1);
            world.hub.agent(name).is_none()
        })
        .expect("the row goes some time")
}

#[test]
fn a_row_that_never_synced_goes_after_one_to_two_minutes() {
    let mut world = World::new();
    world.register("a");
    let seconds = gone_after(&mut world, "a");
    assert!((60..=120).contains(&seconds), "{seconds}");
}

#[test]
fn a_silent_row_without_a_job_goes_after_three_to_four_minutes() {
    let mut world = World::new();
    let token = world.register("a");
    world.sync(&token, "waiting-for-jobs", "");
    let seconds = gone_after(&mut world, "a");
    assert!((180..=240).contains(&seconds), "{seconds}");
    assert!(
        world
            .sync(&token, "waiting-for-jobs", "")
            .starts_with("404")
    );
    let left = Change::AgentLeft {
        agent: "a".to_owned(),
        departure: Departure::Cleaned,
        at: world.now,
    };
    assert!(world.hub.drain_changes().contains(&left));
}

#[test]
fn an_agent_that_is_given_up_goes_at_once_and_fails_its_job() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let now = world.now;
    world.hub.give_up_agent("agent-of-job", now);
    assert!(world.hub.agent("agent-of-job").is_none());
    let record = world.hub.job(&job).expect("the job is known");
    assert_eq!(record.result, Some(JobResult::Failed));
    assert_eq!(record.log_closed_at, Some(now));
    assert!(world.sync(&token, "running-job", "").starts_with("404"));
    // Nobody is given up twice, and what is done stays.
    world.hub.give_up_agent("agent-of-job", now);
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[test]
fn a_silent_row_with_a_job_goes_after_fifteen_to_sixteen_minutes_and_fails_its_job() {
    let mut world = World::new();
    let (_, job) = world.running("job");
    let seconds = gone_after(&mut world, "agent-of-job");
    assert!((900..=960).contains(&seconds), "{seconds}");
    let record = world.hub.job(&job).expect("the job is known");
    assert_eq!(record.result, Some(JobResult::Failed));
    assert_eq!(record.log_closed_at, record.finished_at);
    assert_eq!(world.violations(), Vec::<String>::new());
}

#[test]
fn a_round_deletes_a_hundred_rows_at_most() {
    let mut world = World::new();
    for index in 0..150 {
        world.register(&format!("agent-{index}"));
    }
    gone_after(&mut world, "agent-0");
    assert_eq!(world.hub.agents().count(), 50);
    world.pass(60);
    assert_eq!(world.hub.agents().count(), 0);
}

#[test]
fn the_hub_says_when_it_has_something_to_do_and_sleeps_otherwise() {
    let mut world = World::new();
    assert_eq!(world.hub.next_deadline(), None);
    world.enqueue("job");
    let built_at = world.now.plus(Duration::from_millis(200));
    assert_eq!(world.hub.next_deadline(), Some(built_at));
    let token = world.register("a");
    world.pass(1);
    world.sync(&token, "waiting-for-jobs", "");
    let round = world.hub.next_deadline().expect("a round of the cleaner");
    assert_eq!(round.as_millis() % 60_000, 0);
    world.agent("POST", "/disconnect", &token, "");
    let limit = world.hub.next_deadline().expect("the job's time limit");
    assert_eq!(limit, world.now.plus(Duration::from_secs(3600)));
    world.hub.tick(limit);
    assert_eq!(world.hub.next_deadline(), None);
}

#[test]
fn late_ticks_give_the_same_moments_as_early_ones() {
    let mut often = World::new();
    let mut seldom = World::new();
    let (_, first) = often.running("job");
    let (_, second) = seldom.running("job");
    (0..5000).for_each(|_| often.pass(1));
    seldom.pass(5000);
    assert_eq!(often.hub.job(&first), seldom.hub.job(&second));
}

#[test]
fn a_held_name_is_taken_until_it_is_released() {
    let mut world = World::new();
    let spec = AgentTypeSpec {
        release_after: Duration::from_secs(120),
        ..AgentTypeSpec::default()
    };
    let changed = world.hub.change_agent_type(&linux(), spec);
    changed.expect("two minutes are enough");
    let token = world.register("a");
    world.sync(&token, "waiting-for-jobs", "");
    world.agent("POST", "/disconnect", &token, "");
    assert_eq!(world.try_register(json!({"name": "a"})).status, 400);
    let metrics = world.typed("GET", "/metrics", "");
    assert_eq!(
        body(&metrics)["agents"]["idle"],
        1,
        "a held row still counts"
    );
    let seconds = gone_after(&mut world, "a");
    assert!((119..=180).contains(&seconds), "{seconds}");
    world.register("a");
}

#[test]
fn the_cleaner_deletes_held_rows_without_regard_to_the_hold() {
    // protocol.md S10.
    let mut world = World::new();
    let spec = AgentTypeSpec {
        release_after: Duration::from_secs(3600),
        ..AgentTypeSpec::default()
    };
    let changed = world.hub.change_agent_type(&linux(), spec);
    changed.expect("an hour is enough");
    let (token, job) = world.running("job");
    world.finish(&token, &job, "passed");
    world.agent("POST", "/disconnect", &token, "");
    let seconds = gone_after(&mut world, "agent-of-job");
    assert!((900..=960).contains(&seconds), "{seconds}");
    let result = world.hub.job(&job).and_then(|job| job.result);
    assert_eq!(
        result,
        Some(JobResult::Passed),
        "the late failure is ignored"
    );
}
