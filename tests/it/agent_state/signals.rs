//! A termination signal reaches the hub, or is obeyed without it.

use super::*;

#[test]
fn a_signal_is_told_to_the_hub_at_once_and_its_time_repeated() {
    let mut scene = Scene::running();
    scene.on(answer(SyncAction::Continue));
    let interrupted = SyncRequest {
        interrupted_at: scene.now.as_seconds(),
        ..report(SyncState::RunningJob)
    };
    assert_eq!(scene.on(Event::Signal), [Effect::Sync(interrupted.clone())]);
    assert_eq!(scene.on(Event::Signal), []);
    assert_eq!(scene.on(answer(SyncAction::Continue)), []);
    assert_eq!(scene.pass_to_deadline(), [Effect::Sync(interrupted)]);
}

#[test]
fn a_job_is_stopped_after_its_grace_period_also_when_the_hub_is_silent() {
    let grace = Duration::from_secs(90);
    let mut scene = Scene::waiting_with(StateSettings {
        interruption_grace_period: grace,
        ..settings()
    });
    scene.on(answer(SyncAction::RunJob));
    scene.on(Event::PayloadArrived(job()));
    let signaled_at = scene.now;
    scene.on(Event::Signal);
    loop {
        scene.on(Event::SyncFailed(CallFailure::Unanswered));
        if scene.pass_to_deadline().contains(&Effect::StopJob(job())) {
            break;
        }
    }
    let took = scene.now.since(signaled_at);
    assert!(
        grace <= took && took <= grace + Duration::from_secs(10),
        "{took:?}"
    );
}

#[test]
fn a_second_signal_ends_the_grace_period() {
    let mut scene = Scene::waiting_with(StateSettings {
        interruption_grace_period: Duration::from_secs(90),
        ..settings()
    });
    scene.on(answer(SyncAction::RunJob));
    scene.on(Event::PayloadArrived(job()));
    scene.on(Event::Signal);
    scene.pass(Duration::from_secs(2));
    assert_eq!(scene.on(Event::Signal), [Effect::StopJob(job())]);
}
