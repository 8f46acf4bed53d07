//! Lets the demo run: feeds the pipeline, shows what happens, and drains everything at the end.
//! It waits for bells alone: of the hub, of the machines, and of the clock while lines are live.

use std::collections::BTreeSet;
use std::time::Duration;

use tokio::sync::{Notify, oneshot, watch};
use tokio::time::{Instant, sleep, timeout_at};

use super::cloud::DemoCloud;
use super::logs::{LogFolder, commands_not_found, parse};
use super::progress::{MachineCounts, Progress};
use super::record::{JobRow, Machines, Record, Waits};
use super::stage::Stage;
use crate::cli::exit::Exit;
use crate::cli::host::Host;
use crate::cli::output::print_stderr;
use crate::emulator::hub::DisableScope;
use crate::emulator::hub::job::JobRecord;
use crate::emulator::hub::journal::Change;
use crate::emulator::hub::row::AgentRow;
use crate::emulator::pipeline::JobState;
use dayfly::model::id::{JobId, MachineId};
use dayfly::model::pool::Policy;
use dayfly::ports::{Clock, SystemClock};
use dayfly::scaler::{Pace, Tick, run};

/// The hub is near and patient: look often.
const PACE: Pace = Pace {
    interval: Duration::from_secs(2),
    spacing: Duration::from_millis(50),
};
/// How often live lines count their seconds.
const REDRAW: Duration = Duration::from_millis(500);

/// What the scaler saw last of the machines.
type Seen = watch::Sender<MachineCounts>;

/// Runs the demo to its end and gives its record; or, if `stop` comes first, ends every machine.
pub(super) async fn conduct(
    stage: Stage,
    progress: Progress,
    logs: Option<LogFolder>,
    stop: impl Future<Output = ()>,
) -> Result<Record, Exit> {
    let Stage {
        host,
        cloud,
        mut scaler,
        drain_limit,
        _folder,
    } = stage;
    let hasten = Notify::new();
    let seen: Seen = watch::Sender::default();
    let (change_policy, policy) = watch::channel(scaler.policy().clone());
    let (end_scaler, scaler_ends) = oneshot::channel::<()>();
    let scaling = run(
        &mut scaler,
        PACE,
        &hasten,
        policy,
        async { scaler_ends.await.unwrap_or(()) },
        |tick| {
            // While they are unknown, the last ones stay on the screen.
            if let Some(counts) = machine_counts(tick) {
                seen.send_replace(counts);
            }
        },
    );
    let mut show = Show {
        host,
        cloud: cloud.clone(),
        drain_limit,
        progress,
        logs,
        missing: BTreeSet::new(),
    };
    let performance = async {
        let ended = tokio::select! {
            () = show.play(&hasten, &seen, &change_policy) => Ok(()),
            () = stop => Err(Exit::Failed),
        };
        if ended.is_err() {
            show.progress.finish();
            print_stderr("interrupted: ending every machine\n");
        }
        // The scaler stops first, so that it launches nothing for the jobs of ended machines.
        drop(end_scaler);
        ended
    };
    let ((), ended) = tokio::join!(scaling, performance);
    cloud.shutdown().await;
    show.progress.finish();
    ended.map(|()| show.record())
}

/// Everything that is shown and written while the demo runs.
struct Show {
    host: Host,
    cloud: DemoCloud,
    drain_limit: Duration,
    progress: Progress,
    logs: Option<LogFolder>,
    /// Commands that bash did not find, and in which job.
    missing: BTreeSet<(String, String)>,
}

impl Show {
    /// Until every job has ended and every machine is gone, or the time to drain is over.
    async fn play(&mut self, hasten: &Notify, seen: &Seen, policy: &watch::Sender<Policy>) {
        let mut hub_bell = self.host.server.shared().listen();
        let mut cloud_bell = self.cloud.listen();
        let mut counts = seen.subscribe();
        let mut drained_until = None;
        loop {
            hub_bell.mark_unchanged();
            cloud_bell.mark_unchanged();
            if self.step(*seen.borrow()) {
                hasten.notify_one();
            }
            if self.host.feed.run().is_done() {
                let limit = *drained_until.get_or_insert_with(|| {
                    self.drain(policy);
                    hasten.notify_one();
                    Instant::now() + self.drain_limit
                });
                if self.cloud.totals().2 == 0 || limit <= Instant::now() {
                    return;
                }
            }
            let changed = async {
                tokio::select! {
                    _ = hub_bell.changed() => {}
                    _ = cloud_bell.changed() => hasten.notify_one(),
                    _ = counts.changed() => {}
                    () = sleep(REDRAW) => {}
                }
            };
            match drained_until {
                // Out of time is seen at the head of the loop.
                Some(limit) => timeout_at(limit, changed).await.unwrap_or(()),
                None => changed.await,
            }
        }
    }

