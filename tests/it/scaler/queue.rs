//! How long the oldest job has been seen to wait: never more than it did, and never less than
//! what was seen.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dayfly::model::id::JobId;
use dayfly::model::job::QueueCounts;
use dayfly::model::snapshot::{Memory, PoolView};
use dayfly::model::time::Timestamp;
use dayfly::scaler::queue::{age, see};
use proptest::prelude::*;

use super::doubles::World;
use crate::plan::world::{now, pool};

fn after(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

fn view(jobs: &[u32], queued: u32) -> PoolView {
    let counts = QueueCounts {
        queued,
        ..QueueCounts::default()
    };
    let jobs = jobs.iter().map(|job| JobId::new(format!("job-{job}")));
    PoolView {
        counts: Some(counts),
        jobs: Some(jobs.collect()),
        agents: None,
    }
}

/// What a look at that second gives, in seconds.
fn look(memory: &mut Memory, view: &PoolView, second: u64) -> Option<u64> {
    let pools = BTreeMap::from([(pool("linux"), view.clone())]);
    see(memory, &pools, after(second));
    age(view, &pool("linux"), memory, after(second)).map(|age| age.as_secs())
}

#[test]
fn the_oldest_job_counts_and_a_job_that_left_does_not() {
    let mut memory = Memory::default();
    let looks = [
        (view(&[1], 1), 0, 0),
        (view(&[1, 2], 2), 10, 10),
        (view(&[1, 2], 2), 25, 25),
        (view(&[2], 1), 30, 20),
        (view(&[], 0), 40, 0),
        (view(&[3], 1), 50, 0),
    ];
    for (view, second, expected) in looks {
        assert_eq!(look(&mut memory, &view, second), Some(expected));
    }
}

#[test]
fn a_job_that_no_agent_could_take_yet_does_not_wait() {
    let mut memory = Memory::default();
    assert_eq!(look(&mut memory, &view(&[1], 0), 0), Some(0));
    assert_eq!(look(&mut memory, &view(&[1], 1), 60), Some(0));
    assert_eq!(look(&mut memory, &view(&[1], 1), 90), Some(30));
}

#[test]
fn a_silence_is_no_number_and_forgets_nothing() {
    let mut memory = Memory::default();
    look(&mut memory, &view(&[1], 1), 0);
    let without_counts = PoolView {
        counts: None,
        ..view(&[1], 1)
    };
    let without_jobs = PoolView {
        jobs: None,
        ..view(&[1], 1)
    };
    assert_eq!(look(&mut memory, &without_counts, 10), None);
    assert_eq!(look(&mut memory, &without_jobs, 20), None);
    assert_eq!(look(&mut memory, &view(&[1], 1), 30), Some(30));
    see(&mut memory, &BTreeMap::new(), after(40));
    assert!(
        memory.waiting.is_empty(),
        "a pool that is gone is forgotten"
    );
}

#[tokio::test]
async fn a_scaler_remembers_from_tick_to_tick() {
    let world = World::default();
    world.queued.set(2);
    let mut scaler = world.scaler(0);
    scaler.tick().await;
    world.elapsed_seconds.set(900);
    let tick = scaler.tick().await;
    let lines = dayfly::scaler::metrics::lines(&tick, &dayfly::model::id::Deployment::new("ci"));
    assert!(lines[0].contains(r#""QueueAgeSeconds":900"#), "{lines:?}");
}

/// What becomes of the queue before one look: jobs that come, jobs that are taken from its head,
/// the seconds that pass, and whether the hub answers.
fn step() -> impl Strategy<Value = (u32, u32, u64, bool)> {
    (0_u32..4, 0_u32..4, 0_u64..100, prop::bool::weighted(0.8))
}

proptest! {
    /// Against a queue that knows when each job came: never older than it is, and never younger
    /// than the time since the first look that saw it.
    #[test]
    fn the_age_is_a_lower_bound_that_grows_with_every_look(steps in prop::collection::vec(step(), 1..60)) {
        let mut memory = Memory::default();
        let (mut second, mut next, mut queue) = (0, 0, Vec::<(u32, u64)>::new());
        let mut seen = BTreeMap::<u32, u64>::new();
        for (come, taken, pause, answers) in steps {
            queue.drain(..(taken as usize).min(queue.len()));
            queue.extend((next..next + come).map(|job| (job, second)));
            next += come;
            second += pause;
            let jobs: Vec<u32> = queue.iter().map(|(job, _)| *job).collect();
            let mut view = view(&jobs, u32::try_from(jobs.len()).expect("few"));
            if !answers {
                view.jobs = None;
            }
            let age = look(&mut memory, &view, second);
            prop_assert_eq!(age.is_some(), answers);
            let Some(age) = age else { continue };
            let listed: BTreeSet<u32> = jobs.iter().copied().collect();
            seen.retain(|job, _| listed.contains(job));
            for job in &jobs {
                seen.entry(*job).or_insert(second);
            }
            let (waited, watched) = match queue.first() {
                Some((job, came)) => (second - came, second - seen[job]),
                None => (0, 0),
            };
            prop_assert!(watched <= age && age <= waited, "{watched} <= {age} <= {waited}");
        }
    }
}
