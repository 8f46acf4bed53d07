//! What may be spent on machines that no job uses: the minute that is paid anyway, and the share of
//! a day.

use std::time::Duration;

use dayfly::forecast::Forecast;
use dayfly::model::copied_late::Shared;
use dayfly::model::job::{AgentReport, AgentState, QueueCounts};
use dayfly::model::machine::Machine;
use dayfly::model::plan::MachineVerdict;
use dayfly::model::pool::{Policy, Speculation, Speed};
use dayfly::model::snapshot::Memory;
use dayfly::model::time::Timestamp;
use dayfly::plan::decide;
use dayfly::scaler::memory;
use proptest::collection::vec;
use proptest::prelude::*;

use super::random::any_world;
use super::world::{World, machine, now, policy, pool};

const MINUTE: Duration = Duration::from_secs(60);
/// What a day may spare whatever its jobs use, in machine minutes.
const ALLOWANCE: u64 = 30;
/// How many minutes of a machine a job takes.
const JOB: u32 = 4;
const MACHINES_MAX: u32 = 30;

/// A pool's machines, looked at once a minute: each boots for less than that, takes a job at once if
/// one is queued, and is sent away by the next look otherwise.
#[derive(Default)]
struct Pool {
    queued: u32,
    booting: Vec<Machine>,
    waiting: Vec<Machine>,
    running: Vec<(Machine, u32)>,
    launched: u32,
    /// Machine minutes with a job, and of machines beyond those and the queue.
    used: u64,
    spare: u64,
}

impl Pool {
    /// Lets a minute pass in which so many jobs come.
    fn pass(&mut self, came: u32) {
        self.queued += came;
        self.waiting = std::mem::take(&mut self.booting);
        self.running.iter_mut().for_each(|(_, left)| *left -= 1);
        self.running.retain(|(_, left)| 0 < *left);
        while let (1.., Some(machine)) = (self.queued, self.waiting.pop()) {
            self.queued -= 1;
            self.running.push((machine, JOB));
        }
    }

    /// What hub and cloud show of it.
    fn world(&self, now: Timestamp, memory: Shared<Memory>) -> World {
        let (idle, running) = (self.waiting.len(), self.running.len());
        let size = |count: usize| u32::try_from(count).expect("they are few");
        let mut world = World::new().queued(self.queued).counts(|counts| {
            *counts = QueueCounts {
                queued: self.queued,
                running: size(running),
                idle: size(idle),
                occupied: size(running),
            }
        });
        world.snapshot.memory = memory;
        let waiting = self.waiting.iter().map(|it| (it, AgentState::Waiting));
        let at_work = self.running.iter().map(|(it, _)| (it, AgentState::Running));
        for (machine, state) in waiting.chain(at_work) {
            let connected_at = machine.launched_at.plus(Duration::from_secs(40)).min(now);
            let report = AgentReport {
                state,
                connected_at,
            };
            let agents = world.view().agents.get_or_insert_default();
            agents.insert(machine.id.clone(), report);
            world = world.machine(machine.clone());
        }
        self.booting
            .iter()
            .fold(world, |world, machine| world.machine(machine.clone()))
    }

    fn launch(&mut self, count: u32, now: Timestamp) {
        for _ in 0..count {
            self.launched += 1;
            let id = format!("i-{:05}", self.launched);
            self.booting.push(Machine {
                launched_at: now,
                ..machine(&id, "linux", 0)
            });
        }
    }

    /// Counts the minute before a look by what the look shows.
    fn count(&mut self) {
        let there = self.booting.len() + self.waiting.len();
        self.used += self.running.len() as u64;
        self.spare += (there as u64).saturating_sub(u64::from(self.queued));
    }
}

/// What became of a pool in some hours.
#[derive(Debug, Default, PartialEq, Eq)]
struct Came {
    /// Machines that were launched ahead of demand.
    ahead: u32,
    /// Looks at which the spare time was used up.
    exhausted: u32,
    used: u64,
    spare: u64,
}

