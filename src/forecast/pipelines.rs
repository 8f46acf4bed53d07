//! Which blocks of running pipelines are about to bring jobs, and how many machines are worth
//! keeping ready for them and for jobs that nobody sees coming.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use super::durations::Durations;
use super::histogram::Histogram;
use super::lognormal::CERTAIN;
use crate::model::id::{BlockKind, PipelineId, PoolName};
use crate::model::pipeline::{Block, Look, Pipeline, Progress};
use crate::model::time::Timestamp;

/// Jobs are told apart up to this number; more machines are not kept ready by what is seen here.
const JOBS_MAX: usize = 1000;
/// A block that is less likely than one in a hundred is not worth a thought.
const LEAST: u64 = CERTAIN / 100;

/// Blocks that begin together, if they begin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Coming {
    /// The one with the most jobs.
    pub kind: BlockKind,
    /// The jobs of all of them.
    pub jobs: u32,
    /// The chance that they begin while a machine boots.
    pub chance: u64,
}

/// What of the pipelines was taken in already. It concerns those that are still seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Seen {
    looked_at: Option<Timestamp>,
    pipelines: BTreeSet<PipelineId>,
    begun: BTreeSet<(PipelineId, usize)>,
    over: BTreeSet<(PipelineId, usize)>,
}

impl Seen {
    /// Learns from blocks that are over, and counts the jobs of those that began after others
    /// since the last look, by pool. A look that was taken in already teaches nothing.
    pub fn take_in(&mut self, look: &Look, durations: &mut Durations) -> BTreeMap<PoolName, u32> {
        let mut later = BTreeMap::new();
        if self.looked_at.is_some_and(|at| look.at <= at) {
            return later;
        }
        self.looked_at = Some(look.at);
        let ids: BTreeSet<PipelineId> = look.pipelines.iter().map(|it| it.id.clone()).collect();
        self.begun.retain(|(id, _)| ids.contains(id));
        self.over.retain(|(id, _)| ids.contains(id));
        for pipeline in &look.pipelines {
            for (at, block) in pipeline.blocks.iter().enumerate() {
                self.take_in_block(pipeline, at, block, look.at, durations, &mut later);
            }
        }
        self.pipelines = ids;
        later
    }

    fn take_in_block(
        &mut self,
        pipeline: &Pipeline,
        at: usize,
        block: &Block,
        now: Timestamp,
        durations: &mut Durations,
        later: &mut BTreeMap<PoolName, u32>,
    ) {
        let key = || (pipeline.id.clone(), at);
        if block.progress.has_begun() && self.begun.insert(key()) {
            // Of a pipeline that is seen for the first time nobody knows when its blocks began.
            let is_known = self.pipelines.contains(&pipeline.id);
            if let Some(pool) = block
                .pool
                .as_ref()
                .filter(|_| is_known && !block.after.is_empty())
            {
                let jobs: &mut u32 = later.entry(pool.clone()).or_default();
                *jobs = jobs.saturating_add(block.jobs);
            }
        }
        match &block.progress {
            Progress::Waiting | Progress::Running { .. } => {}
            Progress::Done { took } => {
                if self.over.insert(key()) {
                    durations.learn(&block.kind, took, now);
                }
            }
            Progress::LeftOut => {
                if self.over.insert(key()) {
                    durations.left_out(&block.kind);
                }
            }
        }
    }
}

/// The blocks of a pool that may begin within one of these spans, each as likely as the others.
pub fn coming(
    look: &Look,
    pool: &PoolName,
    durations: &Durations,
    spans: &[Duration],
    now: Timestamp,
) -> Vec<Coming> {
    let mut all = Vec::new();
    for pipeline in &look.pipelines {
        // Blocks that wait for the same ones begin at the same moment.
        let mut together: BTreeMap<&[usize], (Coming, u32)> = BTreeMap::new();
        for block in next_blocks(pipeline, pool) {
            let coming = || Coming {
                kind: block.kind.clone(),
                jobs: 0,
                chance: chance(pipeline, block, durations, spans, now),
            };
            let (coming, most) = together
                .entry(&block.after)
                .or_insert_with(|| (coming(), 0));
            coming.jobs = coming.jobs.saturating_add(block.jobs);
            if *most < block.jobs {
                *most = block.jobs;
                coming.kind = block.kind.clone();
            }
        }
        let likely = together.into_values().map(|(coming, _)| coming);
        all.extend(likely.filter(|coming| LEAST <= coming.chance));
    }
    all
}

