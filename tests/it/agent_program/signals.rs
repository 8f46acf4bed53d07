//! A termination signal, and a stop from the hub.

use dayfly::hub::wire::agent::{JobResult, SyncState};
use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::hub::Hub;
use dayfly_lab::emulator::hub::faults::{Before, Endpoint, Scope};
use dayfly_lab::emulator::hub::job::JobState;
use rustix::process::Signal;

use super::Scene;

#[test]
fn a_waiting_agent_that_is_told_to_end_says_so_to_the_hub_and_leaves() {
    let scene = Scene::new();
    let agent = scene.start();
    scene.port.wait_until("a first sync", |hub| {
        hub.agents().any(|row| row.last_sync_at.is_some())
    });
    agent.signal(Signal::TERM);
    let left = agent.wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert!(
        left.stdout.ends_with("dayfly: leaving: interrupted\n"),
        "{}",
        left.stdout
    );
    scene.assert_clean();
}

#[test]
fn a_running_job_is_stopped_when_its_agent_is_told_to_end() {
    let scene = Scene::new();
    let job = scene.enqueue(&["echo started", "sleep 600"]);
    let agent = scene.start();
    scene.wait_for_log(&job, "started\\n");
    agent.signal(Signal::INT);
    let left = agent.wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(scene.result(&job), Some(JobResult::Stopped));
    scene.assert_clean();
}

#[test]
fn a_job_ends_by_itself_within_its_grace_period() {
    let scene = Scene::new();
    let gate = scene.folder.path().join("gate");
    let wait = format!("until [ -e {} ]; do sleep 0.02; done", gate.display());
    let job = scene.enqueue(&["echo started", &wait]);
    let agent = scene.start_with(&["--interruption-grace-period", "300"]);
    scene.wait_for_log(&job, "started\\n");
    agent.signal(Signal::TERM);
    scene.port.wait_until("the hub to know", |hub| {
        hub.agents().any(|row| row.interrupted_at.is_some())
    });
    std::fs::write(gate, "").expect("a folder of ours");
    let left = agent.wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(scene.result(&job), Some(JobResult::Passed));
    scene.assert_clean();
}

#[test]
fn a_stop_from_the_hub_ends_the_job() {
    let scene = Scene::new();
    let job = scene.enqueue(&["echo started", "sleep 600"]);
    let agent = scene.start();
    scene.wait_for_log(&job, "started\\n");
    scene.port.with(|hub| hub.stop_job(&job, SystemClock.now()));
    let left = agent.wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(scene.result(&job), Some(JobResult::Stopped));
    scene.wait_for_state(&job, JobState::Finished);
    scene.assert_clean();
}

#[test]
fn a_silent_hub_does_not_keep_an_agent_that_is_told_to_end() {
    let scene = Scene::new();
    let agent = scene.start();
    scene.port.wait_until("a first sync", |hub| {
        hub.agents().any(|row| row.last_sync_at.is_some())
    });
    scene
        .port
        .with(|hub| hub.add_fault(Scope::on(Endpoint::Sync), Before::BlackHole));
    agent.signal(Signal::TERM);
    let left = agent.wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    let mark = "dayfly: leaving: interrupted\n";
    assert!(left.stdout.ends_with(mark), "{}", left.stdout);
    scene.assert_clean();
}

#[test]
fn a_job_whose_log_goes_nowhere_can_be_stopped() {
    let scene = Scene::new();
    let down = Before::Answer {
        status: 503,
        body: "",
    };
    scene
        .port
        .with(|hub| hub.add_fault(Scope::on(Endpoint::LogPush), down));
    let job = scene.enqueue(&["yes a line that is written again and again | head -c 60000000"]);
    let agent = scene.start();
    let reports = |state| move |hub: &Hub| hub.agents().any(|row| row.last_state == Some(state));
    scene
        .port
        .wait_until("a running job", reports(SyncState::RunningJob));
    scene.port.with(|hub| hub.stop_job(&job, SystemClock.now()));
    scene
        .port
        .wait_until("a stopping job", reports(SyncState::StoppingJob));
    scene.port.with(Hub::clear_faults);
    let left = agent.wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(scene.result(&job), Some(JobResult::Stopped));
}
