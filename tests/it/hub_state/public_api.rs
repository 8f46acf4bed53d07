//! The public API and the router: protocol.md 1, 9.1–9.3.

use serde_json::{Value, json};

use super::world::{World, body, shown};

#[test]
fn unknown_paths_wrong_methods_and_slashes() {
    let mut world = World::new();
    let cases = [
        ("GET", "/nowhere", 404),
        ("GET", "/api/v1/self_hosted_agents/nothing", 404),
        ("GET", "/api/v1/self_hosted_agents/sync", 405),
        ("POST", "/api/v1/self_hosted_agents/jobs", 405),
        ("DELETE", "/api/v1/logs/x", 405),
        ("POST", "/api/v1/self_hosted_agents/sync/", 301),
        ("GET", "/", 200),
    ];
    for (method, path, status) in cases {
        let response = world.request(method, path, "", "");
        assert_eq!(response.status, status, "{method} {path}");
    }
    assert_eq!(world.public("PUT", "/agents", "").status, 405);
    assert_eq!(world.public("GET", "/pipelines", "").status, 404);
}

#[test]
fn the_public_api_wants_an_api_token() {
    let mut world = World::new();
    let registration = format!("Token {}", world.registration.expose());
    let bearer = format!("Bearer {}", world.api.expose());
    let path = "/api/v1alpha/agents";
    assert_eq!(
        shown(&world.request("GET", path, "", "")),
        "401 Unauthorized"
    );
    assert_eq!(world.request("GET", path, &registration, "").status, 401);
    assert_eq!(world.request("GET", path, &bearer, "").status, 200);
}

#[test]
fn agents_are_paged_oldest_first() {
    let mut world = World::new();
    for index in 0..7 {
        world.register(&format!("agent-{index}"));
        world.pass(1);
    }
    let names = |page: &Value| -> Vec<String> {
        let agents = page["agents"].as_array().into_iter().flatten();
        agents
            .map(|agent| agent["metadata"]["name"].to_string())
            .collect()
    };
    let first = body(&world.public("GET", "/agents?page_size=5", ""));
    let cursor = first["cursor"].as_str().expect("a cursor").to_owned();
    let second = world.public("GET", &format!("/agents?page_size=5&cursor={cursor}"), "");
    let second = body(&second);
    assert_eq!(names(&first).len(), 5);
    assert_eq!(names(&second), ["\"agent-5\"", "\"agent-6\""]);
    assert_eq!(second["cursor"], "");
    for query in ["page_size=4", "page_size=201", "cursor=x"] {
        assert_eq!(
            world.public("GET", &format!("/agents?{query}"), "").status,
            400
        );
    }
    let other = world.public("GET", "/agents?agent_type=s1-other", "");
    assert_eq!(body(&other)["agents"], json!([]));
}

#[test]
fn an_agent_is_described_by_its_name_and_has_two_states() {
    let mut world = World::new();
    let (token, job) = world.running("job");
    let described = body(&world.public("GET", "/agents/agent-of-job", ""));
    assert_eq!(described["status"]["state"], "waiting_for_job");
    assert_eq!(described["metadata"]["ip_address"], "10.0.0.7");
    assert_eq!(described["metadata"].get("disabled_at"), None);
    world.sync(&token, "starting-job", job.as_str());
    let described = body(&world.public("GET", "/agents/agent-of-job", ""));
    assert_eq!(described["status"]["state"], "running_job");
    world.register("a/b");
    assert_eq!(world.public("GET", "/agents/a%2Fb", "").status, 200);
    assert_eq!(world.public("GET", "/agents/nobody", "").status, 404);
}