/// Blocks of that pool that wait for nothing but blocks that run or are over.
fn next_blocks<'a>(pipeline: &'a Pipeline, pool: &'a PoolName) -> impl Iterator<Item = &'a Block> {
    let has_begun = |at: &usize| {
        let block = pipeline.blocks.get(*at);
        block.is_some_and(|block| block.progress.has_begun())
    };
    pipeline.blocks.iter().filter(move |block| {
        block.progress == Progress::Waiting
            && block.pool.as_ref() == Some(pool)
            && block.after.iter().all(has_begun)
    })
}

/// That all blocks before this one are over, and that it is not left out.
fn chance(
    pipeline: &Pipeline,
    block: &Block,
    durations: &Durations,
    spans: &[Duration],
    now: Timestamp,
) -> u64 {
    let before = block.after.iter().filter_map(|at| pipeline.blocks.get(*at));
    before.fold(durations.kept(&block.kind), |chance, before| {
        let over = match &before.progress {
            Progress::Running { jobs } => durations.over_within(&before.kind, jobs, spans, now),
            Progress::Done { .. } => CERTAIN,
            Progress::Waiting | Progress::LeftOut => 0,
        };
        chance * over / CERTAIN
    })
}

/// The largest number of jobs that comes with at least that chance, in thousandths: those of the
/// blocks, and beside them as many as such moments have brought.
pub fn reached(fresh: Option<&Histogram>, coming: &[Coming], permille: u64) -> u32 {
    let mut chances = fresh.map_or_else(|| vec![CERTAIN], |it| it.chances(CERTAIN));
    for block in coming {
        let jobs = usize::try_from(block.jobs)
            .unwrap_or(JOBS_MAX)
            .min(JOBS_MAX);
        let length = (chances.len() + jobs).min(JOBS_MAX + 1);
        let mut sums = vec![0; length];
        for (count, chance) in chances.iter().enumerate() {
            let with = chance * block.chance / CERTAIN;
            sums[count] += chance - with;
            sums[(count + jobs).min(length - 1)] += with;
        }
        chances = sums;
    }
    let mut tail = 0;
    for (count, chance) in chances.iter().enumerate().skip(1).rev() {
        tail += chance;
        if permille * CERTAIN <= tail * 1000 && 0 < tail {
            return u32::try_from(count).unwrap_or(u32::MAX);
        }
    }
    0
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::pipeline::JobProgress;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(seconds: u64) -> Timestamp {
        Timestamp::from_seconds(1_790_000_000 + seconds)
    }

    fn linux() -> PoolName {
        PoolName::new("linux")
    }

    fn block(name: &str, jobs: u32, after: &[usize], progress: Progress) -> Block {
        Block {
            kind: BlockKind::new(name),
            pool: Some(linux()),
            jobs,
            after: after.to_vec(),
            progress,
        }
    }

    fn running(since: u64) -> Progress {
        Progress::Running {
            jobs: vec![JobProgress::Running { since: at(since) }],
        }
    }

    fn done() -> Progress {
        Progress::Done {
            took: vec![SECOND * 100],
        }
    }

    fn look(seconds: u64, blocks: Vec<Block>) -> Look {
        Look {
            at: at(seconds),
            pipelines: vec![Pipeline {
                id: PipelineId::new("p"),
                blocks,
            }],
        }
    }

    /// Blocks called "Build" take a hundred seconds.
    fn durations() -> Durations {
        let mut durations = Durations::default();
        let build = BlockKind::new("Build");
        (0..40).for_each(|_| durations.learn(&build, &[SECOND * 100; 2], at(0)));
        durations
    }

    fn coming_at(seconds: u64, blocks: Vec<Block>) -> Vec<(u32, bool)> {
        let spans = [SECOND * 30, SECOND * 50];
        let found = coming(
            &look(0, blocks),
            &linux(),
            &durations(),
            &spans,
            at(seconds),
        );
        let is_likely = |coming: &Coming| CERTAIN / 2 < coming.chance;
        found.iter().map(|it| (it.jobs, is_likely(it))).collect()
    }

    fn site() -> Vec<Block> {
        vec![
            block("Build", 1, &[], running(0)),
            block("Tests", 7, &[0], Progress::Waiting),
            block("Lint", 2, &[0], Progress::Waiting),
            block("Deploy", 1, &[1, 2], Progress::Waiting),
        ]
    }

    #[test]
    fn blocks_that_wait_for_the_same_begin_together_when_it_is_about_to_be_over() {
        assert_eq!(coming_at(10, site()), []);
        assert_eq!(coming_at(90, site()), [(9, true)]);
    }

    #[test]
    fn a_block_of_another_pool_or_of_none_that_is_known_is_not_counted() {
        let mut blocks = site();
        blocks[1].pool = None;
        blocks[2].pool = Some(PoolName::new("windows"));
        assert_eq!(coming_at(90, blocks), []);
    }

    #[test]
    fn what_waits_for_a_block_that_is_left_out_does_not_come() {
        let mut blocks = site();
        blocks[0].progress = Progress::LeftOut;
        assert_eq!(coming_at(90, blocks), []);
    }

    #[test]
    fn jobs_of_later_blocks_are_counted_once_and_those_of_first_blocks_never() {
        let (mut seen, mut durations) = (Seen::default(), durations());
        let mut later = |look: &Look| seen.take_in(look, &mut durations).get(&linux()).copied();
        let mut blocks = site();
        assert_eq!(
            later(&look(0, blocks.clone())),
            None,
            "the first block is no later one"
        );
        blocks[0].progress = done();
        blocks[1].progress = running(100);
        assert_eq!(later(&look(100, blocks.clone())), Some(7));
        assert_eq!(later(&look(100, blocks.clone())), None, "the same look");
        assert_eq!(
            later(&look(110, blocks.clone())),
            None,
            "it has begun before"
        );
        blocks[2].progress = running(115);
        assert_eq!(later(&look(120, blocks)), Some(2));
    }

    #[test]
    fn of_a_pipeline_that_is_seen_late_nobody_knows_when_its_blocks_began() {
        let (mut seen, mut durations) = (Seen::default(), Durations::default());
        let mut blocks = site();
        blocks[1].progress = running(0);
        assert!(seen.take_in(&look(0, blocks), &mut durations).is_empty());
    }

    #[test]
    fn a_run_teaches_once() {
        let (mut seen, mut durations) = (Seen::default(), Durations::default());
        let mut blocks = site();
        blocks[0].progress = done();
        seen.take_in(&look(0, blocks.clone()), &mut durations);
        let once = durations.clone();
        assert_ne!(once, Durations::default());
        seen.take_in(&look(10, blocks), &mut durations);
        assert_eq!(durations, once);
    }

    #[test]
    fn the_sum_of_all_chances_decides_how_many_pay() {
        let of = |jobs, chance| Coming {
            kind: BlockKind::new("Tests"),
            jobs,
            chance: chance * CERTAIN / 100,
        };
        let reached = |coming: &[Coming]| reached(None, coming, 200);
        assert_eq!(reached(&[]), 0);
        assert_eq!(reached(&[of(7, 21)]), 7);
        assert_eq!(reached(&[of(7, 19)]), 0);
        // One of them begins in 1 - 0.81 and both in 0.01 of all moments; with three it is 0.271.
        assert_eq!(reached(&[of(7, 10), of(7, 10)]), 0);
        assert_eq!(reached(&[of(7, 10), of(7, 10), of(7, 10)]), 7);
        assert_eq!(reached(&[of(2000, 90)]), 1000);
    }

    #[test]
    fn jobs_that_nobody_sees_coming_are_added_to_those_of_blocks() {
        let mut fresh = Histogram::default();
        fresh.add(0, 700);
        fresh.add(3, 300);
        let block = Coming {
            kind: BlockKind::new("Tests"),
            jobs: 7,
            chance: CERTAIN * 9 / 10,
        };
        // Ten in 0.27, seven or more in 0.9.
        let block = [block];
        assert_eq!(reached(Some(&fresh), &block, 250), 10);
        assert_eq!(reached(Some(&fresh), &block, 300), 7);
    }
}
