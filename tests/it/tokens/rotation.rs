//! A token that somebody changes holds from the next tick on, without a restart.

use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::hub::agent_type::ResetScope;
use rustix::process::{Pid, Signal, kill_process};

use super::{Scene, agent_type};

#[test]
fn a_wrong_token_that_is_corrected_in_its_file_serves_jobs_without_a_restart() {
    let scene = Scene::new();
    std::fs::write(scene.path("token"), "0badc0de\n").expect("a folder of the test's");
    let api_token = "{ env = \"API\" }";
    // Nobody is answered before the file is right again, so that the first tick finds it so.
    let mut scaler = scene.port.with(|_| {
        let mut scaler = scene.run("", api_token, "{ file = \"token\" }");
        scaler.wait_for("scaling");
        let token = scene.registration_token.expose();
        std::fs::write(scene.path("token"), token).expect("a folder of the test's");
        scaler
    });
    scaler.wait_for("others hold from now on");
    let job = scene.enqueue("true");
    scene.wait_until_finished(&job);
    let (_, log) = scaler.stop();
    assert!(
        log.contains("does not know the registration_token"),
        "{log}"
    );
    assert!(!log.contains("0badc0de"), "{log}");
}

#[test]
fn a_configuration_that_is_read_again_reads_its_tokens_too() {
    let scene = Scene::new();
    let token = scene.registration_token.expose();
    std::fs::write(scene.path("token"), token).expect("a folder of the test's");
    std::fs::write(scene.path("api"), "0badc0de").expect("a folder of the test's");
    let mut scaler = scene.run("", "{ file = \"api\" }", "{ file = \"token\" }");
    // The first tick does not know it, and finds no other: it is asked for again in a minute.
    scaler.wait_for("are the same");
    let api_token = scene.api_token.expose();
    std::fs::write(scene.path("api"), api_token).expect("a folder of the test's");
    kill_process(Pid::from_child(&scaler.child), Signal::HUP).expect("it runs");
    scaler.wait_for("others hold from now on");
    scaler.wait_for("all questions are answered again");
    scaler.stop();
}

#[test]
fn a_token_that_is_reset_while_it_runs_reaches_the_scaler_and_new_machines() {
    let scene = Scene::new();
    let token = scene.registration_token.expose();
    std::fs::write(scene.path("token"), token).expect("a folder of the test's");
    let mut scaler = scene.run("", "{ env = \"API\" }", "{ file = \"token\" }");
    let first = scene.enqueue("true");
    scene.wait_until_finished(&first);
    // The old token dies at the moment at which the new one is in the file.
    scene.port.with(|hub| {
        let now = SystemClock.now();
        let reset = hub.reset_token(&agent_type(), ResetScope::KeepAgents, now);
        let token = reset.expect("a type of this hub");
        std::fs::write(scene.path("token"), token.expose()).expect("a folder of the test's");
    });
    let second = scene.enqueue("true");
    scene.wait_until_finished(&second);
    scaler.wait_for("others hold from now on");
    scaler.stop();
}
