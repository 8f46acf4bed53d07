//! Lost answers and a hub that fails: the job is run once, reported once, and its log is whole.

use dayfly::hub::wire::agent::{JobResult, SyncAction, SyncState};
use dayfly::model::id::JobId;
use dayfly_lab::emulator::hub::faults::{Before, Content, Endpoint, Fault, Inside, Scope, Travel};

use super::Scene;

/// A job of three lines passes although the fault strikes.
pub(super) fn passes_despite(faults: &[(Scope, Fault)]) {
    let scene = Scene::new();
    let job = scene.enqueue(&["echo one", "echo two", "echo three"]);
    scene.port.with(|hub| {
        for (scope, fault) in faults {
            hub.add_fault(scope.clone(), fault.clone());
        }
    });
    let left = scene.start().wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(
        scene.result(&job),
        Some(JobResult::Passed),
        "{}",
        left.stderr
    );
    let log = scene.log(&job);
    assert_eq!(log.matches("\"output\":\"two\\n\"").count(), 1, "{log}");
    scene.assert_clean();
}

#[test]
fn a_lost_answer_to_register_is_asked_for_again() {
    passes_despite(&[(
        Scope::on(Endpoint::Register).times(1),
        Travel::Dropped.into(),
    )]);
}

#[test]
fn a_lost_offer_comes_again() {
    let offer = Scope::on(Endpoint::Sync)
        .answering(SyncAction::RunJob)
        .times(1);
    passes_despite(&[(offer, Travel::Dropped.into())]);
}

#[test]
fn a_lost_answer_to_the_result_repeats_it() {
    let report = Scope::on(Endpoint::Sync)
        .reporting(SyncState::FinishedJob)
        .times(2);
    passes_despite(&[(report, Travel::Dropped.into())]);
}

#[test]
fn a_lost_answer_to_disconnect_holds_nothing_up() {
    passes_despite(&[(
        Scope::on(Endpoint::Disconnect).times(1),
        Travel::Dropped.into(),
    )]);
}

#[test]
fn a_log_server_that_stumbles_gets_every_event_once() {
    let push = || Scope::on(Endpoint::LogPush);
    passes_despite(&[
        (push().nth(1), Travel::CommittedThen { status: 503 }.into()),
        (push().nth(2), Travel::Dropped.into()),
        (
            push().nth(3),
            Before::Answer {
                status: 500,
                body: "",
            }
            .into(),
        ),
    ]);
}

#[test]
fn a_batch_that_is_too_large_is_sent_in_pieces() {
    let too_many = Before::Answer {
        status: 413,
        body: "Too many log events",
    };
    passes_despite(&[(Scope::on(Endpoint::LogPush).times(1), too_many.into())]);
}

#[test]
fn an_expired_log_token_is_refreshed() {
    let expired = Inside::LogTokenExpired;
    passes_despite(&[(Scope::on(Endpoint::Payload), expired.into())]);
}

#[test]
fn answers_with_strange_fields_are_understood() {
    passes_despite(&[
        (Scope::on(Endpoint::Any), Content::FieldsExtra.into()),
        (Scope::on(Endpoint::Any), Content::FieldsNull.into()),
        (
            Scope::on(Endpoint::Sync).nth(1),
            Content::ActionUnknown("dance").into(),
        ),
        (
            Scope::on(Endpoint::Sync).nth(1),
            Content::NextSyncAfter(1).into(),
        ),
    ]);
}

#[test]
fn a_job_whose_secrets_are_gone_fails_with_a_word_in_its_log() {
    let scene = Scene::new();
    let job = scene.enqueue(&["echo never"]);
    scene
        .port
        .with(|hub| hub.add_fault(Scope::on(Endpoint::Payload), Inside::PayloadSanitized));
    let left = scene.start().wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(scene.result(&job), Some(JobResult::Failed));
    let log = scene.log(&job);
    assert!(log.contains("hands out a job's secrets only once"), "{log}");
    assert!(!log.contains("never\\n"), "{log}");
    scene.assert_clean();
}

#[test]
fn a_lost_payload_is_asked_for_again_and_found_scrubbed() {
    let scene = Scene::new();
    let job = scene.enqueue(&["echo never"]);
    scene
        .port
        .with(|hub| hub.add_fault(Scope::on(Endpoint::Payload).times(1), Travel::Dropped));
    let left = scene.start().wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(scene.result(&job), Some(JobResult::Failed));
    assert!(scene.log(&job).contains("only once"), "{}", scene.log(&job));
    scene.assert_clean();
}

#[test]
fn stops_that_make_no_sense_change_nothing() {
    let sync = |state| Scope::on(Endpoint::Sync).reporting(state);
    passes_despite(&[
        (
            sync(SyncState::StartingJob),
            Content::StopJob(Some(JobId::new("another"))).into(),
        ),
        (
            sync(SyncState::RunningJob),
            Content::StopJob(Some(JobId::new("another"))).into(),
        ),
        (sync(SyncState::FinishedJob), Content::StopJob(None).into()),
    ]);
}

#[test]
fn a_full_quota_is_waited_for_and_given_up_in_the_hubs_words() {
    let scene = Scene::new();
    scene.port.with(|hub| hub.set_agents_max(Some(0)));
    let left = scene.start_with(&["--registration-timeout", "2"]).wait();
    assert_eq!(left.code, Some(1));
    let words = "giving up after all tries";
    assert!(left.stderr.contains(words), "{}", left.stderr);
    assert!(left.stderr.contains("quota"), "{}", left.stderr);
    assert!(1 < left.stderr.matches("cannot register").count());
    // The console says it once, and before the end.
    assert_eq!(
        left.stdout,
        "dayfly: refused by the hub: agent quota for organization has been reached\n\
         dayfly: leaving: not-registered\n"
    );
}

#[test]
fn name_that_no_hub_takes_is_given_up_with_the_timeout() {
    let scene = Scene::new();
    let refused = Before::Answer {
        status: 400,
        body: "name is not allowed",
    };
    scene
        .port
        .with(|hub| hub.add_fault(Scope::on(Endpoint::Register), refused));
    let left = scene.start_with(&["--registration-timeout", "2"]).wait();
    assert_eq!(left.code, Some(1));
    assert!(1 < left.stderr.matches("cannot register").count());
    let words = "the hub or its certificate has refused every attempt";
    assert!(left.stderr.contains(words), "{}", left.stderr);
}
