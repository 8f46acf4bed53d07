//! What a run is judged by.

use serde::Serialize;

use super::boots::{BootLaw, boot_time};
use super::draw::seconds;
use super::workload::Workload;
use super::world::{Berth, TEARDOWN, World};

/// EC2 bills no machine for less.
const PAID_AT_LEAST: u64 = 60_000;

/// Waits and costs of the scored jobs.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Score {
    /// Jobs that were scored.
    pub jobs: u64,
    /// Of those, how many never started.
    pub unserved: u64,
    /// From queued to started, in seconds.
    pub wait_mean: f64,
    /// Half waited for less.
    pub wait_p50: f64,
    /// One in twenty waited for longer.
    pub wait_p95: f64,
    /// One in a hundred waited for longer.
    pub wait_p99: f64,
    /// Hours of machines, as they are billed.
    pub machine_hours: f64,
    /// Machines that were launched.
    pub launches: u64,
    /// Of those, how many never ran a job.
    pub wasted: u64,
    /// The same hours for a schedule that knows the future: each machine is ready when its job is
    /// queued, and none waits.
    pub bound_hours: f64,
}

impl Score {
    /// Judges a finished world.
    pub fn of(world: &World, workload: &Workload, bound_hours: f64) -> Self {
        let mut waits: Vec<u64> = world.waits().flatten().collect();
        waits.sort_unstable();
        let jobs = workload.scored_jobs().count() as u64;
        let scored = |machine: &&Berth| workload.scored_from <= machine.launched_at;
        let machines: Vec<&Berth> = world.machines().iter().filter(scored).collect();
        let paid = machines.iter().map(|machine| {
            let ends_at = machine.ends_at.unwrap_or(world.now());
            (ends_at - machine.launched_at).max(PAID_AT_LEAST)
        });
        let paid: f64 = paid.map(seconds).sum();
        let stopped = world.stopped().cost(workload.scored_from, world.now());
        let sum: f64 = waits.iter().map(|wait| seconds(*wait)).sum();
        Self {
            jobs,
            unserved: jobs - waits.len() as u64,
            wait_mean: sum / amount(waits.len().max(1)),
            wait_p50: quantile(&waits, 50),
            wait_p95: quantile(&waits, 95),
            wait_p99: quantile(&waits, 99),
            machine_hours: (paid + stopped) / 3600.0,
            launches: machines.len() as u64,
            wasted: machines.iter().filter(|machine| !machine.has_run).count() as u64,
            bound_hours,
        }
    }

    /// Machine hours over those of the schedule that knows the future.
    pub fn ratio(&self) -> f64 {
        self.machine_hours / self.bound_hours
    }

    /// The mean of several runs.
    pub fn mean(scores: &[Self]) -> Self {
        let of = |get: fn(&Self) -> f64| scores.iter().map(get).sum::<f64>() / amount(scores.len());
        let whole =
            |get: fn(&Self) -> u64| scores.iter().map(get).sum::<u64>() / scores.len() as u64;
        Self {
            jobs: whole(|score| score.jobs),
            unserved: whole(|score| score.unserved),
            wait_mean: of(|score| score.wait_mean),
            wait_p50: of(|score| score.wait_p50),
            wait_p95: of(|score| score.wait_p95),
            wait_p99: of(|score| score.wait_p99),
            machine_hours: of(|score| score.machine_hours),
            launches: whole(|score| score.launches),
            wasted: whole(|score| score.wasted),
            bound_hours: of(|score| score.bound_hours),
        }
    }
}

/// The least hours that the scored jobs take, by the boot law's mean over four hundred draws.
pub fn bound_hours(workload: &Workload, law: BootLaw, seed: u64) -> f64 {
    let boots: Vec<u64> = (0..400)
        .map(|number| boot_time(law, seed ^ 0xB0, number, number))
        .collect();
    let of = |job: u64| {
        let paid = boots
            .iter()
            .map(|boot| seconds((boot + job + TEARDOWN).max(PAID_AT_LEAST)));
        paid.sum::<f64>() / amount(boots.len())
    };
    workload.scored_jobs().map(of).sum::<f64>() / 3600.0
}

fn quantile(sorted: &[u64], percent: usize) -> f64 {
    let at = (sorted.len() * percent / 100).min(sorted.len().saturating_sub(1));
    sorted.get(at).map_or(0.0, |wait| seconds(*wait))
}

#[expect(clippy::cast_precision_loss, reason = "counts far below 2^53")]
fn amount(count: usize) -> f64 {
    count as f64
}
