//! The agent's state: every answer, and every missing answer, leads somewhere in bounded time.

use std::time::Duration;

use dayfly::hub::wire::agent::{
    JobResult, ShutdownReason, SyncAction, SyncRequest, SyncResponse, SyncState,
};
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;
use dayfly_agent::state::{CallFailure, Effect, Event, Misfortune, Reason, State, StateSettings};

mod denials;
mod ends;
mod leaving;
mod registering;
mod signals;

/// An agent and a clock.
struct Scene {
    state: State,
    now: Timestamp,
}

fn settings() -> StateSettings {
    StateSettings {
        single_job: true,
        preassigned: false,
        interruption_grace_period: Duration::ZERO,
        registration_timeout: Duration::from_secs(120),
        seed: 1,
    }
}

fn job() -> JobId {
    JobId::new("5f0c2f8e-4a55-4e7a-9a31-0a6a0f2b7d11")
}

fn answer(action: SyncAction) -> Event {
    Event::SyncAnswered(SyncResponse {
        action,
        job_id: match action {
            SyncAction::RunJob | SyncAction::StopJob => job().to_string(),
            SyncAction::Continue
            | SyncAction::WaitForJobs
            | SyncAction::Shutdown
            | SyncAction::Unknown => String::new(),
        },
        shutdown_reason: None,
        next_sync_after: 5_000,
    })
}

fn shutdown(reason: ShutdownReason) -> Event {
    Event::SyncAnswered(SyncResponse {
        action: SyncAction::Shutdown,
        job_id: String::new(),
        shutdown_reason: Some(reason),
        next_sync_after: 0,
    })
}

fn report(state: SyncState) -> SyncRequest {
    SyncRequest {
        state,
        job_id: job().to_string(),
        job_result: None,
        interrupted_at: 0,
    }
}

fn finished(result: JobResult) -> Effect {
    Effect::Sync(SyncRequest {
        job_result: Some(result),
        ..report(SyncState::FinishedJob)
    })
}

impl Scene {
    fn new(settings: StateSettings) -> Self {
        Self {
            state: State::new(settings),
            now: Timestamp::from_seconds(1_790_000_000),
        }
    }

    /// Registered, and its first sync in flight.
    fn waiting() -> Self {
        Self::waiting_with(settings())
    }

    fn waiting_with(settings: StateSettings) -> Self {
        let mut scene = Self::new(settings);
        assert_eq!(scene.on(Event::Started), [Effect::Register]);
        let first = SyncRequest::default();
        assert_eq!(scene.on(Event::Registered), [Effect::Sync(first)]);
        scene
    }

    /// Told to run the job; the payload is being fetched.
    fn starting() -> Self {
        let mut scene = Self::waiting();
        let effects = scene.on(answer(SyncAction::RunJob));
        assert_eq!(effects, [Effect::FetchPayload(job())]);
        scene
    }

    /// The job runs, and a `running-job` is in flight.
    fn running() -> Self {
        let mut scene = Self::starting();
        let effects = scene.on(Event::PayloadArrived(job()));
        assert_eq!(effects, [Effect::RunJob(job())]);
        let effects = scene.pass_to_deadline();
        assert_eq!(effects, [Effect::Sync(report(SyncState::RunningJob))]);
        scene
    }

    /// The result is reported, and not yet answered.
    fn reporting() -> Self {
        let mut scene = Self::running();
        scene.on(answer(SyncAction::Continue));
        let effects = scene.on(Event::JobEnded(job(), JobResult::Passed));
        assert_eq!(effects, [Effect::CloseLog(job())]);
        let effects = scene.on(Event::LogClosed(job()));
        assert_eq!(effects, [finished(JobResult::Passed)]);
        scene
    }

    fn on(&mut self, event: Event) -> Vec<Effect> {
        self.state.step(event, self.now)
    }

    /// Lets the time pass until the state wants to be asked.
    fn pass_to_deadline(&mut self) -> Vec<Effect> {
        let deadline = self.state.deadline().expect("something is waited for");
        self.now = self.now.max(deadline);
        self.on(Event::DeadlinePassed)
    }

    /// The hub denies every sync that it knows us, until that is believed: how often, since when,
    /// and what follows.
    fn deny_until_believed(&mut self) -> (u32, Timestamp, Vec<Effect>) {
        let (mut count, since) = (0, self.now);
        loop {
            count += 1;
            let effects = self.on(Event::SyncFailed(CallFailure::Refused(404)));
            if !effects.is_empty() {
                return (count, since, effects);
            }
            self.pass_to_deadline();
        }
    }

    /// Every sync fails like this, until something else than a sync follows.
    fn fail_syncs_until_something_else(&mut self, failure: CallFailure) -> Vec<Effect> {
        loop {
            let effects = self.on(Event::SyncFailed(failure));
            if !effects.is_empty() {
                return effects;
            }
            let effects = self.pass_to_deadline();
            assert!(matches!(effects[..], [Effect::Sync(_)]), "{effects:?}");
        }
    }

    /// Lets the time pass until the payload is asked for again; the syncs succeed.
    fn pass_to_fetch(&mut self) {
        while !self
            .pass_to_deadline()
            .contains(&Effect::FetchPayload(job()))
        {
            self.on(answer(SyncAction::Continue));
        }
    }

    fn pass(&mut self, span: Duration) {
        self.now = self.now.plus(span);
    }
}

