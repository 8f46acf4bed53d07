//! Registering ends well or soon.

use super::*;

#[test]
fn an_unknown_token_ends_registration_at_once() {
    for status in [401, 404] {
        let mut scene = Scene::new(settings());
        scene.on(Event::Started);
        let failure = CallFailure::Status(status);
        let effects = scene.on(Event::RegisterFailed(failure));
        let reason = Reason::NotRegistered(failure);
        assert_eq!(effects, [Effect::Shutdown(reason)]);
        assert_eq!(reason.exit_code(), 1);
    }
}

#[test]
fn registration_is_repeated_with_growing_pauses_and_then_given_up() {
    for failure in [
        CallFailure::Unanswered,
        CallFailure::Status(503),
        CallFailure::Status(422),
    ] {
        let mut scene = Scene::new(settings());
        let started_at = scene.now;
        scene.on(Event::Started);
        let mut tries = 1;
        let end = loop {
            let effects = scene.on(Event::RegisterFailed(failure));
            if !effects.is_empty() {
                break effects;
            }
            assert_eq!(scene.pass_to_deadline(), [Effect::Register]);
            tries += 1;
        };
        assert_eq!(end, [Effect::Shutdown(Reason::NotRegistered(failure))]);
        assert!((5..30).contains(&tries), "{failure:?}: {tries}");
        assert!(scene.now.since(started_at) <= settings().registration_timeout);
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
    let refused = CallFailure::Status(400);
    let effects = scene.on(Event::RegisterFailed(refused));
    assert_eq!(effects, [Effect::Shutdown(Reason::NotRegistered(refused))]);
}
