//! Every way out, with the hub and without it.

use dayfly::hub::wire::answer::Foreign;

use super::*;

#[test]
fn a_hub_that_forgot_us_mid_job_ends_the_job_and_hears_no_more() {
    let mut scene = Scene::running();
    let (_, _, effects) = scene.deny_until_believed();
    assert_eq!(effects, [Effect::AbandonLog(job()), Effect::StopJob(job())]);
    let effects = scene.on(Event::JobEnded(job(), JobResult::Stopped));
    assert_eq!(effects, [Effect::Shutdown(Reason::RowGone)]);
}

#[test]
fn a_job_that_does_not_end_cannot_hold_a_forgotten_agent() {
    let mut scene = Scene::running();
    scene.deny_until_believed();
    assert_eq!(
        scene.pass_to_deadline(),
        [Effect::Shutdown(Reason::RowGone)]
    );
}

#[test]
fn ten_silent_minutes_end_the_job_and_give_its_log_and_result_a_last_chance() {
    let mut scene = Scene::running();
    scene.pass(Duration::from_secs(601));
    let effects = scene.on(Event::SyncFailed(CallFailure::Unanswered));
    assert_eq!(effects, [Effect::StopJob(job())]);
    let effects = scene.on(Event::JobEnded(job(), JobResult::Stopped));
    assert_eq!(effects, [Effect::CloseLog(job())]);
    let effects = scene.on(Event::LogClosed(job()));
    assert_eq!(effects, [finished(JobResult::Stopped)]);
    // Without an answer there is no disconnect: the hub fails the job of a silent row, not of a gone one.
    let since = scene.now;
    let effects = loop {
        assert_eq!(scene.on(Event::SyncFailed(CallFailure::Unanswered)), []);
        let effects = scene.pass_to_deadline();
        if effects != [finished(JobResult::Stopped)] {
            break effects;
        }
    };
    assert_eq!(effects, [Effect::Shutdown(Reason::UnableToSync)]);
    assert!(scene.now.since(since) <= Duration::from_secs(30));
}

#[test]
fn last_report_after_an_odd_answer_is_repeated() {
    let mut scene = Scene::running();
    scene.pass(Duration::from_secs(601));
    scene.on(Event::SyncFailed(CallFailure::Unanswered));
    scene.on(Event::JobEnded(job(), JobResult::Stopped));
    scene.on(Event::LogClosed(job()));
    for status in [500, 404] {
        assert_eq!(
            scene.on(Event::SyncFailed(CallFailure::Refused(status))),
            []
        );
        assert_eq!(scene.pass_to_deadline(), [finished(JobResult::Stopped)]);
    }
    assert_eq!(scene.on(answer(SyncAction::Continue)), []);
    assert_eq!(scene.pass_to_deadline(), [finished(JobResult::Stopped)]);
    let effects = scene.on(answer(SyncAction::WaitForJobs));
    assert_eq!(effects, [Effect::Disconnect]);
}

#[test]
fn a_hub_that_sends_us_away_mid_job_gets_its_result_first() {
    let mut scene = Scene::running();
    let effects = scene.on(shutdown(ShutdownReason::Requested));
    assert_eq!(effects, [Effect::StopJob(job())]);
    scene.on(Event::JobEnded(job(), JobResult::Stopped));
    assert_eq!(
        scene.on(Event::LogClosed(job())),
        [finished(JobResult::Stopped)]
    );
    assert_eq!(
        scene.on(answer(SyncAction::WaitForJobs)),
        [Effect::Disconnect]
    );
    assert_eq!(
        scene.on(Event::Disconnected),
        [Effect::Shutdown(Reason::Requested)]
    );
}

#[test]
fn a_disconnect_whose_answer_is_lost_is_repeated_and_then_known_to_be_done() {
    let mut scene = Scene::waiting();
    scene.on(shutdown(ShutdownReason::Idle));
    assert_eq!(
        scene.on(Event::DisconnectFailed(CallFailure::Unanswered)),
        []
    );
    assert_eq!(scene.pass_to_deadline(), [Effect::Disconnect]);
    let foreign = CallFailure::Foreign(Foreign::Html);
    assert_eq!(scene.on(Event::DisconnectFailed(foreign)), []);
    assert_eq!(scene.pass_to_deadline(), [Effect::Disconnect]);
    let effects = scene.on(Event::DisconnectFailed(CallFailure::Refused(404)));
    assert_eq!(effects, [Effect::Shutdown(Reason::Idle)]);
}

#[test]
fn a_disconnect_that_is_never_answered_holds_nothing_up_for_long() {
    let mut scene = Scene::waiting();
    scene.on(shutdown(ShutdownReason::Idle));
    let since = scene.now;
    assert_eq!(scene.pass_to_deadline(), [Effect::Shutdown(Reason::Idle)]);
    assert!(scene.now.since(since) <= Duration::from_secs(30));
}
