//! Registering ends well or soon.

use dayfly::hub::wire::answer::Foreign;

use super::*;

/// Registers with this failure until it is given up: how often, how long, and the end.
fn fail(settings: StateSettings, failure: CallFailure) -> (u32, Duration, Vec<Effect>) {
    let mut scene = Scene::new(settings);
    let started_at = scene.now;
    scene.on(Event::Started);
    let mut tries = 1;
    loop {
        let effects = scene.on(Event::RegisterFailed(failure));
        if !effects.is_empty() {
            return (tries, scene.now.since(started_at), effects);
        }
        assert_eq!(scene.pass_to_deadline(), [Effect::Register]);
        tries += 1;
    }
}

#[test]
fn own_denial_of_the_token_is_believed_after_a_minute() {
    for status in [401, 404] {
        let failure = CallFailure::Refused(status);
        let (tries, took, effects) = fail(settings(), failure);
        let reason = Reason::NotRegistered(failure);
        assert_eq!(effects, [Effect::Shutdown(reason)]);
        assert_eq!(reason.exit_code(), 1);
        assert!(3 <= tries, "{tries}");
        let minute = Duration::from_secs(60)..Duration::from_secs(80);
        assert!(minute.contains(&took), "{took:?}");
    }
}

#[test]
fn own_denial_of_the_token_ends_with_the_timeout_too() {
    let short = StateSettings {
        registration_timeout: Duration::from_secs(5),
        ..settings()
    };
    let failure = CallFailure::Refused(404);
    let (tries, took, effects) = fail(short, failure);
    let reason = Reason::NotRegistered(failure);
    assert_eq!(effects, [Effect::Shutdown(reason)]);
    assert!(2 <= tries && took <= Duration::from_secs(5), "{took:?}");
}

#[test]
fn refusal_that_no_retry_heals_is_believed_after_a_minute() {
    let failure = CallFailure::Hopeless;
    let (tries, took, effects) = fail(settings(), failure);
    assert_eq!(effects, [Effect::Shutdown(Reason::NotRegistered(failure))]);
    assert!(3 <= tries, "{tries}");
    let minute = Duration::from_secs(60)..Duration::from_secs(80);
    assert!(minute.contains(&took), "{took:?}");
}

#[test]
fn foreign_denial_is_retried_until_the_timeout() {
    let failure = CallFailure::Foreign(Foreign::Html);
    let (_, took, effects) = fail(settings(), failure);
    let reason = Reason::NotRegistered(failure);
    assert_eq!(effects, [Effect::Shutdown(reason)]);
    assert!(Duration::from_secs(100) < took, "{took:?}");
}

#[test]
fn full_quota_is_retried_every_fifteen_seconds_at_most() {
    let long = StateSettings {
        registration_timeout: Duration::from_secs(600),
        ..settings()
    };
    let mut scene = Scene::new(long);
    scene.on(Event::Started);
    for _ in 0..30 {
        let failed_at = scene.now;
        let refused = CallFailure::Refused(422);
        assert_eq!(scene.on(Event::RegisterFailed(refused)), []);
        assert_eq!(scene.pass_to_deadline(), [Effect::Register]);
        let pause = scene.now.since(failed_at);
        assert!(pause <= Duration::from_secs(15), "{pause:?}");
    }
}

#[test]
fn registration_is_repeated_with_growing_pauses_and_then_given_up() {
    for failure in [
        CallFailure::Unanswered,
        CallFailure::Refused(503),
        CallFailure::Refused(422),
    ] {
        let (tries, took, end) = fail(settings(), failure);
        assert_eq!(end, [Effect::Shutdown(Reason::NotRegistered(failure))]);
        assert!((5..30).contains(&tries), "{failure:?}: {tries}");
        assert!(took <= settings().registration_timeout);
    }
}

#[test]
fn a_lost_registration_with_a_job_of_its_own_is_not_repeated_for_long() {
    let mut scene = Scene::new(StateSettings {
        preassigned: true,
        ..settings()
    });
    scene.on(Event::Started);
    assert_eq!(scene.on(Event::RegisterFailed(CallFailure::Unanswered)), []);
    assert_eq!(scene.pass_to_deadline(), [Effect::Register]);
    let refused = CallFailure::Refused(400);
    let effects = scene.on(Event::RegisterFailed(refused));
    assert_eq!(effects, [Effect::Shutdown(Reason::NotRegistered(refused))]);
}
