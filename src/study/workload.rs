//! What a study replays: pushes, each of which starts a pipeline of blocks, one after another.

use super::draw::Draw;

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
