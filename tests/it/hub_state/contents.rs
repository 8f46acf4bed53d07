//! Answers of the hub whose status or JSON is not what the hub means.

use dayfly::model::id::JobId;
use dayfly_lab::emulator::foreign::ForeignAnswer;
use dayfly_lab::emulator::hub::faults::{Content, Endpoint, Scope, Travel};
use dayfly_lab::emulator::hub::settings::HubSettings;
use serde_json::{Value, json};

use super::world::{World, body, shown};

/// A hub with five agents, `agent-0` to `agent-4`.
fn five_agents() -> World {
    let mut world = World::new();
    for index in 0..5 {
        world.register(&format!("agent-{index}"));
    }
    world
}

/// The names in the list of agents.
fn listed(world: &mut World) -> Vec<String> {
    let answer = body(&world.public("GET", "/agents", ""));
    let agents = answer["agents"].as_array().cloned().unwrap_or_default();
    let name = |agent: &Value| agent["metadata"]["name"].as_str().map(str::to_owned);
    agents.iter().filter_map(name).collect()
}

#[test]
fn agent_list_can_be_incomplete_in_several_ways() {
    let mut world = five_agents();
    let mut with = |content: Content| {
        let scope = Scope::on(Endpoint::AgentList).times(1);
        let rule = world.hub.add_fault(scope, content);
        let names = listed(&mut world);
        world.hub.remove_fault(rule);
        names
    };
    assert_eq!(with(Content::AgentsFirst(2)), ["agent-0", "agent-1"]);
    let every_second = ["agent-0", "agent-2", "agent-4"];
    assert_eq!(with(Content::AgentsEverySecond), every_second);
    for text in ["{}", r#"{"agents":[]}"#, r#"{"agents":null}"#] {
        assert_eq!(with(Content::Body(text.to_owned())), [""; 0]);
    }
    assert_eq!(listed(&mut world).len(), 5);
}

#[test]
fn agent_list_fault_leaves_the_rest_of_the_public_api() {
    let mut world = five_agents();
    let scope = Scope::on(Endpoint::AgentList);
    world.hub.add_fault(scope, Content::Body("{}".to_owned()));
    assert_eq!(shown(&world.public("GET", "/agents", "")), "200 {}");
    let one = body(&world.public("GET", "/agents/agent-3", ""));
    assert_eq!(one["metadata"]["name"], "agent-3");
}

#[test]
fn metrics_can_come_as_zeros() {
    let mut world = five_agents();
    world.ready("job");
    let scope = Scope::on(Endpoint::Metrics).times(1);
    world.hub.add_fault(scope, Content::Zeros);
    let zeros = json!({"jobs": {"queued": 0, "running": 0}, "agents": {"idle": 0, "occupied": 0}});
    assert_eq!(body(&world.typed("GET", "/metrics", "")), zeros);
    assert_ne!(body(&world.typed("GET", "/metrics", "")), zeros);
}

#[test]
fn payload_can_be_empty_cut_or_another_jobs() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let path = format!("/jobs/{job}");
    let on_payload = || Scope::on(Endpoint::Payload).times(1);
    for text in ["{}", "[]", "null"] {
        let rule = world
            .hub
            .add_fault(on_payload(), Content::Body(text.to_owned()));
        let answer = world.agent("GET", &path, &token, "");
        assert_eq!(shown(&answer), format!("200 {text}"));
        world.hub.remove_fault(rule);
    }
    let cut = Travel::ReplacedBy(ForeignAnswer::Truncated);
    let rule = world.hub.add_fault(on_payload(), cut);
    let answer = world.agent("GET", &path, &token, "");
    assert_eq!((answer.status, body(&answer)), (200, Value::Null));
    assert!(answer.body.starts_with(b"{\"job_id\""));
    world.hub.remove_fault(rule);
    let other = JobId::new("11111111-1111-4111-8111-111111111111");
    let scope = on_payload();
    world.hub.add_fault(scope, Content::JobId(other.clone()));
    let payload = world.payload(&token, &job);
    assert_eq!(payload["job_id"], other.as_str());
}

#[test]
fn register_can_answer_200_with_the_right_body() {
    let mut world = World::new();
    let scope = Scope::on(Endpoint::Register).times(1);
    world.hub.add_fault(scope, Travel::WithStatus(200));
    let answer = world.try_register(json!({"name": "a"}));
    assert_eq!(
        (answer.status, body(&answer)["name"].clone()),
        (200, json!("a"))
    );
    let token = body(&answer)["token"].as_str().map(str::to_owned);
    let token = token.expect("a token");
    assert_eq!(world.sync(&token, "waiting-for-jobs", ""), "continue");
}

#[test]
fn full_quota_refuses_the_next_registration_alone() {
    let mut world = World::with(HubSettings {
        agents_max: Some(2),
        ..HubSettings::default()
    });
    let tokens = [world.register("a"), world.register("b")];
    let refused = world.try_register(json!({"name": "c"}));
    let sentence = "422 agent quota for organization has been reached";
    assert_eq!(shown(&refused), sentence);
    assert_eq!(world.sync(&tokens[0], "waiting-for-jobs", ""), "continue");
    world.agent("POST", "/disconnect", &tokens[0], "");
    world.register("c");
}

#[test]
fn every_nth_match_alone_is_struck() {
    let mut world = World::new();
    let scope = Scope::on(Endpoint::Metrics).every_nth(3);
    world.hub.add_fault(scope, Travel::WithStatus(500));
    let statuses: Vec<u16> = (0..7)
        .map(|_| world.typed("GET", "/metrics", "").status)
        .collect();
    assert_eq!(statuses, [200, 200, 500, 200, 200, 500, 200]);
}
