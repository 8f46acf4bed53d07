//! Jobs are queued once, after what they depend on has passed, and every run ends.

use std::collections::BTreeMap;

use dayfly::hub::wire::agent::JobResult::{self, Failed, Passed, Stopped};
use dayfly::model::id::JobId;
use dayfly_lab::emulator::pipeline::{Block, Expansion, FailFast, JobKey, JobState, Outcome, Run};
use proptest::prelude::*;

use super::expanded;

/// A run whose jobs are called by their names.
struct Scene {
    run: Run,
}

impl Scene {
    /// Blocks of `(dependencies, jobs)`; the jobs are `a0`, `a1`, `b0` and so on.
    fn new(fail_fast: &str, blocks: &[(&str, usize)]) -> Self {
        let mut text = format!("{fail_fast}\nblocks:\n");
        for (at, (dependencies, count)) in blocks.iter().enumerate() {
            let letter = letter(at);
            let job = |job| format!("{{name: {letter}{job}, commands: [a]}}");
            let jobs: Vec<String> = (0..*count).map(job).collect();
            let jobs = jobs.join(", ");
            text.push_str(&format!(
                "  - {{name: {letter}, dependencies: [{dependencies}], task: {{jobs: [{jobs}]}}}}\n"
            ));
        }
        text.push_str("after_pipeline: {task: {jobs: [{name: after, commands: [a]}]}}\n");
        Self {
            run: Run::new(expanded(&text)),
        }
    }

    /// Queues what is ready, each job under its name.
    fn queue(&mut self) -> String {
        let mut names = Vec::new();
        for (key, request) in self.run.ready() {
            self.run.submitted(key, JobId::new(request.name.clone()));
            names.push(request.name);
        }
        names.join(" ")
    }

    fn finish(&mut self, name: &str, result: JobResult) {
        self.run.finished(&JobId::new(name), result);
    }

    fn canceled(&self) -> String {
        let canceled = self
            .run
            .jobs()
            .filter(|(_, _, state)| **state == JobState::Canceled);
        let names: Vec<&str> = canceled
            .map(|(_, request, _)| request.name.as_str())
            .collect();
        names.join(" ")
    }

    fn stops(&mut self) -> String {
        let ids = self.run.to_stop();
        ids.iter().map(JobId::as_str).collect::<Vec<_>>().join(" ")
    }
}

fn letter(at: usize) -> char {
    char::from(b'a' + u8::try_from(at).expect("few blocks"))
}

const DIAMOND: [(&str, usize); 4] = [("", 2), ("a", 1), ("a", 1), ("b, c", 1)];

#[test]
fn a_block_waits_for_every_job_of_the_blocks_before_it() {
    let mut scene = Scene::new("", &DIAMOND);
    assert_eq!(scene.queue(), "a0 a1");
    assert_eq!(scene.queue(), "");
    scene.finish("a0", Passed);
    assert_eq!(scene.queue(), "");
    scene.finish("a1", Passed);
    assert_eq!(scene.queue(), "b0 c0");
    scene.finish("c0", Passed);
    scene.finish("b0", Passed);
    assert_eq!(scene.queue(), "d0");
    scene.finish("d0", Passed);
    assert_eq!(scene.run.outcome(), None);
    assert_eq!(scene.queue(), "after");
    scene.finish("after", Failed);
    assert!(scene.run.is_done());
    assert_eq!(scene.run.outcome(), Some(Outcome::Passed));
}

#[test]
fn dependants_of_a_failed_block_are_canceled_and_others_go_on() {
    let mut scene = Scene::new("", &[("", 1), ("a", 1), ("b", 1), ("", 1), ("d", 1)]);
    assert_eq!(scene.queue(), "a0 d0");
    scene.finish("a0", Failed);
    assert_eq!(scene.canceled(), "b0 c0");
    scene.finish("d0", Passed);
    assert_eq!(scene.queue(), "e0");
    assert_eq!(scene.stops(), "");
    scene.finish("e0", Stopped);
    assert_eq!(scene.queue(), "after");
    scene.finish("after", Passed);
    assert_eq!(scene.run.outcome(), Some(Outcome::Failed));
}

#[test]
fn fail_fast_stop_stops_what_was_queued_once_and_cancels_the_rest() {
    let mut scene = Scene::new("fail_fast: {stop: {when: 'true'}}", &[("", 3), ("a", 1)]);
    assert_eq!(scene.queue(), "a0 a1 a2");
    scene.finish("a1", Failed);
    assert_eq!(scene.canceled(), "b0");
    assert_eq!(scene.stops(), "a0 a2");
    assert_eq!(scene.stops(), "");
    assert_eq!(scene.queue(), "");
    scene.finish("a0", Stopped);
    scene.finish("a2", Passed);
    assert_eq!(scene.queue(), "after");
    assert_eq!(scene.stops(), "");
}

#[test]
fn a_job_that_was_given_out_before_the_stop_is_stopped_once_it_has_an_id() {
    let mut scene = Scene::new("fail_fast: {stop: {when: true}}", &[("", 2)]);
    let ready = scene.run.ready();
    scene.run.submitted(ready[0].0, JobId::new("a0"));
    scene.finish("a0", Failed);
    assert_eq!(scene.stops(), "");
    scene.run.submitted(ready[1].0, JobId::new("a1"));
    assert_eq!(scene.stops(), "a1");
}