#[test]
fn a_job_goes_from_offer_to_disconnect_without_a_pause_at_its_end() {
    let mut scene = Scene::reporting();
    let effects = scene.on(shutdown(ShutdownReason::JobFinished));
    assert_eq!(effects, [Effect::Disconnect]);
    let effects = scene.on(Event::Disconnected);
    assert_eq!(effects, [Effect::Shutdown(Reason::JobFinished)]);
    assert_eq!(scene.state.deadline(), None);
}

#[test]
fn the_next_sync_is_the_hubs_to_time_within_reason() {
    let wait = |next_sync_after| {
        let mut scene = Scene::waiting();
        scene.on(Event::SyncAnswered(SyncResponse {
            action: SyncAction::Unknown,
            job_id: String::new(),
            shutdown_reason: None,
            next_sync_after,
        }));
        let at = scene.state.deadline().expect("a next sync");
        at.since(scene.now).as_millis()
    };
    assert_eq!(wait(4_711), 4_711);
    assert_eq!(wait(i64::MAX), 60_000);
    assert!((3_000..=5_999).contains(&wait(0)));
    assert!((3_000..=5_999).contains(&wait(i64::MIN)));
}

#[test]
fn a_job_that_is_offered_twice_is_fetched_once() {
    let mut scene = Scene::starting();
    assert_eq!(
        scene.pass_to_deadline(),
        [Effect::Sync(report(SyncState::StartingJob))]
    );
    assert_eq!(scene.on(answer(SyncAction::RunJob)), []);
}

#[test]
fn a_job_that_was_reported_is_never_run_again() {
    let mut scene = Scene::waiting_with(StateSettings {
        single_job: false,
        ..settings()
    });
    scene.on(answer(SyncAction::RunJob));
    scene.on(Event::PayloadArrived(job()));
    scene.on(Event::JobEnded(job(), JobResult::Failed));
    scene.on(Event::LogClosed(job()));
    assert_eq!(scene.on(answer(SyncAction::WaitForJobs)), []);
    assert_eq!(
        scene.pass_to_deadline(),
        [Effect::Sync(SyncRequest::default())]
    );
    let effects = scene.on(answer(SyncAction::RunJob));
    assert_eq!(effects, [finished(JobResult::Failed)]);
}

#[test]
fn the_result_is_repeated_until_the_hub_has_it() {
    let mut scene = Scene::reporting();
    for failure in [
        CallFailure::Unanswered,
        CallFailure::Refused(500),
        CallFailure::Refused(404),
        CallFailure::Refused(503),
    ] {
        assert_eq!(scene.on(Event::SyncFailed(failure)), []);
        assert_eq!(scene.pass_to_deadline(), [finished(JobResult::Passed)]);
    }
    // What the hub never answers to a result is not its answer.
    for action in [SyncAction::Continue, SyncAction::Unknown] {
        assert_eq!(scene.on(answer(action)), []);
        assert_eq!(scene.pass_to_deadline(), [finished(JobResult::Passed)]);
    }
    assert_eq!(
        scene.on(answer(SyncAction::WaitForJobs)),
        [Effect::Disconnect]
    );
}

#[test]
fn a_job_that_ends_while_a_sync_is_in_flight_is_reported_right_after_it() {
    let mut scene = Scene::running();
    scene.on(Event::JobEnded(job(), JobResult::Passed));
    assert_eq!(scene.on(Event::LogClosed(job())), []);
    let effects = scene.on(answer(SyncAction::Continue));
    assert_eq!(effects, [finished(JobResult::Passed)]);
}

#[test]
fn a_stop_reaches_our_job_once_and_no_other() {
    let mut scene = Scene::running();
    let foreign = SyncResponse {
        action: SyncAction::StopJob,
        job_id: "another".into(),
        shutdown_reason: None,
        next_sync_after: 1_000,
    };
    assert_eq!(scene.on(Event::SyncAnswered(foreign)), []);
    scene.pass_to_deadline();
    assert_eq!(
        scene.on(answer(SyncAction::StopJob)),
        [Effect::StopJob(job())]
    );
    assert_eq!(
        scene.pass_to_deadline(),
        [Effect::Sync(report(SyncState::StoppingJob))]
    );
    assert_eq!(scene.on(answer(SyncAction::StopJob)), []);
    scene.on(Event::JobEnded(job(), JobResult::Stopped));
    let effects = scene.on(Event::LogClosed(job()));
    assert_eq!(effects, [finished(JobResult::Stopped)]);
    // It has ended: a late stop changes nothing.
    assert_eq!(scene.on(Event::JobEnded(job(), JobResult::Passed)), []);
}

#[test]
fn a_stop_before_the_payload_has_come_means_that_the_job_never_runs() {
    let mut scene = Scene::starting();
    scene.pass_to_deadline();
    let effects = scene.on(answer(SyncAction::StopJob));
    assert_eq!(effects, [finished(JobResult::Stopped)]);
    assert_eq!(scene.on(Event::PayloadArrived(job())), []);
}

#[test]
fn a_payload_that_was_scrubbed_fails_the_job_with_a_word_in_its_log() {
    let mut scene = Scene::starting();
    let effects = scene.on(Event::PayloadUnusable(job(), Misfortune::Sanitized));
    assert_eq!(effects, [Effect::FailJob(job(), Misfortune::Sanitized)]);
}
