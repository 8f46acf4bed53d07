//! One odd answer ends neither an agent nor its job, and no body of one is shown.

use dayfly::hub::wire::agent::{JobResult, SyncState};
use dayfly_lab::emulator::hub::faults::{Before, Endpoint, Fault, Scope};

use super::Scene;
use super::faults::passes_despite;

const HTML: &str = "<html><title>Sign in</title></html>";
/// The word that must not be shown.
const TOKEN: &str = "t0ken-0f-somebody";

fn answers(status: u16, body: &'static str) -> Fault {
    Before::Answer { status, body }.into()
}

fn report() -> Scope {
    Scope::on(Endpoint::Sync).reporting(SyncState::FinishedJob)
}

#[test]
fn own_404s_of_a_few_seconds_do_not_end_a_job() {
    passes_despite(&[(report().times(3), answers(404, ""))]);
}

#[test]
fn foreign_answers_to_a_sync_do_not_end_a_job() {
    passes_despite(&[
        (report().nth(1), answers(404, "404 page not found")),
        (report().nth(2), answers(200, HTML)),
        (report().nth(3), answers(401, "")),
    ]);
}

#[test]
fn foreign_answers_to_the_payload_do_not_fail_a_job() {
    let payload = || Scope::on(Endpoint::Payload);
    passes_despite(&[
        (payload().nth(1), answers(200, "{}")),
        (payload().nth(2), answers(200, HTML)),
        (payload().nth(3), answers(404, "")),
        (payload().nth(4), answers(200, "[]")),
    ]);
}

#[test]
fn foreign_answers_to_pushes_lose_no_line_of_the_log() {
    let push = || Scope::on(Endpoint::LogPush);
    passes_despite(&[
        (push().nth(1), answers(200, HTML)),
        (push().nth(2), answers(422, "not the log server")),
        (push().nth(3), answers(200, "{}")),
    ]);
}

#[test]
fn foreign_answer_to_disconnect_is_retried() {
    let scene = Scene::new();
    scene.enqueue(&["true"]);
    scene.port.with(|hub| {
        let leaves = Scope::on(Endpoint::Disconnect);
        hub.add_fault(leaves.nth(1), answers(200, HTML));
    });
    let left = scene.start().wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(left.stderr.matches("cannot disconnect").count(), 1);
    assert_eq!(scene.port.with(|hub| hub.agents().count()), 0);
}

#[test]
fn hub_that_denies_an_idle_agent_three_times_is_left() {
    let scene = Scene::new();
    scene
        .port
        .with(|hub| hub.add_fault(Scope::on(Endpoint::Sync), answers(404, "")));
    let left = scene.start().wait();
    assert_eq!(left.code, Some(1), "{}", left.stderr);
    assert_eq!(left.stderr.matches("cannot sync").count(), 3);
    assert_eq!(left.stderr.matches("cannot disconnect").count(), 0);
    let mark = "dayfly: leaving: unknown-to-the-hub\n";
    assert!(left.stdout.ends_with(mark), "{}", left.stdout);
}

#[test]
fn odd_answers_to_register_are_retried_and_not_shown() {
    let scene = Scene::new();
    let job = scene.enqueue(&["true"]);
    scene.port.with(|hub| {
        let register = || Scope::on(Endpoint::Register);
        hub.add_fault(
            register().nth(1),
            answers(200, r#"{"name":"","token":"t0ken-0f-somebody"}"#),
        );
        hub.add_fault(register().nth(2), answers(202, "t0ken-0f-somebody"));
        hub.add_fault(register().nth(3), answers(500, "token: t0ken-0f-somebody"));
    });
    let left = scene.start().wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(scene.result(&job), Some(JobResult::Passed));
    assert_eq!(left.stderr.matches("cannot register").count(), 3);
    assert!(!left.stderr.contains(TOKEN), "{}", left.stderr);
    assert!(!left.stdout.contains(TOKEN), "{}", left.stdout);
}

#[test]
fn foreign_denial_of_the_token_gives_no_verdict_on_it() {
    let scene = Scene::new();
    let page = answers(404, "404 page not found");
    scene
        .port
        .with(|hub| hub.add_fault(Scope::on(Endpoint::Register), page));
    let flags = ["--registration-timeout", "2"];
    let left = scene.start_with(&flags).wait();
    assert_eq!(left.code, Some(1));
    let verdict = "does not know this registration token";
    assert!(!left.stderr.contains(verdict), "{}", left.stderr);
    let words = "text that is not the hub's";
    assert!(left.stderr.contains(words), "{}", left.stderr);
}
