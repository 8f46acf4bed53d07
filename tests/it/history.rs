//! `dayfly history export` as an operator types it, against a hub in which weeks have passed.

use std::path::PathBuf;
use std::process::{Command, Output};
use std::time::Duration;

use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::hub::faults::{Before, Endpoint, Scope};
use tempfile::TempDir;

use crate::agent_program::port::Port;
use crate::hub_state::world::World;

const DAY: u64 = 24 * 3600;

/// A hub over TLS, and a configuration of its pool `linux`.
struct Scene {
    port: Port,
    folder: TempDir,
    api_token: String,
    registration_token: String,
}

impl Scene {
    /// `live` lets things happen in the hub from sixty days ago on.
    fn new(live: impl FnOnce(&mut World)) -> Self {
        let mut world = World::new();
        let sixty_days = Duration::from_secs(60 * DAY);
        world.now = SystemClock.now().minus(sixty_days);
        live(&mut world);
        let folder = TempDir::new().expect("a temporary folder");
        let api_token = world.api.expose().to_owned();
        let registration_token = world.registration.expose().to_owned();
        let port = Port::open(world.hub, &folder.path().join("ca.pem"));
        let config = format!(
            "deployment = \"test\"\nmachines_max = 4\n[hub]\nendpoint = \"{}\"\n\
             ca_file = \"ca.pem\"\napi_token = {{ env = \"API\" }}\n[cloud]\nkind = \"process\"\n\
             folder = \"machines\"\n[pools.linux]\nagent_type = \"s1-linux\"\n\
             registration_token = {{ env = \"TOKEN\" }}\n",
            port.address
        );
        std::fs::write(folder.path().join("dayfly.toml"), config).expect("a folder of the test's");
        Self {
            port,
            folder,
            api_token,
            registration_token,
        }
    }

    fn run(&self, program: PathBuf, arguments: &[&str]) -> Output {
        Command::new(program)
            .args(arguments)
            .current_dir(self.folder.path())
            .env("API", &self.api_token)
            .env("TOKEN", &self.registration_token)
            .output()
            .expect("it starts")
    }

    fn export(&self, arguments: &[&str]) -> Output {
        let all = [&["history", "export", "--config", "dayfly.toml"], arguments].concat();
        self.run(crate::programs::dayfly(), &all)
    }
}

/// Runs one job for so many seconds, and says when it was queued.
fn ran(world: &mut World, name: &str, seconds: u64) -> u64 {
    let queued_at = world.now.as_seconds();
    let (token, job) = world.running(name);
    world.pass(0);
    let _ = world.sync_with(
        &token,
        serde_json::json!({"state": "running-job", "job_id": job.as_str()}),
    );
    world.pass(seconds);
    let _ = world.finish(&token, &job, "passed");
    world.pass(1);
    queued_at
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

#[test]
fn weeks_are_exported_over_all_pages_the_oldest_first_and_can_be_replayed() {
    let mut queued = Vec::new();
    let scene = Scene::new(|world| {
        ran(world, "too-old", 5);
        world.pass(40 * DAY);
        // More than two pages of the list.
        for number in 0..70 {
            queued.push(ran(world, &format!("job-{number}"), 30 + number));
            world.pass(3600);
        }
        // Never had a machine.
        let stopped = world.ready("stopped-in-the-queue");
        let _ = world.public("POST", &format!("/jobs/{stopped}/stop"), "");
        world.pass(10);
        world.ready("still-queued");
    });
    // A page that does not come is asked for again.
    let once = Scope::on(Endpoint::Public).nth(2);
    let answer = Before::Answer {
        status: 503,
        body: "",
    };
    scene.port.with(|hub| hub.add_fault(once, answer));
    let output = scene.export(&["--pool", "linux", "--output", "linux.csv"]);
    let said = text(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert_eq!(text(&output.stdout), "");
    assert!(said.starts_with("70 jobs in linux.csv; next: "), "{said}");
    let file = std::fs::read_to_string(scene.folder.path().join("linux.csv")).expect("a file");
    let lines: Vec<Vec<&str>> = file.lines().map(|line| line.split(',').collect()).collect();
    assert_eq!(
        lines[0].join(","),
        "queued_unix,pipeline,block,duration_seconds"
    );
    let moments: Vec<u64> = lines[1..]
        .iter()
        .map(|line| line[0].parse().expect("seconds"))
        .collect();
    assert_eq!(moments, queued);
    let durations: Vec<u64> = lines[1..]
        .iter()
        .map(|line| line[3].parse().expect("seconds"))
        .collect();
    assert_eq!(durations, (30..100).collect::<Vec<u64>>());

    let replayed = scene.run(
        crate::programs::lab(),
        &[
            "simulate",
            "--workload",
            "linux.csv",
            "--days",
            "30",
            "--json",
        ],
    );
    assert!(replayed.status.success(), "{}", text(&replayed.stderr));
    let rows: serde_json::Value = serde_json::from_slice(&replayed.stdout).expect("JSON");
    assert_eq!(rows[0]["score"]["jobs"], 70);

    // Without a file they go to stdout, and more weeks are more jobs.
    let output = scene.export(&["--pool", "linux", "--weeks", "10"]);
    assert!(output.status.success(), "{}", text(&output.stderr));
    assert_eq!(text(&output.stdout).lines().count(), 1 + 71);
    let output = scene.export(&["--pool", "linux", "--weeks", "1"]);
    assert_eq!(output.status.code(), Some(1), "all of it is older");
}

#[test]
fn what_is_wrong_is_said_and_leaves_the_old_file() {
    let scene = Scene::new(|_| {});
    let old = scene.folder.path().join("linux.csv");
    std::fs::write(&old, "old\n").expect("a folder of the test's");

    let unknown = scene.export(&["--pool", "macos"]);
    assert_eq!(unknown.status.code(), Some(2));
    assert_eq!(
        text(&unknown.stderr),
        "error: found the pool \"macos\"; expected one of linux\n"
    );

    let empty = scene.export(&["--pool", "linux", "--output", "linux.csv"]);
    assert_eq!(empty.status.code(), Some(1));
    assert!(
        text(&empty.stderr)
            .starts_with("error: the hub lists no job that s1-linux has run in the last 5 weeks"),
        "{}",
        text(&empty.stderr)
    );
    assert_eq!(std::fs::read_to_string(&old).expect("it is there"), "old\n");

    let scene = Scene {
        api_token: "a-wrong-one".to_owned(),
        ..scene
    };
    let refused = scene.export(&["--pool", "linux"]);
    assert_eq!(refused.status.code(), Some(1));
    let said = text(&refused.stderr);
    assert!(
        said.contains("answered 401") && said.contains("hint: the API token"),
        "{said}"
    );
    assert!(!said.contains("a-wrong-one"), "{said}");
}
