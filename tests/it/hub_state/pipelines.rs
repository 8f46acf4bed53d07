//! Pipelines through the public API: protocol.md 9.6.

use dayfly::model::id::PipelineId;
use dayfly_lab::emulator::hub::BlockRequest;
use serde_json::{Value, json};

use super::world::{World, body};

fn block(name: &str, jobs: &[&str], dependencies: &[usize]) -> BlockRequest {
    BlockRequest {
        name: name.to_owned(),
        jobs: jobs.iter().map(|job| (*job).to_owned()).collect(),
        dependencies: dependencies.to_vec(),
    }
}

fn opened(world: &mut World) -> PipelineId {
    let blocks = vec![
        block("Build", &["make"], &[]),
        block("Tests", &["unit 1/2", "unit 2/2"], &[0]),
        block("Deploy", &["ship"], &[1]),
    ];
    world.hub.open_pipeline("Site", blocks, world.now)
}

fn project(world: &mut World) -> String {
    let projects = body(&world.public("GET", "/projects", ""));
    let id = projects[0]["metadata"]["id"].as_str().map(str::to_owned);
    id.expect("a project")
}

/// State and result of each block, and the states of its jobs.
fn blocks(world: &mut World, id: &PipelineId) -> Vec<String> {
    let detail = body(&world.public("GET", &format!("/pipelines/{id}?detailed=true"), ""));
    let blocks = detail["blocks"].as_array().cloned().unwrap_or_default();
    let word = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let line = |block: &Value| {
        let jobs = block["jobs"].as_array().cloned().unwrap_or_default();
        let jobs: Vec<String> = jobs.iter().map(|job| word(&job["status"])).collect();
        let (state, result) = (word(&block["state"]), word(&block["result"]));
        format!("{state} {result} {}", jobs.join(" "))
            .trim()
            .to_owned()
    };
    blocks.iter().map(line).collect()
}

#[test]
fn every_block_is_known_before_the_first_job_runs() {
    let mut world = World::new();
    let id = opened(&mut world);
    let topology = world.public("GET", &format!("/pipelines/{id}/describe_topology"), "");
    assert_eq!(
        body(&topology),
        json!([
            {"name": "Build", "jobs": ["make"], "dependencies": []},
            {"name": "Tests", "jobs": ["unit 1/2", "unit 2/2"], "dependencies": ["Build"]},
            {"name": "Deploy", "jobs": ["ship"], "dependencies": ["Tests"]},
        ])
    );
    assert_eq!(blocks(&mut world, &id), ["waiting", "waiting", "waiting"]);
}

#[test]
fn a_block_is_as_far_as_its_jobs_are() {
    let mut world = World::new();
    let id = opened(&mut world);
    let (token, job) = world.running("make");
    world.hub.place_job(&id, 0, 0, job.clone());
    world.sync_with(
        &token,
        json!({"state": "starting-job", "job_id": job.as_str()}),
    );
    assert_eq!(
        blocks(&mut world, &id),
        ["running  RUNNING", "waiting", "waiting"]
    );
    world.finish(&token, &job, "failed");
    assert_eq!(blocks(&mut world, &id)[0], "done failed FINISHED");
    world.hub.leave_out(&id, 1);
    world.hub.leave_out(&id, 2);
    assert_eq!(
        blocks(&mut world, &id)[1..],
        ["done canceled", "done canceled"]
    );
    let pipeline = body(&world.public("GET", &format!("/pipelines/{id}"), ""));
    assert_eq!(pipeline["pipeline"]["state"], "done");
    assert_eq!(pipeline["pipeline"]["result"], "failed");
    assert_eq!(
        pipeline["blocks"],
        Value::Null,
        "only who asks for details gets them"
    );
}

#[test]
fn pipelines_are_listed_by_project_the_newest_first_in_pages() {
    let mut world = World::new();
    let old = opened(&mut world);
    world.pass(100);
    let fresh: Vec<PipelineId> = (0..31).map(|_| opened(&mut world)).collect();
    let project = project(&mut world);
    let listed = |world: &mut World, more: &str| -> Vec<String> {
        let path = format!("/pipelines?project_id={project}{more}");
        let rows = body(&world.public("GET", &path, ""));
        let rows = rows.as_array().cloned().unwrap_or_default();
        rows.iter()
            .filter_map(|row| Some(row["ppl_id"].as_str()?.to_owned()))
            .collect()
    };
    let first = listed(&mut world, "");
    assert_eq!((first.len(), first[0].as_str()), (30, fresh[30].as_str()));
    let second = listed(&mut world, "&page=2");
    assert_eq!(second, [fresh[0].as_str(), old.as_str()]);
    let after = format!("&page=2&created_after={}", world.now.as_seconds());
    assert_eq!(listed(&mut world, &after), [fresh[0].as_str()]);
    assert_eq!(listed(&mut world, "&page=9"), Vec::<String>::new());
}

#[test]
fn what_is_not_there_and_what_is_no_question() {
    let mut world = World::new();
    let id = opened(&mut world);
    for path in [
        "/pipelines",
        "/pipelines/none",
        "/pipelines/none/describe_topology",
    ] {
        assert_eq!(world.public("GET", path, "").status, 404, "{path}");
    }
    for path in [
        "/projects",
        "/pipelines",
        &format!("/pipelines/{id}/describe_topology"),
    ] {
        assert_eq!(world.public("DELETE", path, "").status, 405, "{path}");
    }
}
