//! What has befallen others, each as a world of its own, with bounds.
//!
//! The names in brackets are the threads that tell of it (peers.md 6.1). Where nothing else is
//! said, a pool of twelve machines gets thirty jobs of a minute or less.

mod odd_answers;
mod sketch;

use std::time::Duration;

use super::mutant::Mutant;
use super::options::Options;
use super::oracle::{Finding, Invariant};
use super::trace::Detail;
use super::weather::Kind;
use super::{Report, run};
use dayfly::model::hours::{ReserveHours, Weekday};
use sketch::scenario;

/// A world with a name, and how far it may go.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// What happens.
    pub name: &'static str,
    /// Who tells of it.
    pub source: &'static str,
    /// The world.
    pub options: Options,
    /// More machines than these would be waste.
    pub machines_max: u64,
    /// No job waits for longer, in seconds.
    pub wait_seconds_max: u64,
}

impl Scenario {
    /// Lets it happen, and holds it to its bounds.
    pub fn run(&self, mutant: Option<Mutant>) -> Report {
        let mut report = run(self.options.clone(), mutant, Detail::Digest);
        let figures = report.figures;
        let mut add = |invariant, text| {
            report.findings.push(Finding {
                at_seconds: figures.lasted.as_secs(),
                invariant,
                text,
            });
        };
        if self.machines_max < figures.machines {
            let (machines, max) = (figures.machines, self.machines_max);
            let text = format!("{machines} machines were launched, and {max} would do");
            add(Invariant::NoWaste, text);
        }
        let wait = figures.longest_wait;
        if Duration::from_secs(self.wait_seconds_max) < wait {
            let (wait, max) = (wait.as_secs(), self.wait_seconds_max);
            let text = format!("a job waited for {wait} s, and {max} s would do");
            add(Invariant::ShortWaits, text);
        }
        report
    }
}

/// All of them.
pub fn all() -> Vec<Scenario> {
    [
        clouds(),
        machines(),
        queues(),
        agents(),
        controllers(),
        odd_answers::all(),
    ]
    .concat()
}

fn clouds() -> Vec<Scenario> {
    let drops = (0..20).flat_map(|n| {
        [
            (Kind::LaunchLost, n * 60, 30),
            (Kind::LaunchThrottled, n * 60 + 30, 12),
        ]
    });
    let drops: Vec<(Kind, u64, u64)> = drops.collect();
    vec![
        scenario(
            "most launches are dropped",
            "pytorch#153155",
            40,
            400,
            |world| {
                world.weather(&drops);
            },
        ),
        scenario(
            "launches are throttled in a burst",
            "karpenter#9175",
            330,
            1900,
            |world| {
                world.pool().arrivals = vec![(10, 300)];
                world.pool().machines_max = 60;
                world.options.machines_max = 60;
                world.weather(&[(Kind::LaunchThrottled, 10, 43)]);
            },
        ),
        scenario(
            "no capacity for an hour",
            "runs-on#543",
            40,
            3900,
            |world| {
                world.options.storm_seconds = 4000;
                world.weather(&[(Kind::NoCapacity, 5, 3600)]);
            },
        ),
        scenario(
            "a quarter of the spot machines is reclaimed",
            "runs-on#160",
            45,
            400,
            |world| {
                world.pool().spot_patience_seconds = Some(60);
                world.weather(&[
                    (Kind::SpotWave, 100, 1),
                    (Kind::SpotWave, 200, 1),
                    (Kind::NoSpot, 200, 300),
                ]);
            },
        ),
        scenario("the quota is cut", "karpenter, quota", 40, 1500, |world| {
            world.weather(&[(Kind::QuotaCut, 30, 600)]);
        }),
        scenario(
            "ends are throttled",
            "buildkite scaler#340",
            60,
            900,
            |world| {
                world.options.rates.hangs = 200;
                world.weather(&[(Kind::EndThrottled, 200, 600)]);
            },
        ),
    ]
}

fn machines() -> Vec<Scenario> {
    vec![
        scenario(
            "a fifth of the boots fails",
            "terraform-aws-github-runner#3493",
            60,
            700,
            |world| {
                world.options.rates.fails = 200;
            },
        ),
        scenario(
            "no boot of an image works for ten hours",
            "runs-on#523",
            175,
            37_000,
            |world| {
                world.options.storm_seconds = 36_600;
                world.options.interval_seconds = 30;
                world.weather(&[(Kind::BadImage, 0, 36_000)]);
            },
        ),
        scenario(
            "machines are impaired",
            "EC2 status checks",
            60,
            300,
            |world| {
                world.options.boot_limit_seconds = 600;
                world.pool().machines_max = 30;
                world.options.machines_max = 30;
                world.weather(&[(Kind::Impaired, 0, 15)]);
            },
        ),
        scenario(
            "an operator holds a machine that hangs",
            "design.md, ours alone",
            45,
            1100,
            |world| {
                world.options.rates.hangs = 300;
                world.weather(&[(Kind::Hold, 100, 1000), (Kind::Hold, 150, 1000)]);
            },
        ),
    ]
}