#[test]
fn agent_types_are_made_shown_changed_and_deleted() {
    let mut world = World::new();
    let made = json!({"metadata": {"name": "s1-new"}}).to_string();
    let created = body(&world.public("POST", "/self_hosted_agent_types", &made));
    let token = created["status"]["registration_token"].as_str();
    let token = token.expect("the token is shown once").to_owned();
    assert_eq!(
        world
            .public("POST", "/self_hosted_agent_types", &made)
            .status,
        400
    );
    let described = body(&world.public("GET", "/self_hosted_agent_types/s1-new", ""));
    assert_eq!(described["status"], json!({"total_agent_count": 0}));
    let list = body(&world.public("GET", "/self_hosted_agent_types", ""));
    assert_eq!(list["agent_types"].as_array().map(Vec::len), Some(2));

    let held = json!({"spec": {"agent_name_settings": {"release_after": 90}}}).to_string();
    let changed = world.public("PATCH", "/self_hosted_agent_types/s1-new", &held);
    assert_eq!(
        body(&changed)["spec"]["agent_name_settings"]["release_after"],
        90
    );
    let short = held.replace("90", "9");
    assert_eq!(
        world
            .public("PATCH", "/self_hosted_agent_types/s1-new", &short)
            .status,
        400
    );

    world.agent("POST", "/register", &token, r#"{"name":"a"}"#);
    let deleted = world.public("DELETE", "/self_hosted_agent_types/s1-new", "");
    assert_eq!(deleted.status, 400, "it has an agent");
    world.hub.delete_agent("a", world.now);
    let deleted = world.public("DELETE", "/self_hosted_agent_types/s1-new", "");
    assert_eq!(shown(&deleted), "200 {}");
    assert_eq!(world.agent("GET", "/metrics", &token, "").status, 404);
}

#[test]
fn names_of_agent_types_match_s1() {
    let mut world = World::new();
    for name in ["linux", "s1-", "s2-linux", "s1-a b"] {
        let made = json!({"metadata": {"name": name}}).to_string();
        let response = world.public("POST", "/self_hosted_agent_types", &made);
        assert_eq!(response.status, 400, "{name}");
    }
}

#[test]
fn disable_all_spares_busy_agents_unless_told() {
    let mut world = World::new();
    let (busy, job) = world.running("job");
    let path = "/self_hosted_agent_types/s1-linux/disable_all";
    assert_eq!(shown(&world.public("POST", path, "")), "200 {}");
    assert_eq!(world.sync(&busy, "running-job", job.as_str()), "continue");
    assert_eq!(world.public("POST", path, "only_idle=false").status, 200);
    assert_eq!(world.sync(&busy, "running-job", job.as_str()), "stop-job");
    let unknown = "/self_hosted_agent_types/s1-x/disable_all";
    assert_eq!(world.public("POST", unknown, "").status, 404);
}

#[test]
fn a_job_is_described_in_words_and_seconds_as_texts() {
    let mut world = World::new();
    let job = world.ready("job");
    let path = format!("/jobs/{job}");
    let described = body(&world.public("GET", &path, ""));
    assert_eq!(described["status"]["state"], "QUEUED");
    assert_eq!(described["status"]["result"], "NONE");
    assert_eq!(described["metadata"]["start_time"], "0");
    assert_eq!(described["spec"]["agent"]["machine"]["type"], "s1-linux");
    let token = world.register("a");
    world.sync(&token, "waiting-for-jobs", "");
    let described = body(&world.public("GET", &path, ""));
    assert_eq!(described["status"]["state"], "RUNNING");
    assert_eq!(described["status"]["agent"]["name"], "a");
    world.finish(&token, &job, "failed");
    let described = body(&world.public("GET", &path, ""));
    assert_eq!(described["status"]["state"], "FINISHED");
    assert_eq!(described["status"]["result"], "FAILED");
    let seconds = world.now.as_seconds().to_string();
    assert_eq!(described["metadata"]["finish_time"], seconds.as_str());
    assert_eq!(world.public("GET", "/jobs/nothing", "").status, 404);
}

#[test]
fn jobs_are_listed_by_state_newest_first_in_pages() {
    let mut world = World::new();
    let jobs: Vec<String> = (0..3).map(|_| world.ready("job").to_string()).collect();
    assert_eq!(body(&world.public("GET", "/jobs", ""))["jobs"], json!([]));
    let first = world.public("GET", "/jobs?states=QUEUED&states=RUNNING&page_size=2", "");
    let first = body(&first);
    assert_eq!(first["jobs"][0]["metadata"]["id"], jobs[2].as_str());
    let next = first["next_page_token"]
        .as_str()
        .expect("a token")
        .to_owned();
    let second = world.public("GET", &format!("/jobs?states=QUEUED&page_token={next}"), "");
    let second = body(&second);
    assert_eq!(second["jobs"][0]["metadata"]["id"], jobs[0].as_str());
    assert_eq!(second["next_page_token"], "");
}

#[test]
fn a_job_is_stopped_and_none_is_created_here() {
    let mut world = World::new();
    let job = world.ready("job");
    let response = world.public("POST", &format!("/jobs/{job}/stop"), "");
    assert_eq!(shown(&response), "200 {}");
    world.pass(1);
    let described = body(&world.public("GET", &format!("/jobs/{job}"), ""));
    assert_eq!(described["status"]["result"], "STOPPED");
    assert_eq!(world.public("POST", "/jobs", "{}").status, 400);
    assert_eq!(world.public("POST", "/jobs/nothing/stop", "").status, 404);
}
