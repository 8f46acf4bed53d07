//! Feeds a hub with a pipeline: jobs go into the queue when their block's turn has come, and
//! results come back. It looks at changes alone, so it can be called as often as one likes.

use std::time::Duration;

use super::hub::journal::Change;
use super::hub::{BlockRequest, Hub};
use super::pipeline::Run;
use dayfly::model::id::PipelineId;
use dayfly::model::time::Timestamp;

/// A pipeline on its way through a hub.
#[derive(Debug)]
pub struct Feed {
    run: Run,
    execution_time_limit: Duration,
    /// Counted from the first job that starts: a queue without agents is nobody's running time.
    ends_at: Option<Timestamp>,
    is_stopped: bool,
    /// What the hub calls it, once it was shown.
    pipeline: Option<PipelineId>,
}

/// What a pipeline is called, for people.
const NAME: &str = "Pipeline";

impl Feed {
    /// A pipeline that is stopped when its time is over.
    pub fn new(run: Run, execution_time_limit: Duration) -> Self {
        Self {
            run,
            execution_time_limit,
            ends_at: None,
            is_stopped: false,
            pipeline: None,
        }
    }

    /// Takes in what has happened in the hub, queues and stops what that brings about,
    /// and gives the changes on, for whoever shows them.
    pub fn step(&mut self, hub: &mut Hub, now: Timestamp) -> Vec<Change> {
        let changes = hub.drain_changes();
        let pipeline = self.shown(hub, now);
        for change in &changes {
            match change {
                Change::JobStarted { at, .. } => {
                    let ends_at = at.plus(self.execution_time_limit);
                    self.ends_at.get_or_insert(ends_at);
                }
                Change::JobFinished { job, result, .. } => self.run.finished(job, *result),
                Change::AgentRegistered { .. }
                | Change::AgentLeft { .. }
                | Change::JobWaiting { .. }
                | Change::LogGrown { .. }
                | Change::LogClosed { .. } => {}
            }
        }
        if self.deadline().is_some_and(|deadline| deadline <= now) {
            self.is_stopped = true;
            self.run.stop();
        }
        for (key, request) in self.run.ready() {
            let id = hub.enqueue(request, now);
            hub.place_job(&pipeline, key.block, key.job, id.clone());
            self.run.submitted(key, id);
        }
        for block in 0..self.run.blocks().len() {
            if self.run.is_left_out(block) {
                hub.leave_out(&pipeline, block);
            }
        }
        for job in self.run.to_stop() {
            hub.stop_job(&job, now);
        }
        changes
    }

    /// The pipeline as the hub shows it.
    fn shown(&mut self, hub: &mut Hub, now: Timestamp) -> PipelineId {
        let show = || {
            let blocks = self.run.blocks().iter().map(|block| BlockRequest {
                name: block.name.clone(),
                jobs: block.jobs.iter().map(|job| job.name.clone()).collect(),
                dependencies: block.dependencies.clone(),
            });
            hub.open_pipeline(NAME, blocks.collect(), now)
        };
        self.pipeline.get_or_insert_with(show).clone()
    }

    /// When [`Feed::step`] has something to do although nothing has happened.
    pub fn deadline(&self) -> Option<Timestamp> {
        self.ends_at
            .filter(|_| !self.is_stopped && !self.run.is_done())
    }

    /// The pipeline itself.
    pub fn run(&self) -> &Run {
        &self.run
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::emulator::hub::settings::{HubSettings, Limits};
    use crate::emulator::pipeline::{JobState, RunIds, builtin, expand};
    use dayfly::model::id::AgentType;

    #[test]
    fn a_queue_that_nobody_serves_uses_up_no_running_time() {
        let ids = RunIds {
            organization: "o".into(),
            workflow: "w".into(),
            pipeline: "p".into(),
        };
        let mut hub = Hub::new(HubSettings {
            limits: Limits::default(),
            ..HubSettings::default()
        });
        let start = Timestamp::from_seconds(1_790_000_000);
        hub.create_agent_type(AgentType::new("s1-demo"), start)
            .expect("a good name");
        let hour = Duration::from_secs(3600);
        let mut feed = Feed::new(Run::new(expand(&builtin(), &ids)), hour);
        feed.step(&mut hub, start);
        feed.step(&mut hub, start.plus(hour * 5));
        assert_eq!(feed.deadline(), None);
        let is_queued = |state: &JobState| matches!(state, JobState::Submitted(_));
        assert_eq!(
            feed.run()
                .jobs()
                .filter(|(_, _, state)| is_queued(state))
                .count(),
            2
        );
    }
}
