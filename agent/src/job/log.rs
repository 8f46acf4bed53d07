//! The one writer of a job's log. Its shape makes the grammar of protocol.md 6.1 hold:
//! `job_started (cmd_started cmd_output* cmd_finished)* job_finished`.

use tokio::sync::mpsc;

use dayfly::hub::wire::agent::JobResult;
use dayfly::hub::wire::log::LogEvent;
use dayfly::model::time::Timestamp;
use dayfly::ports::Clock;

/// A log that has been opened, between two steps.
#[derive(Debug)]
pub(super) struct Log<'a, C> {
    events: &'a mpsc::Sender<LogEvent>,
    clock: &'a C,
}

/// One step of the log, between its `cmd_started` and its `cmd_finished`.
#[derive(Debug)]
pub(super) struct Step<'a, 'l, C> {
    log: &'l mut Log<'a, C>,
    directive: String,
    started_at: u64,
}

impl<'a, C: Clock> Log<'a, C> {
    /// Opens the log.
    pub(super) async fn open(events: &'a mpsc::Sender<LogEvent>, clock: &'a C) -> Self {
        let log = Self { events, clock };
        let timestamp = log.now().as_seconds();
        log.send(LogEvent::JobStarted { timestamp }).await;
        log
    }

    /// Begins a step under a title.
    pub(super) async fn step(&mut self, directive: &str) -> Step<'a, '_, C> {
        let started_at = self.now().as_seconds();
        let directive = String::from(directive);
        self.send(LogEvent::CmdStarted {
            timestamp: started_at,
            directive: directive.clone(),
        })
        .await;
        Step {
            log: self,
            directive,
            started_at,
        }
    }

    /// Closes the log.
    pub(super) async fn close(self, result: JobResult) {
        let timestamp = self.now().as_seconds();
        self.send(LogEvent::JobFinished { timestamp, result }).await;
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    async fn send(&self, event: LogEvent) {
        // Nobody listens any more: the job goes on, and its result is still reported.
        let _ = self.events.send(event).await;
    }
}

impl<C: Clock> Step<'_, '_, C> {
    /// The present moment.
    pub(super) fn now(&self) -> Timestamp {
        self.log.now()
    }

    /// Adds output.
    pub(super) async fn say(&mut self, text: impl Into<String>) {
        let timestamp = self.log.now().as_seconds();
        let output = text.into();
        self.log
            .send(LogEvent::CmdOutput { timestamp, output })
            .await;
    }

    /// Ends the step.
    pub(super) async fn finish(self, exit_code: i32) {
        let finished_at = self.log.now().as_seconds();
        self.log
            .send(LogEvent::CmdFinished {
                timestamp: finished_at,
                directive: self.directive,
                exit_code,
                started_at: self.started_at,
                finished_at,
            })
            .await;
    }
}