/// Lets jobs come minute by minute. Whenever the spare time is used up, launches have to follow the
/// queue alone.
fn after(jobs: &[u32], percent: u32) -> Result<Came, TestCaseError> {
    let policy = eager(percent);
    let mut memory = Shared::<Memory>::default();
    let (mut forecast, mut linux, mut came) =
        (Forecast::default(), Pool::default(), Came::default());
    for (minute, jobs) in jobs.iter().enumerate() {
        let now = now().plus(MINUTE * u32::try_from(minute).expect("a few hours"));
        linux.pass(*jobs);
        if minute != 0 {
            linux.count();
        }
        let mut snapshot = linux.world(now, memory).snapshot;
        let (pools, machines) = (snapshot.pools.clone(), snapshot.machines.clone());
        let clocks = snapshot.clocks;
        memory::see(
            &mut snapshot.memory,
            &pools,
            machines.as_deref(),
            clocks,
            now,
        );
        forecast.see(
            &policy,
            &pools,
            machines.as_deref(),
            None,
            &snapshot.memory,
            now,
        );
        snapshot.outlooks = forecast.outlooks(&policy, None, now);
        let plan = decide(&snapshot, &policy, now);
        let balance = plan.pools[&pool("linux")].balance;
        let missing = balance.missing.expect("hub and cloud have answered");
        if allowed(linux.used, percent) <= linux.spare * 100 {
            came.exhausted += 1;
            prop_assert!(balance.launched <= missing, "minute {minute}: {balance:?}");
        }
        came.ahead += balance.launched.saturating_sub(missing);
        linux.launch(balance.launched, now);
        memory = snapshot.memory;
    }
    (came.used, came.spare) = (linux.used, linux.spare);
    Ok(came)
}

/// What may be spare where jobs have used so many machine minutes, in hundredths of one.
fn allowed(used: u64, percent: u32) -> u64 {
    used * u64::from(percent) + ALLOWANCE * 100
}

/// A pool that pays thirty minutes of a machine for one of waiting.
fn eager(percent: u32) -> Policy {
    let mut policy = policy(MACHINES_MAX, 0);
    for pool in policy.pools.values_mut() {
        pool.speculation = Speculation {
            overhead_max_percent: percent,
            ..Speculation::of(Speed::Fast)
        };
    }
    policy
}

/// Three hours in which so many jobs come every so many minutes.
fn every(minutes: usize, jobs: u32) -> Vec<u32> {
    let came = |minute: usize| {
        if minute.is_multiple_of(minutes) {
            jobs
        } else {
            0
        }
    };
    (0..180).map(came).collect()
}

#[test]
fn a_pool_guesses_until_its_spare_time_is_used_up_and_again_when_jobs_have_earned_more() {
    let poor = after(&every(3, 4), 5).expect("it keeps to its share");
    assert!(0 < poor.ahead && 0 < poor.exhausted, "{poor:?}");
    let rich = after(&every(3, 4), 300).expect("it keeps to its share");
    assert!(poor.ahead < rich.ahead, "{poor:?} {rich:?}");
    assert!(poor.spare < rich.spare, "{poor:?} {rich:?}");
}

#[test]
fn no_agent_leaves_before_its_machine_has_been_on_for_as_long_as_is_paid_anyway() {
    let waits = |(told, uptime)| {
        let seconds = Duration::from_secs;
        Speculation::idle_timeout_at(seconds(told), seconds(uptime)).as_secs()
    };
    let asked = [(5, 20), (5, 45), (5, 46), (5, 300), (120, 20)];
    assert_eq!(asked.map(waits), [30, 5, 5, 5, 120]);
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(32) })]

    /// Machine time that no job used is bounded by its share of what jobs used, the allowance, and
    /// what was on its way when they were reached: at most every machine, for two looks.
    #[test]
    fn spare_machine_time_keeps_to_its_share(
        bursts in vec((0_usize..10, 0_u32..8), 12..25),
        percent in 0_u32..200,
    ) {
        let jobs: Vec<u32> = bursts
            .into_iter()
            .flat_map(|(quiet, jobs)| std::iter::repeat_n(0, quiet).chain([jobs]))
            .collect();
        let came = after(&jobs, percent)?;
        let on_its_way = 2 * u64::from(MACHINES_MAX);
        let most = allowed(came.used, percent) + on_its_way * 100;
        prop_assert!(came.spare * 100 <= most, "{came:?}");
    }

    /// The minute after a launch is paid whatever becomes of the machine: it is not ended in it,
    /// however short its limits are and whatever is said of its agent.
    #[test]
    fn no_machine_is_ended_in_the_minute_that_is_paid_anyway((mut snapshot, policy) in any_world()) {
        for machine in snapshot.machines.iter_mut().flat_map(|machines| machines.values_mut()) {
            machine.boot_limit = Duration::ZERO;
            if let Some(sighting) = snapshot.memory.sightings.get_mut(&machine.id) {
                // Nobody misses an agent before its machine is launched.
                let missing = sighting.missing_since.map(|at| at.max(machine.launched_at));
                sighting.missing_since = missing;
            }
        }
        let plan = decide(&snapshot, &policy, now());
        let pools = plan.pools.values().flat_map(|pool| &pool.machines);
        for (id, verdict) in pools.chain(&plan.strays) {
            let listed = snapshot.machines.as_ref().and_then(|machines| machines.get(id));
            let age = listed.map(|machine| now().since(machine.launched_at));
            let is_ended = matches!(verdict, MachineVerdict::End { .. });
            prop_assert!(!is_ended || age.is_some_and(|age| MINUTE < age), "{id}: {age:?}");
        }
    }
}
