//! The payload and `POST /refresh`: protocol.md 3.3, 3.6, 5.1–5.3, S1, S15.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dayfly_lab::emulator::hub::Hub;
use serde_json::Value;

use super::world::{World, shown};

const MARK: &str = "{SANITIZED}";

fn variable(payload: &Value, name: &str) -> String {
    let variables = payload["env_vars"].as_array().expect("a list");
    let found = variables.iter().rfind(|entry| entry["name"] == name);
    let value = found.and_then(|entry| entry["value"].as_str());
    value.unwrap_or("(none)").to_owned()
}

fn decoded(payload: &Value, name: &str) -> String {
    let bytes = STANDARD.decode(variable(payload, name));
    String::from_utf8(bytes.expect("base64 with padding")).expect("text")
}

#[test]
fn a_payload_has_the_hubs_variables_before_the_pipelines() {
    let mut world = World::new();
    world.hub.set_base_url("https://127.0.0.1:4321");
    let (token, job) = world.running("unit tests".replace(' ', "-").as_str());
    let payload = world.payload(&token, &job);
    assert_eq!(decoded(&payload, "TERM"), "xterm");
    assert_eq!(decoded(&payload, "SEMAPHORE_JOB_ID"), job.as_str());
    assert_eq!(
        decoded(&payload, "SEMAPHORE_AGENT_MACHINE_TYPE"),
        "s1-linux"
    );
    assert_eq!(
        decoded(&payload, "SEMAPHORE_AGENT_MACHINE_ENVIRONMENT_TYPE"),
        "VM"
    );
    assert_eq!(
        decoded(&payload, "SEMAPHORE_ORGANIZATION_URL"),
        "https://127.0.0.1:4321"
    );
    assert_eq!(decoded(&payload, "PASSWORD"), "secret");
    let names: Vec<&Value> = payload["env_vars"]
        .as_array()
        .into_iter()
        .flatten()
        .collect();
    assert_eq!(
        names.last().map(|entry| &entry["name"]),
        Some(&Value::from("PASSWORD"))
    );
    assert_eq!(payload["logger"]["method"], "push");
    let url = format!("https://127.0.0.1:4321/api/v1/logs/{job}");
    assert_eq!(payload["logger"]["url"], url.as_str());
    assert_eq!(payload["ssh_public_keys"], serde_json::json!([]));
    assert_eq!(payload.get("executor"), None);
}

#[test]
fn a_payload_is_served_once_and_its_secrets_never_again() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    world.payload(&token, &job);
    let again = world.payload(&token, &job);
    for name in ["PASSWORD", "SEMAPHORE_ARTIFACT_TOKEN"] {
        assert_eq!(variable(&again, name), MARK, "{name}");
    }
    assert_eq!(again["files"][0]["content"], MARK);
    assert_eq!(again["logger"]["token"], MARK);
    assert_eq!(decoded(&again, "CI"), "true");
    assert_eq!(decoded(&again, "SEMAPHORE_JOB_NAME"), "job");
    assert_eq!(again["commands"][0]["directive"], "true");
}

#[test]
fn a_payload_of_a_job_that_was_stopped_is_scrubbed_already() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    world.hub.stop_job(&job, world.now);
    world.pass(1);
    assert_eq!(variable(&world.payload(&token, &job), "PASSWORD"), MARK);
}

#[test]
fn only_the_agent_that_has_the_job_gets_its_payload() {
    let mut world = World::new();
    let (_, job) = world.running("job");
    let (other, _) = world.running("other");
    let path = format!("/jobs/{job}");
    assert_eq!(
        shown(&world.agent("GET", &path, &other, "")),
        "404 Not Found"
    );
    assert_eq!(world.typed("GET", &path, "").status, 404);
}

#[test]
fn a_payload_is_json_that_does_not_say_so() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let response = world.agent("GET", &format!("/jobs/{job}"), &token, "");
    assert_eq!(response.content_type, "text/plain; charset=utf-8");
}

#[test]
fn the_log_tokens_hour_starts_when_the_payload_is_built() {
    // protocol.md S15: a job that queued for more than an hour starts with an expired token.
    let mut world = World::new();
    let job = world.ready("job");
    world.pass(3600);
    let token = world.register("a");
    world.sync(&token, "waiting-for-jobs", "");
    let log = world.log_token(&token, &job);
    assert_eq!(world.push(&log, &job, 0, "{}"), "401 Unauthorized");
    let fresh = world.agent("POST", "/refresh", &token, "");
    let fresh: Value = serde_json::from_slice(&fresh.body).expect("JSON");
    let fresh = fresh["token"].as_str().expect("a token").to_owned();
    assert_eq!(world.push(&fresh, &job, 0, "{}"), "200");
}

#[test]
fn a_row_without_a_job_gets_no_log_token() {
    let mut world = World::new();
    let token = world.register("a");
    let response = world.agent("POST", "/refresh", &token, "");
    assert_eq!(shown(&response), "422 Unprocessable Entity");
}

#[test]
fn no_token_shows_in_the_hubs_own_debug_output() {
    let mut world = World::new();
    let token = world.register("a");
    let registration = world.registration.expose().to_owned();
    let text = |hub: &Hub| format!("{hub:?}");
    assert!(!text(&world.hub).contains(&token));
    assert!(!text(&world.hub).contains(&registration));
    assert!(!text(&world.hub).contains("c2VjcmV0"));
}
