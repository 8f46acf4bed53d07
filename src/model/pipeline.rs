//! Pipelines that run, as far as somebody who may ask the hub can see them.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::id::{BlockKind, PipelineId, PoolName};
use super::time::Timestamp;

/// How often pipelines are looked at. Each look costs the hub some calls, and the end of a block is
/// foreseen half a minute ahead or more.
pub const LOOK_EVERY: Duration = Duration::from_secs(10);

/// What was seen of all running pipelines, and when. A hint: it may be old, and not whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// When the hub was asked.
    pub at: Timestamp,
    /// The pipelines, each once.
    pub pipelines: Vec<Pipeline>,
}

/// One pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Pipeline {
    /// Who it is.
    pub id: PipelineId,
    /// Its blocks in the order of the file. They are known from the moment that it exists.
    pub blocks: Vec<Block>,
}

/// One block of a pipeline.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Block {
    /// By what its runs are compared, and what it is called for people.
    pub kind: BlockKind,
    /// Whose machines run its jobs; `None` while no job of its kind has been seen.
    pub pool: Option<PoolName>,
    /// How many jobs it has.
    pub jobs: u32,
    /// The positions of the blocks that it waits for.
    pub after: Vec<usize>,
    /// How far it is.
    pub progress: Progress,
}

/// How far a block is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "progress")]
pub enum Progress {
    /// It waits for other blocks.
    Waiting,
    /// Its jobs are there, and at least one has not ended.
    Running {
        /// Each of them, as far as it is known.
        jobs: Vec<JobProgress>,
    },
    /// All its jobs have ended.
    Done {
        /// How long those ran of which it is known.
        took: Vec<Duration>,
    },
    /// It will not run: a condition or a failure before it left it out.
    LeftOut,
}

/// How far a job of a running block is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "job")]
pub enum JobProgress {
    /// No agent has it yet.
    Queued,
    /// An agent runs it.
    Running {
        /// Since when, as far as that is known.
        since: Timestamp,
    },
    /// It has ended.
    Done {
        /// How long it ran; `None` where nobody saw it begin.
        took: Option<Duration>,
    },
}

impl Progress {
    /// Whether its jobs have been queued.
    pub fn has_begun(&self) -> bool {
        match self {
            Self::Running { .. } | Self::Done { .. } => true,
            Self::Waiting | Self::LeftOut => false,
        }
    }
}
