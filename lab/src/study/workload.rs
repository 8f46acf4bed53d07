//! What a study replays: pushes, each of which starts a pipeline of blocks, one after another.

use super::draw::Draw;
use super::law::Law;

/// A week, in milliseconds.
pub const WEEK: u64 = 7 * DAY;
/// A day, in milliseconds.
pub const DAY: u64 = 86_400_000;

/// Pushes over some weeks, in the order of their time.
#[derive(Clone, Debug, Default)]
pub struct Workload {
    /// What it is called.
    pub name: String,
    /// The pushes.
    pub pushes: Vec<Push>,
    /// The first moment that is scored, in milliseconds since the epoch.
    pub scored_from: u64,
    /// The end of arrivals.
    pub until: u64,
    /// The law of its pushes, if somebody knows it: of recorded ones nobody does.
    pub law: Option<Law>,
}

/// One pipeline.
#[derive(Clone, Debug)]
pub struct Push {
    /// When its first block's jobs are queued, in milliseconds since the epoch.
    pub at: u64,
    /// How long each job of each block runs, in milliseconds. A block's jobs are queued when
    /// the block before has ended.
    pub blocks: Vec<Vec<u64>>,
}

impl Push {
    /// Which of so many kinds each block is. The blocks of a made-up workload are drawn one by
    /// one, as if none ever ran twice; here each is said to be a run of the kind that it is likely
    /// to be one of, if there were kinds with medians around `median`, whose runs differ from them
    /// by a third of what blocks differ by in all. Medians and jobs stay as they were drawn.
    pub fn kinds(&self, kinds: Kinds, draw: &mut Draw) -> Vec<usize> {
        self.blocks
            .iter()
            .map(|jobs| kinds.of(jobs, draw))
            .collect()
    }
}

/// By what the runs of blocks are told apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kinds {
    /// By nothing: what a block is called tells nothing of how long it runs.
    Alike,
    /// A block runs about as long as others that are called the same, within 30 %.
    Steady,
}

/// Each of them by its name.
pub const KINDS: [(&str, Kinds); 2] = [("steady", Kinds::Steady), ("alike", Kinds::Alike)];

/// The medians of the kinds, in seconds: those of a log-normal law around 155 s with a sigma of
/// 0.58, at 1/24, 3/24, … 23/24. With runs that differ by a sigma of 0.30 these are the blocks of
/// the made-up workloads, whose medians have a sigma of 0.65.
const MEDIANS: [f64; 12] = [
    57.1, 79.8, 97.0, 113.0, 129.0, 145.9, 164.6, 186.3, 212.7, 247.6, 300.9, 420.7,
];
/// The spread of a kind's runs.
const RUNS_SIGMA: f64 = 0.3;

impl Kinds {
    fn of(self, jobs: &[u64], draw: &mut Draw) -> usize {
        let mut sorted = jobs.to_vec();
        sorted.sort_unstable();
        let median = sorted.get(sorted.len() / 2).copied().unwrap_or(1);
        let weight = |kind: &f64| {
            let away = (super::draw::seconds(median) / kind).ln() / RUNS_SIGMA;
            (-away * away / 2.0).exp()
        };
        let mut left = draw.unit() * MEDIANS.iter().map(weight).sum::<f64>();
        match self {
            Self::Alike => 0,
            Self::Steady => {
                let mut kinds = MEDIANS.iter().enumerate();
                let found = kinds.find(|(_, kind)| {
                    left -= weight(kind);
                    left < 0.0
                });
                // One that is far from all of them is a run of the nearest end.
                let farthest = if median < 155_000 {
                    0
                } else {
                    MEDIANS.len() - 1
                };
                found.map_or(farthest, |(kind, _)| kind)
            }
        }
    }
}

impl Workload {
    /// The jobs that are scored: those of pushes from `scored_from` on.
    pub fn scored_jobs(&self) -> impl Iterator<Item = u64> + '_ {
        let scored = self
            .pushes
            .iter()
            .filter(|push| self.scored_from <= push.at);
        scored.flat_map(|push| push.blocks.iter().flatten().copied())
    }

    /// The same without most of its history, for a policy that learns nothing from it.
    #[must_use]
    pub fn without_history(&self) -> Self {
        let from = self.scored_from.saturating_sub(DAY);
        let pushes = self.pushes.iter().filter(|push| from <= push.at);
        Self {
            pushes: pushes.cloned().collect(),
            ..self.clone()
        }
    }
}

/// A build's total in milliseconds, spread over its jobs by a log-normal law of sigma 0.5.
pub fn spread(total: u64, jobs: u32, draw: &mut Draw) -> Vec<u64> {
    let weights: Vec<f64> = (0..jobs).map(|_| draw.log_normal(1.0, 0.5)).collect();
    let sum: f64 = weights.iter().sum();
    let of = |weight: f64| super::draw::milliseconds(super::draw::seconds(total) * weight / sum);
    weights
        .into_iter()
        .map(|weight| of(weight).max(1000))
        .collect()
}
