//! Whatever is said to an agent, and whatever is never answered, it ends.

use std::time::Duration;

use dayfly::hub::wire::agent::{JobResult, SyncAction, SyncResponse};
use dayfly::hub::wire::answer::Foreign;
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;
use dayfly_agent::state::{CallFailure, Effect, Event, Misfortune, State, StateSettings};
use proptest::collection::vec;
use proptest::prelude::*;

fn any_failure() -> impl Strategy<Value = CallFailure> {
    let statuses = [400, 401, 403, 404, 422, 500, 503, 504];
    prop_oneof![
        Just(CallFailure::Unanswered),
        Just(CallFailure::Hopeless),
        Just(CallFailure::Foreign(Foreign::Html)),
        proptest::sample::select(statuses.to_vec()).prop_map(CallFailure::Refused),
    ]
}

fn any_job() -> impl Strategy<Value = String> {
    proptest::sample::select(vec!["a", "b", ""]).prop_map(str::to_owned)
}

fn any_answer() -> impl Strategy<Value = SyncResponse> {
    let actions = [
        SyncAction::Continue,
        SyncAction::RunJob,
        SyncAction::StopJob,
        SyncAction::WaitForJobs,
        SyncAction::Shutdown,
        SyncAction::Unknown,
    ];
    (
        proptest::sample::select(actions.to_vec()),
        any_job(),
        any::<i64>(),
    )
        .prop_map(|(action, job_id, next_sync_after)| SyncResponse {
            action,
            job_id,
            shutdown_reason: None,
            next_sync_after,
        })
}

fn any_event() -> impl Strategy<Value = Event> {
    let job = || any_job().prop_map(JobId::new);
    prop_oneof![
        Just(Event::Started),
        Just(Event::Registered),
        any_failure().prop_map(Event::RegisterFailed),
        any_answer().prop_map(Event::SyncAnswered),
        any_answer().prop_map(Event::SyncAnswered),
        any_failure().prop_map(Event::SyncFailed),
        job().prop_map(Event::PayloadArrived),
        job().prop_map(|job| Event::PayloadUnusable(job, Misfortune::Sanitized)),
        (job(), any_failure()).prop_map(|(job, failure)| Event::PayloadFailed(job, failure)),
        job().prop_map(|job| Event::JobEnded(job, JobResult::Passed)),
        job().prop_map(Event::LogClosed),
        Just(Event::Signal),
        Just(Event::Disconnected),
        any_failure().prop_map(Event::DisconnectFailed),
        Just(Event::DeadlinePassed),
    ]
}

/// What the driver reports when every call fails, and every job and log ends as it was told to.
fn unlucky_end(effect: &Effect) -> Option<Event> {
    let unanswered = CallFailure::Unanswered;
    match effect {
        Effect::Register => Some(Event::RegisterFailed(unanswered)),
        Effect::Sync(_) => Some(Event::SyncFailed(unanswered)),
        Effect::FetchPayload(job) => Some(Event::PayloadFailed(job.clone(), unanswered)),
        Effect::FailJob(job, _) => Some(Event::JobEnded(job.clone(), JobResult::Failed)),
        Effect::RunJob(_) => None,
        Effect::StopJob(job) => Some(Event::JobEnded(job.clone(), JobResult::Stopped)),
        Effect::CloseLog(job) | Effect::AbandonLog(job) => Some(Event::LogClosed(job.clone())),
        Effect::Disconnect => Some(Event::DisconnectFailed(unanswered)),
        Effect::Shutdown(_) => None,
    }
}

/// Does what the state asks for, with every call failing, until it leaves; gives the time that took.
fn run_out(state: &mut State, from: Timestamp, mut open: Vec<Effect>) -> Option<Duration> {
    let mut now = from;
    for _ in 0..5_000 {
        if open
            .iter()
            .any(|effect| matches!(effect, Effect::Shutdown(_)))
        {
            return Some(now.since(from));
        }
        let events: Vec<Event> = open.iter().filter_map(unlucky_end).collect();
        open.clear();
        for event in events {
            open.extend(state.step(event, now));
        }
        if open.is_empty() {
            now = now.max(state.deadline()?);
            open.extend(state.step(Event::DeadlinePassed, now));
        }
    }
    None
}

proptest! {
    /// The ten-minute rule, the limits of registration and of leaving, in any order of events.
    #[test]
    fn an_agent_that_is_heard_no_more_leaves_within_twelve_minutes(
        events in vec((any_event(), 0_u64..20_000), 0..40),
        single_job: bool,
        grace in 0_u64..200,
        seed: u64,
    ) {
        let mut state = State::new(StateSettings {
            single_job,
            preassigned: false,
            interruption_grace_period: Duration::from_secs(grace),
            registration_timeout: Duration::from_secs(120),
            seed,
        });
        let mut now = Timestamp::from_seconds(1_790_000_000);
        let mut open = state.step(Event::Started, now);
        let mut left = false;
        for (event, pause) in events {
            now = now.plus(Duration::from_millis(pause));
            // Answers come only to what was asked; everything else may come at any time.
            let is_answer = matches!(event, Event::SyncAnswered(_) | Event::SyncFailed(_));
            let sync = open.iter().position(|effect| matches!(effect, Effect::Sync(_)));
            match sync {
                Some(index) if is_answer => drop(open.remove(index)),
                Some(_) => {}
                None if is_answer => continue,
                None => {}
            }
            open.extend(state.step(event, now));
            left |= open.iter().any(|effect| matches!(effect, Effect::Shutdown(_)));
            let syncs = open.iter().filter(|effect| matches!(effect, Effect::Sync(_)));
            prop_assert!(syncs.count() <= 1, "two syncs in flight: {open:?}");
        }
        let runs = |name: &str| open.iter()
            .filter(|effect| matches!(effect, Effect::RunJob(job) if job.as_str() == name))
            .count();
        prop_assert!(runs("a") <= 1 || !single_job, "run twice: {open:?}");
        if !left {
            let took = run_out(&mut state, now, open);
            prop_assert!(took.is_some(), "stuck in {state:?}");
            prop_assert!(took < Some(Duration::from_secs(720)), "{took:?} in {state:?}");
        }
    }
}
