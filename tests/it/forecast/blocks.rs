//! Blocks that are about to begin: which of them are named, and how many jobs count.

use std::time::Duration;

use dayfly::forecast::durations::Durations;
use dayfly::forecast::pipelines::{Coming, coming, reached};
use dayfly::model::id::{BlockKind, PipelineId};
use dayfly::model::pipeline::{Look, Pipeline, Progress};

use super::looks::block;
use super::pools::pool;
use super::watched::at;

/// What comes after a build that is over, where blocks of so many jobs wait for it.
fn after_a_build(waiting: &[(&str, u32)]) -> Vec<Coming> {
    let build = block("Build", 1, Vec::new(), Progress::Done { took: Vec::new() });
    let waiting = waiting
        .iter()
        .map(|(kind, jobs)| block(kind, *jobs, vec![0], Progress::Waiting));
    let pipeline = Pipeline {
        id: PipelineId::new("p"),
        blocks: [build].into_iter().chain(waiting).collect(),
    };
    let look = Look {
        at: at(0),
        pipelines: vec![pipeline],
    };
    let span = [Duration::from_secs(40)];
    coming(&look, &pool("linux"), &Durations::default(), &span, at(0))
}

fn in_percent(jobs: u32, percent: u64) -> Coming {
    Coming {
        kind: BlockKind::new("Tests"),
        jobs,
        chance: percent * 10_000,
    }
}

#[test]
fn of_blocks_that_begin_together_the_one_with_the_most_jobs_gives_its_name() {
    let named = |waiting: &[(&str, u32)]| {
        let coming = after_a_build(waiting);
        let named = coming.iter().map(|it| (it.kind.to_string(), it.jobs));
        named.collect::<Vec<_>>()
    };
    let blocks = [("Lint", 2), ("Tests", 7), ("Docs", 1)];
    assert_eq!(named(&blocks), [("Tests".to_owned(), 10)]);
    // Of two that bring as many it is the first.
    let blocks = [("Unit", 7), ("System", 7)];
    assert_eq!(named(&blocks), [("Unit".to_owned(), 14)]);
}

#[test]
fn a_thousand_machines_are_kept_ready_at_most_whatever_begins() {
    let two = [in_percent(700, 90), in_percent(700, 90)];
    // Both begin in 81 of a hundred moments.
    assert_eq!(reached(None, &two, 800), 1000);
    assert_eq!(reached(None, &two, 820), 700);
}

#[test]
fn what_never_comes_is_not_kept_ready_however_dear_waiting_is() {
    let never = [in_percent(7, 0)];
    assert_eq!(reached(None, &never, 0), 0);
    let hardly_ever = [in_percent(7, 0), in_percent(3, 1)];
    assert_eq!(reached(None, &hardly_ever, 0), 3);
}
