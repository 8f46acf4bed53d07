//! What the hub's API would tell of a world's pipelines: their blocks from the beginning, and of
//! their jobs what has happened. Nothing of what is still to come.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use super::draw::Draw;
use super::workload::{Kinds, Push};
use super::world::{Job, World};
use dayfly::model::id::{BlockKind, PipelineId, PoolName};
use dayfly::model::pipeline::{Block, JobProgress, LOOK_EVERY, Look, Pipeline, Progress};
use dayfly::model::time::Timestamp;

/// Looks at a world's pipelines, and knows what their blocks are called.
#[derive(Clone, Debug)]
pub struct Eyes {
    seed: u64,
    kinds: Kinds,
    pool: PoolName,
    /// Of each pipeline that was seen at the last look.
    known: BTreeMap<usize, (PipelineId, Vec<BlockKind>)>,
    /// The last look, which is given until it is time for another.
    last: Option<Arc<Look>>,
}

impl Eyes {
    /// Eyes that have seen nothing.
    pub fn new(seed: u64, kinds: Kinds, pool: PoolName) -> Self {
        Self {
            seed,
            kinds,
            pool,
            known: BTreeMap::new(),
            last: None,
        }
    }

    /// What there is to see, now or a moment ago: the product asks its hub no more often.
    pub fn look(&mut self, world: &World) -> Arc<Look> {
        let now = Timestamp::from_millis(world.now());
        let recent = self.last.as_ref();
        if let Some(last) = recent.filter(|last| now.since(last.at) < LOOK_EVERY) {
            return Arc::clone(last);
        }
        let look = Arc::new(self.look_now(world));
        self.last = Some(Arc::clone(&look));
        look
    }

    fn look_now(&mut self, world: &World) -> Look {
        let known = std::mem::take(&mut self.known);
        let mut look = Look {
            at: Timestamp::from_millis(world.now()),
            pipelines: Vec::new(),
        };
        for number in world.pipelines() {
            let push = world.push_of(number);
            let names = match known.get(&number) {
                Some(names) => names.clone(),
                None => self.names(number, push),
            };
            look.pipelines
                .push(self.pipeline(world, number, push, &names));
            self.known.insert(number, names);
        }
        look
    }

    fn names(&self, number: usize, push: &Push) -> (PipelineId, Vec<BlockKind>) {
        let mut draw = Draw::new(self.seed ^ (number as u64) << 20, 0x4B1D);
        let kinds = push.kinds(self.kinds, &mut draw);
        let kinds = kinds
            .into_iter()
            .map(|kind| BlockKind::new(format!("kind {kind}")));
        (PipelineId::new(number.to_string()), kinds.collect())
    }

    fn pipeline(
        &self,
        world: &World,
        number: usize,
        push: &Push,
        (id, kinds): &(PipelineId, Vec<BlockKind>),
    ) -> Pipeline {
        let blocks = push.blocks.iter().zip(kinds).enumerate();
        let block = |(at, (jobs, kind)): (usize, (&Vec<u64>, &BlockKind))| Block {
            kind: kind.clone(),
            pool: Some(self.pool.clone()),
            jobs: u32::try_from(jobs.len()).unwrap_or(u32::MAX),
            after: at.checked_sub(1).into_iter().collect(),
            progress: world
                .jobs_of(number, at)
                .map_or(Progress::Waiting, |jobs| progress(jobs, world.now())),
        };
        Pipeline {
            id: id.clone(),
            blocks: blocks.map(block).collect(),
        }
    }
}

fn progress(jobs: &[Job], now: u64) -> Progress {
    let took = |job: &Job| {
        let (started, finished) = (job.started_at?, job.finished_at?);
        let took = seen_at(finished, now) - seen_at(started, now);
        // What began and ended between two looks was not seen to run.
        Some(took)
            .filter(|took| 0 < *took)
            .map(Duration::from_millis)
    };
    if jobs.iter().all(|job| job.finished_at.is_some()) {
        let took = jobs.iter().filter_map(took).collect();
        return Progress::Done { took };
    }
    let of = |job: &Job| match (job.started_at, job.finished_at) {
        (_, Some(_)) => JobProgress::Done { took: took(job) },
        (Some(since), None) => JobProgress::Running {
            since: Timestamp::from_millis(seen_at(since, now)),
        },
        (None, None) => JobProgress::Queued,
    };
    Progress::Running {
        jobs: jobs.iter().map(of).collect(),
    }
}

/// The first look that could see what happened at a moment. The hub tells how far jobs are, and not
/// since when, so that the product knows it from its own looks.
fn seen_at(at: u64, now: u64) -> u64 {
    let every = u64::try_from(LOOK_EVERY.as_millis()).unwrap_or(u64::MAX);
    now - (now - at) / every * every
}
