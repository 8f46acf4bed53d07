//! What ran in a pool, as lines of a CSV file: what `dayfly history export` writes and
//! `dayfly-lab simulate` reads.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::hub::wire::public::Job;
use crate::model::id::AgentType;

/// The first line of a file with one job a line.
pub const HEADER: &str = "queued_unix,pipeline,block,duration_seconds";

/// Jobs that have run in one pool, the oldest first. The hub's list does not tell of a job's
/// pipeline or block, so that each is a pipeline of its own here.
#[derive(Clone, Debug, Default)]
pub struct History {
    /// When it was queued, in seconds since 1970, and its id; how many seconds it ran.
    jobs: BTreeMap<(u64, String), u64>,
}

impl History {
    /// Takes a job, if it has run in this pool. One that comes twice counts once.
    pub fn add(&mut self, job: &Job, agent_type: &AgentType) {
        let metadata = &job.metadata;
        let (started, finished) = (
            seconds(&metadata.start_time),
            seconds(&metadata.finish_time),
        );
        if job.spec.agent.machine.machine_type != agent_type.as_str() {
            return;
        }
        // A job that was stopped in the queue never had a machine.
        if let (Some(queued), Some(started), Some(finished)) = (queued_at(job), started, finished) {
            // A comma or a line's end in a name would be a field or a line of its own.
            let id = metadata.id.replace([',', '\n', '\r'], "-");
            self.jobs
                .insert((queued, id), finished.saturating_sub(started));
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.jobs.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty()
    }

    /// The whole file.
    pub fn csv(&self) -> String {
        let mut text = format!("{HEADER}\n");
        for ((queued, id), duration) in &self.jobs {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "{queued},{id},0,{duration}");
        }
        text
    }
}

/// When a job was queued, in seconds since 1970.
pub fn queued_at(job: &Job) -> Option<u64> {
    seconds(&job.metadata.create_time)
}

/// A moment of the hub's: whole seconds as text, and empty or `0` for one that has not come.
fn seconds(text: &str) -> Option<u64> {
    text.parse().ok().filter(|seconds| *seconds != 0)
}