    /// Feeds the pipeline and shows what happened; whether the scaler should look sooner.
    fn step(&mut self, machines: MachineCounts) -> bool {
        let now = SystemClock.now();
        let mut hub = self.host.server.shared().lock();
        let (jobs_before, due_at) = (hub.jobs().count(), hub.next_deadline());
        // A real hub finds out by fifteen minutes of silence (protocol.md 4.9), which nobody wants
        // to watch; and a shorter silence could be a slow computer's.
        let is_lost = |row: &&AgentRow| {
            let machine = MachineId::new(&row.name);
            row.is_registered() && self.cloud.gone_at(&machine).is_some()
        };
        let lost = hub.agents().filter(is_lost).map(|row| row.name.clone());
        for agent in lost.collect::<Vec<String>>() {
            hub.give_up_agent(&agent, now);
        }
        let changes = self.host.feed.step(&mut hub, now);
        let has_queued = hub.jobs().count() != jobs_before;
        // A job that was queued or stopped moves the hub's deadline, which its server waits for.
        let is_due_otherwise = hub.next_deadline() != due_at;
        self.progress.tell(&hub, &changes);
        let states = self.host.feed.run().jobs();
        let to_come = states
            .filter(|(_, _, state)| **state == JobState::Waiting)
            .count();
        self.progress.draw(&hub, machines, to_come, now);
        drop(hub);
        if is_due_otherwise {
            self.host.server.shared().ring();
        }
        let closed = changes.iter().filter_map(|change| match change {
            Change::LogClosed { job, .. } => Some(job),
            _ => None,
        });
        closed.for_each(|job| self.keep_log(job));
        has_queued || changes.iter().any(is_worth_a_look)
    }

    /// Writes a log that has closed, and notes the commands that were not found.
    fn keep_log(&mut self, job: &JobId) {
        let hub = self.host.server.shared().lock();
        let Some(name) = hub.job(job).map(|record| record.name.clone()) else {
            return;
        };
        let events = hub.log_events(job);
        if let Some(logs) = &mut self.logs {
            logs.name_files(hub.jobs().map(|job| (&job.id, job.name.as_str())));
        }
        drop(hub);
        let missing = commands_not_found(&parse(&events));
        self.missing
            .extend(missing.into_iter().map(|command| (command, name.clone())));
        let Some(logs) = &self.logs else { return };
        if let Err(error) = logs.write(job, &events) {
            print_stderr(&format!(
                "error: the log of {name} cannot be written: {error}\n"
            ));
        }
    }

    /// The last job has ended: nothing more is launched, and agents that wait are sent away.
    fn drain(&self, policy: &watch::Sender<Policy>) {
        policy.send_modify(|policy| policy.machines_max = 0);
        let mut hub = self.host.server.shared().lock();
        for agent_type in self.host.registration_tokens.keys() {
            hub.disable_all(agent_type, DisableScope::IdleOnly, SystemClock.now());
        }
    }

    fn record(&mut self) -> Record {
        let hub = self.host.server.shared().lock();
        let row = |job: &JobRecord| {
            let machine = job.agent_name.as_deref().map(MachineId::new);
            JobRow::new(job, machine.and_then(|id| self.cloud.gone_at(&id)))
        };
        let mut jobs: Vec<JobRow> = hub.jobs().map(row).collect();
        let canceled = self.host.feed.run().jobs();
        jobs.extend(
            canceled
                .filter(|(_, _, state)| **state == JobState::Canceled)
                .map(|(_, request, _)| {
                    JobRow::canceled(request.name.clone(), request.block.clone())
                }),
        );
        let (launched, peak, alive) = self.cloud.totals();
        let mut notices = self.host.notices.clone();
        notices.extend(self.missing.iter().map(|(command, job)| {
            format!("{command} was not found in job {job}: the machine's image would bring it")
        }));
        Record {
            waits_seconds: Waits::of(&jobs),
            jobs,
            machines: Machines {
                launched,
                peak,
                alive,
            },
            notices,
        }
    }
}

/// What changes need or supply; the growth of a log does not.
fn is_worth_a_look(change: &Change) -> bool {
    match change {
        Change::LogGrown { .. } | Change::LogClosed { .. } => false,
        Change::AgentRegistered { .. }
        | Change::AgentLeft { .. }
        | Change::JobWaiting { .. }
        | Change::JobStarted { .. }
        | Change::JobFinished { .. } => true,
    }
}

/// The machines of all pools; `None` while hub or cloud do not answer.
fn machine_counts(tick: &Tick) -> Option<MachineCounts> {
    let mut counts = MachineCounts::default();
    for pool in tick.plan.pools.values() {
        let balance = pool.balance;
        let (booting, waiting, running) = (balance.booting?, balance.waiting?, balance.running?);
        counts.booting += booting + balance.launched;
        counts.waiting += waiting;
        counts.running += running;
        counts.closing += balance.alive?.saturating_sub(booting + waiting + running);
    }
    Some(counts)
}