fn queues() -> Vec<Scenario> {
    vec![
        scenario(
            "the queue lists jobs that do not exist",
            "pytorch#153068",
            33,
            400,
            |world| {
                world.weather(&[(Kind::QueueFilledUp, 0, 1200)]);
            },
        ),
        scenario(
            "a busy agent looks idle for twelve minutes",
            "terraform-aws-github-runner#5085",
            60,
            400,
            |world| {
                world.weather(&[(Kind::StalePickup, 60, 720)]);
            },
        ),
        scenario(
            "jobs that were just taken are counted once more",
            "protocol.md 9.4",
            22,
            400,
            |world| {
                world.options.interval_seconds = 5;
                world.pool().arrivals = (0..20).map(|n| (n * 200, 1)).collect();
                world.options.idle_timeout_seconds = 60;
                world.options.storm_seconds = 4000;
                world.weather(&[(Kind::LatePickup, 0, 4000)]);
            },
        ),
        scenario(
            "some hours of the day have a reserve",
            "policy.md 6, hours",
            22,
            60,
            |world| {
                // Worlds begin on a Monday, at 14:13:20.
                world.pool().reserve_hours = vec![ReserveHours {
                    days: [Weekday::Monday].into(),
                    from: 14 * 60 + 20,
                    until: 14 * 60 + 30,
                    reserve: 2,
                }];
                world.pool().arrivals = vec![(10, 3), (700, 2)];
            },
        ),
        scenario(
            "a hundred jobs are canceled after five seconds",
            "terraform-aws-github-runner#1853",
            60,
            400,
            |world| {
                world.pool().arrivals = vec![(10, 100), (400, 10)];
                world.pool().machines_max = 50;
                world.options.machines_max = 50;
                world.weather(&[(Kind::QueueCanceled, 15, 1)]);
            },
        ),
    ]
}

fn agents() -> Vec<Scenario> {
    vec![
        scenario(
            "the hub fails for a quarter of an hour",
            "semaphore agent, ten minutes",
            60,
            1400,
            |world| {
                world.weather(&[(Kind::HubFails, 40, 900)]);
            },
        ),
        scenario(
            "the organization has too many agents in a burst",
            "protocol.md 3.1, 422",
            70,
            900,
            |world| {
                world.weather(&[(Kind::RegisterQuota, 20, 300)]);
            },
        ),
        scenario(
            "a burst after the lunch dip",
            "agent-aws-stack#72",
            62,
            400,
            |world| {
                world.pool().arrivals = vec![(10, 30), (2400, 30)];
                world.options.storm_seconds = 2700;
            },
        ),
    ]
}

fn controllers() -> Vec<Scenario> {
    let crashes = (0..40).map(|n| (Kind::Crash, 5 + n * 15, 1));
    let crashes: Vec<(Kind, u64, u64)> = crashes.collect();
    let lost = [
        (Kind::LaunchLost, 0, 60),
        (Kind::Crash, 20, 1),
        (Kind::Crash, 40, 1),
    ];
    vec![
        scenario(
            "a controller is killed again and again",
            "garm#401",
            60,
            500,
            |world| {
                world.weather(&crashes);
            },
        ),
        scenario(
            "a launch is lost with its controller",
            "buildomat, tags",
            60,
            500,
            |world| {
                world.weather(&lost);
            },
        ),
        scenario(
            "two controllers on one queue",
            "buildkite docs#2321",
            60,
            400,
            |world| {
                world.options.replicas = 2;
            },
        ),
        scenario(
            "two controllers with a lease",
            "design.md 7",
            34,
            400,
            |world| {
                world.options.replicas = 2;
                world.options.lease = true;
                world.weather(&[(Kind::Crash, 60, 1), (Kind::Pause, 200, 100)]);
            },
        ),
        scenario(
            "the function is frozen for ten minutes",
            "Lambda, SnapStart and throttles",
            40,
            900,
            |world| {
                world.weather(&[(Kind::Pause, 60, 600)]);
            },
        ),
    ]
}