#[test]
fn fail_fast_cancel_cancels_what_waits_and_lets_the_queued_go_on() {
    let blocks = [("", 2), ("", 1), ("b", 1)];
    let mut scene = Scene::new("fail_fast: {cancel: {when: 'true'}}", &blocks);
    assert_eq!(scene.queue(), "a0 a1 b0");
    scene.finish("a0", Failed);
    assert_eq!(scene.canceled(), "c0");
    assert_eq!(scene.stops(), "");
    scene.finish("a1", Passed);
    scene.finish("b0", Passed);
    assert_eq!(scene.queue(), "after");
}

#[test]
fn a_pipeline_that_takes_too_long_is_stopped_and_after_pipeline_still_runs() {
    let mut scene = Scene::new("", &[("", 1), ("a", 1)]);
    scene.queue();
    scene.run.stop();
    assert_eq!(scene.canceled(), "b0");
    assert_eq!(scene.stops(), "a0");
    scene.finish("a0", Stopped);
    let after = scene.run.ready();
    let told = after[0].1.env_vars.last().expect("a variable");
    assert_eq!(told.name, "SEMAPHORE_PIPELINE_RESULT");
    assert_eq!(told.value, "c3RvcHBlZA==");
    assert_eq!(scene.run.outcome(), None);
}

#[test]
fn a_result_that_comes_twice_or_for_nobody_changes_nothing() {
    let mut scene = Scene::new("", &[("", 1), ("a", 1)]);
    scene.queue();
    scene.finish("nobody", Failed);
    scene.finish("a0", Passed);
    scene.finish("a0", Failed);
    assert_eq!(scene.queue(), "b0");
}

/// Blocks whose dependencies lie before them, so that there is no cycle.
fn expansions() -> impl Strategy<Value = Expansion> {
    let block = (
        1_usize..4,
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
    );
    let fail_fast = prop_oneof![
        Just(FailFast::Dependants),
        Just(FailFast::Cancel),
        Just(FailFast::Stop)
    ];
    (prop::collection::vec(block, 1..7), fail_fast, any::<bool>()).prop_map(
        |(blocks, fail_fast, has_after)| {
            let template = expanded("blocks: [{task: {jobs: [{name: j, commands: [a]}]}}]");
            let request = template.blocks[0].jobs[0].clone();
            let block = |(at, (jobs, picks)): (usize, (usize, Vec<prop::sample::Index>))| Block {
                name: format!("b{at}"),
                dependencies: picks
                    .iter()
                    .filter(|_| at > 0)
                    .map(|p| p.index(at))
                    .collect(),
                jobs: vec![request.clone(); jobs],
            };
            let after = Block {
                name: "after".to_owned(),
                dependencies: Vec::new(),
                jobs: vec![request.clone()],
            };
            Expansion {
                blocks: blocks.into_iter().enumerate().map(block).collect(),
                after_pipeline: has_after.then_some(after),
                fail_fast,
            }
        },
    )
}

proptest! {
    #[test]
    fn every_run_ends_with_each_job_queued_at_most_once_and_after_its_dependencies(
        expansion in expansions(),
        choices in prop::collection::vec((any::<prop::sample::Index>(), 0_u8..6), 64),
    ) {
        let dependencies: Vec<Vec<usize>> =
            expansion.blocks.iter().map(|block| block.dependencies.clone()).collect();
        let sizes: Vec<usize> = expansion.blocks.iter().map(|block| block.jobs.len()).collect();
        let mut run = Run::new(expansion);
        let mut queued: BTreeMap<JobKey, Option<JobResult>> = BTreeMap::new();
        let mut choices = choices.into_iter().cycle();
        let passed = |queued: &BTreeMap<JobKey, Option<JobResult>>, block: usize| {
            (0..sizes[block]).all(|job| queued.get(&JobKey { block, job }) == Some(&Some(Passed)))
        };
        while !run.is_done() {
            for (key, _) in run.ready() {
                for other in dependencies.get(key.block).into_iter().flatten() {
                    prop_assert!(passed(&queued, *other), "{key:?} was queued before block {other} passed");
                }
                prop_assert_eq!(queued.insert(key, None), None, "queued twice");
                run.submitted(key, JobId::new(format!("{key:?}")));
            }
            let open: Vec<JobKey> =
                queued.iter().filter(|(_, result)| result.is_none()).map(|(key, _)| *key).collect();
            prop_assert!(!open.is_empty(), "not done, and nothing to wait for");
            let (pick, result) = choices.next().expect("an endless cycle");
            let key = *pick.get(&open);
            let result = match result {
                0 => Failed,
                1 => Stopped,
                _ => Passed,
            };
            queued.insert(key, Some(result));
            run.finished(&JobId::new(format!("{key:?}")), result);
        }
        prop_assert!(run.ready().is_empty());
        prop_assert!(run.outcome().is_some());
    }
}
