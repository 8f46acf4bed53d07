//! A blip is not a verdict: one odd answer ends neither an agent nor a job.

use dayfly::hub::wire::answer::Foreign;

use super::*;

const GONE: CallFailure = CallFailure::Refused(404);
const HTML: CallFailure = CallFailure::Foreign(Foreign::Html);

fn is_sync(effects: &[Effect]) -> bool {
    matches!(effects, [Effect::Sync(_)])
}

/// What a job's phase looks like when the hub forgets the agent, and what follows.
fn phases() -> Vec<(&'static str, Scene, Vec<Effect>)> {
    let gone = || vec![Effect::Shutdown(Reason::RowGone)];
    let mut starting = Scene::starting();
    assert!(is_sync(&starting.pass_to_deadline()));
    let mut stopping = Scene::running();
    stopping.on(answer(SyncAction::StopJob));
    assert!(is_sync(&stopping.pass_to_deadline()));
    let mut closing = Scene::running();
    closing.on(Event::JobEnded(job(), JobResult::Passed));
    let end = vec![Effect::AbandonLog(job()), Effect::StopJob(job())];
    vec![
        ("starting", starting, gone()),
        ("running", Scene::running(), end),
        ("stopping", stopping, vec![Effect::AbandonLog(job())]),
        (
            "closing",
            closing,
            [vec![Effect::AbandonLog(job())], gone()].concat(),
        ),
        ("finished", Scene::reporting(), gone()),
    ]
}

#[test]
fn own_404_with_a_job_is_believed_after_a_minute() {
    for (name, mut scene, end) in phases() {
        let (count, since, effects) = scene.deny_until_believed();
        assert_eq!(effects, end, "{name}");
        assert!(3 <= count, "{name}: {count}");
        let took = scene.now.since(since);
        let minute = Duration::from_secs(60)..Duration::from_secs(70);
        assert!(minute.contains(&took), "{name}: {took:?}");
    }
}

#[test]
fn own_404_while_idle_is_believed_after_three() {
    let mut scene = Scene::waiting();
    let (count, _, effects) = scene.deny_until_believed();
    assert_eq!(effects, [Effect::Shutdown(Reason::RowGone)]);
    assert_eq!(count, 3);
}

#[test]
fn other_answer_within_a_row_starts_a_new_row() {
    let others: [Event; 4] = [
        answer(SyncAction::Continue),
        Event::SyncFailed(HTML),
        Event::SyncFailed(CallFailure::Refused(503)),
        Event::SyncFailed(CallFailure::Refused(401)),
    ];
    for other in others {
        let mut scene = Scene::waiting();
        for event in [
            Event::SyncFailed(GONE),
            Event::SyncFailed(GONE),
            other.clone(),
            Event::SyncFailed(GONE),
            Event::SyncFailed(GONE),
        ] {
            assert_eq!(scene.on(event), [], "{other:?}");
            assert!(is_sync(&scene.pass_to_deadline()), "{other:?}");
        }
        let effects = scene.on(Event::SyncFailed(GONE));
        assert_eq!(effects, [Effect::Shutdown(Reason::RowGone)], "{other:?}");
    }
}

#[test]
fn unanswered_call_neither_adds_to_a_row_nor_ends_it() {
    let mut scene = Scene::waiting();
    for failure in [GONE, CallFailure::Unanswered, GONE, CallFailure::Unanswered] {
        assert_eq!(scene.on(Event::SyncFailed(failure)), []);
        assert!(is_sync(&scene.pass_to_deadline()));
    }
    let effects = scene.on(Event::SyncFailed(GONE));
    assert_eq!(effects, [Effect::Shutdown(Reason::RowGone)]);
}

#[test]
fn odd_answer_to_a_sync_ends_a_job_only_after_ten_minutes() {
    for failure in [
        HTML,
        CallFailure::Foreign(Foreign::Redirect),
        CallFailure::Foreign(Foreign::CutJson),
        CallFailure::Refused(400),
        CallFailure::Refused(401),
        CallFailure::Refused(403),
        CallFailure::Refused(500),
    ] {
        let mut scene = Scene::running();
        let since = scene.now;
        let effects = scene.fail_syncs_until_something_else(failure);
        assert_eq!(effects, [Effect::StopJob(job())], "{failure:?}");
        let silence = scene.now.since(since);
        assert!(
            Duration::from_secs(590) < silence,
            "{failure:?}: {silence:?}"
        );
    }
}

#[test]
fn own_404_to_the_payload_is_believed_after_a_minute() {
    let mut scene = Scene::starting();
    let (since, mut count) = (scene.now, 0);
    let effects = loop {
        count += 1;
        let effects = scene.on(Event::PayloadFailed(job(), GONE));
        if !effects.is_empty() {
            break effects;
        }
        scene.pass_to_fetch();
        scene.on(answer(SyncAction::Continue));
    };
    // The log is another agent's, so nothing is written there.
    assert_eq!(effects, [finished(JobResult::Failed)]);
    assert!(3 <= count, "{count}");
    let took = scene.now.since(since);
    assert!(Duration::from_secs(60) <= took, "{took:?}");
    assert!(took < Duration::from_secs(90), "{took:?}");
}

#[test]
fn odd_answer_to_the_payload_is_retried_for_three_minutes() {
    for failure in [
        HTML,
        CallFailure::Foreign(Foreign::OtherJson),
        CallFailure::Foreign(Foreign::AnotherJob),
        CallFailure::Refused(500),
        CallFailure::Refused(401),
        CallFailure::Unanswered,
    ] {
        let mut scene = Scene::starting();
        let (since, mut count) = (scene.now, 1);
        let effects = loop {
            let effects = scene.on(Event::PayloadFailed(job(), failure));
            if !effects.is_empty() {
                break effects;
            }
            scene.pass_to_fetch();
            count += 1;
        };
        let why = Misfortune::NotFetched(failure);
        assert_eq!(effects, [Effect::FailJob(job(), why)]);
        let took = scene.now.since(since);
        assert!(10 <= count, "{failure:?}: {count}");
        assert!(Duration::from_secs(180) <= took, "{failure:?}: {took:?}");
        assert!(took < Duration::from_secs(200), "{failure:?}: {took:?}");
    }
}

#[test]
fn payload_that_comes_after_odd_answers_is_run() {
    let mut scene = Scene::starting();
    for failure in [GONE, HTML, GONE, CallFailure::Refused(500), GONE, GONE] {
        assert_eq!(scene.on(Event::PayloadFailed(job(), failure)), []);
        scene.pass_to_fetch();
    }
    let effects = scene.on(Event::PayloadArrived(job()));
    assert_eq!(effects, [Effect::RunJob(job())]);
}
