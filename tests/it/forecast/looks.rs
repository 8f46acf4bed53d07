//! What a look at running pipelines teaches and lets expect: while it is of now.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::forecast::Forecast;
use dayfly::model::id::{BlockKind, PipelineId};
use dayfly::model::pipeline::{Block, JobProgress, Look, Pipeline, Progress};
use dayfly::model::snapshot::Memory;
use dayfly::model::time::Timestamp;

use super::pools::{policy, pool, seen};
use super::watched::at;

pub fn block(kind: &str, jobs: u32, after: Vec<usize>, progress: Progress) -> Block {
    Block {
        kind: BlockKind::new(kind),
        pool: Some(pool("linux")),
        jobs,
        after,
        progress,
    }
}

/// One pipeline at a moment: a build of one job, and seven tests after it.
fn look(at: Timestamp, id: u64, build: Progress) -> Look {
    let blocks = vec![
        block("Build", 1, vec![], build),
        block("Tests", 7, vec![0], Progress::Waiting),
    ];
    let pipelines = vec![Pipeline {
        id: PipelineId::new(id.to_string()),
        blocks,
    }];
    Look { at, pipelines }
}

/// Boots of 40 s, and twenty builds that took so many seconds. Each was looked at so many seconds
/// before it was taken in.
fn taught(took: u64, age: u64) -> Forecast {
    let mut forecast = seen();
    let nothing = BTreeMap::new();
    for run in 0..20 {
        let now = at(200 + run * 10);
        let took = vec![Duration::from_secs(took)];
        let look = look(at(200 + run * 10 - age), run, Progress::Done { took });
        let (policy, memory) = (policy(&["linux"]), Memory::default());
        forecast.see(&policy, &nothing, None, Some(&look), &memory, now);
    }
    forecast
}

/// How many machines are wanted for next blocks at 1000 s, by a look of some moment at a build that
/// has run for so long.
fn blocks(forecast: &Forecast, looked_at: u64, ran: u64) -> u32 {
    let since = at(1000 - ran);
    let jobs = vec![JobProgress::Running { since }];
    let look = look(at(looked_at), 100, Progress::Running { jobs });
    let mut forecast = forecast.clone();
    let outlooks = forecast.outlooks(&policy(&["linux"]), Some(&look), at(1000));
    outlooks[&pool("linux")].expectation.blocks
}

#[test]
fn machines_are_wanted_for_the_block_behind_one_that_is_nearly_over() {
    let taught = taught(100, 0);
    assert_eq!(blocks(&taught, 1000, 95), 7);
    assert_eq!(blocks(&taught, 1000, 5), 0);
}

#[test]
fn a_look_lets_expect_something_for_a_minute_and_none_of_tomorrow_does() {
    let taught = taught(100, 0);
    let wanted = [939, 940, 1000, 1001].map(|looked_at| blocks(&taught, looked_at, 95));
    assert_eq!(wanted, [0, 7, 7, 0]);
}

#[test]
fn a_look_that_is_older_than_a_minute_teaches_nothing() {
    // Builds of ten minutes are far from over after two. Who knows nothing of them guesses.
    let after_two = |forecast: &Forecast| blocks(forecast, 1000, 120);
    assert_eq!(after_two(&taught(600, 60)), 0);
    assert_eq!(after_two(&taught(600, 61)), after_two(&seen()));
    assert_eq!(after_two(&seen()), 7);
}
