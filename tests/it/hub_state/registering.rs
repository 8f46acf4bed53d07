//! `POST /register`: protocol.md 3.1, and the errors of section 2.

use dayfly::model::id::AgentType;
use dayfly_lab::emulator::hub::agent_type::{AgentTypeSpec, Naming};
use dayfly_lab::emulator::hub::job::JobState;
use dayfly_lab::emulator::hub::settings::{Feature, HubSettings};
use serde_json::json;

use super::world::{World, shown};

#[test]
fn a_registration_gives_the_name_and_a_token_of_80_hex_digits() {
    let mut world = World::new();
    let token = world.register("i-0abc/x_1+2");
    assert_eq!(token.len(), 80);
    assert!(
        token
            .bytes()
            .all(|byte| b"0123456789abcdef".contains(&byte))
    );
    let row = world.hub.agent("i-0abc/x_1+2").expect("a row");
    assert_eq!(row.user_agent, "SemaphoreAgent/v2.4.0");
    assert_eq!(row.client_address, "10.0.0.7");
}

#[test]
fn tokens_that_are_missing_or_wrong_are_told_apart_by_status() {
    let mut world = World::new();
    let access = world.register("a");
    let path = "/api/v1/self_hosted_agents/register";
    for auth in ["", "Bearer x", "token x", "Token Token x", "Token "] {
        let response = world.request("POST", path, auth, "{}");
        assert_eq!(shown(&response), "401 Unauthorized", "{auth:?}");
    }
    for auth in ["Token x".to_owned(), format!("Token {access}")] {
        let response = world.request("POST", path, &auth, "{}");
        assert_eq!(shown(&response), "404 Not Found", "{auth:?}");
    }
}

#[test]
fn a_body_that_is_no_json_is_422() {
    let mut world = World::new();
    let response = world.typed("POST", "/register", "{");
    assert_eq!(shown(&response), "422 Unprocessable Entity");
}

#[test]
fn names_that_are_none_are_refused() {
    let mut world = World::new();
    let too_long = "x".repeat(81);
    for name in [
        "",
        "a.b",
        "a b",
        "/a",
        "https://sts.amazonaws.com/?x",
        &too_long,
    ] {
        let response = world.try_register(json!({"name": name}));
        assert_eq!(response.status, 400, "{name:?}");
    }
    let longest = "x".repeat(80);
    assert_eq!(world.try_register(json!({"name": longest})).status, 201);
}

#[test]
fn a_type_with_sts_names_refuses_clearly() {
    let mut world = World::new();
    let spec = AgentTypeSpec {
        naming: Naming::FromAwsSts,
        ..AgentTypeSpec::default()
    };
    let name = AgentType::new("s1-sts");
    let created = world.hub.create_agent_type_with(name, spec, world.now);
    world.registration = created.expect("a good name");
    let response = world.try_register(json!({"name": "https://sts.amazonaws.com/?x"}));
    assert_eq!(
        shown(&response),
        "400 only pre-signed AWS STS URLs for name assignment are allowed, and this hub follows none"
    );
}

#[test]
fn a_lost_answer_can_be_asked_for_again_for_five_minutes_until_the_first_sync() {
    let mut world = World::new();
    let first = world.register("a");
    let second = world.register("a");
    assert_ne!(first, second);
    assert!(
        world
            .sync(&first, "waiting-for-jobs", "")
            .starts_with("404")
    );
    assert_eq!(world.sync(&second, "waiting-for-jobs", ""), "continue");
    let response = world.try_register(json!({"name": "a"}));
    assert_eq!(shown(&response), "400 agent can't be registered");
}

#[test]
fn the_window_of_a_repeat_closes() {
    let mut settings = HubSettings::default();
    settings.limits.never_synced_max = std::time::Duration::from_secs(3600);
    let mut world = World::with(settings);
    world.register("a");
    world.pass(300);
    world.register("a");
    world.pass(1);
    assert_eq!(world.try_register(json!({"name": "a"})).status, 400);
}

#[test]
fn a_name_is_unique_in_the_organization_and_not_in_the_type() {
    let mut world = World::new();
    world.register("a");
    let other = AgentType::new("s1-other");
    let token = world.hub.create_agent_type(other, world.now);
    world.registration = token.expect("a good name");
    assert_eq!(world.try_register(json!({"name": "a"})).status, 400);
}

#[test]
fn the_quota_comes_before_the_repeat_rule() {
    // protocol.md S3: a lost answer at the last free slot turns into 422.
    let mut world = World::with(HubSettings {
        agents_max: Some(1),
        ..HubSettings::default()
    });
    world.register("a");
    let response = world.try_register(json!({"name": "a"}));
    assert_eq!(
        shown(&response),
        "422 agent quota for organization has been reached"
    );
}

#[test]
fn an_organization_without_the_feature_registers_nobody() {
    let mut world = World::new();
    world.hub.set_feature(Feature::SwitchedOff);
    let response = world.try_register(json!({"name": "a"}));
    assert_eq!(
        shown(&response),
        "422 self_hosted_agents feature is not available for the organization"
    );
}

#[test]
fn a_job_asked_for_at_registration_is_the_agents_and_starts_with_its_first_sync() {
    let mut world = World::new();
    let older = world.ready("older");
    let wanted = world.ready("wanted");
    let fields = json!({"name": "a", "single_job": true, "job_id": wanted.as_str()});
    let token = world.register_with(fields);
    assert_eq!(world.state(&wanted), JobState::WaitingForAgent);
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "run-job");
    assert_eq!(world.state(&wanted), JobState::Started);
    assert_eq!(world.state(&older), JobState::WaitingForAgent);
}

#[test]
fn a_job_asked_for_at_registration_must_be_there_and_be_the_only_one() {
    let mut world = World::new();
    let pending = world.enqueue("pending");
    let ask = |single: bool, job: &str| json!({"name": "a", "single_job": single, "job_id": job});
    let response = world.try_register(ask(false, pending.as_str()));
    assert_eq!(response.status, 400);
    let response = world.try_register(ask(true, pending.as_str()));
    assert_eq!(shown(&response), "400 job not available");
    assert_eq!(world.try_register(ask(true, "no-uuid")).status, 500);
}

#[test]
fn a_lost_answer_with_a_job_fails_the_job() {
    // protocol.md S2: the repeat finds no request, and the silent row is cleaned with its job.
    let mut world = World::new();
    let job = world.ready("job");
    let fields = json!({"name": "a", "single_job": true, "job_id": job.as_str()});
    world.register_with(fields.clone());
    let response = world.try_register(fields);
    assert_eq!(shown(&response), "400 job not available");
    world.pass(120);
    assert_eq!(world.state(&job), JobState::Finished);
}
