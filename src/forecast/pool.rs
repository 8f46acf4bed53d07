//! What has been learned of one pool, and what it expects.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::arrivals::Arrivals;
use super::boots::{Boot, Boots};
use super::histogram::Histogram;
use super::overhead::Overhead;
use super::pipelines::{Coming, reached};
use super::schedule::Schedule;
use super::worth::Search;
use crate::model::id::JobId;
use crate::model::machine::Machine;
use crate::model::outlook::{Expectation, NextBlock, Outlook};
use crate::model::pool::Speculation;
use crate::model::snapshot::{PoolView, Sighting};
use crate::model::time::Timestamp;

/// What a machine costs at least: the minute that EC2 bills.
const COST_MIN: Duration = Duration::from_secs(60);
/// From a moment at which a machine is wanted to the tick that launches it, before two were seen:
/// the configuration's default.
const TICK: Duration = Duration::from_secs(3);
/// A look that comes later than this tells of a silence, and not of how often is looked.
const TICK_MAX: Duration = Duration::from_secs(60);
/// Pipelines that were not seen for so long explain no job that comes.
const LATER_MAX: Duration = Duration::from_secs(60);
/// By so many boots the law of boots is told when it meets another law.
const LEADS: usize = 8;
/// A machine is launched ahead of demand if it pays by so many percent: a state that is over soon
/// does not repay its boots (policy.md 1.1).
const LAUNCH_PERCENT: u64 = 125;
/// As above where counts alone are known: most of what they tell of are blocks that end, and such
/// a state is over within a boot. Measured (docs/POLICY.md).
const BLIND_LAUNCH_PERCENT: u64 = 180;

/// Boots, arrivals, schedules and overhead of one pool.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PoolForecast {
    boots: Boots,
    arrivals: Arrivals,
    schedule: Schedule,
    overhead: Overhead,
    /// What the last look saw.
    last: Option<Last>,
    /// From look to look, in milliseconds: an eighth of the newest, seven of what it was before.
    #[serde(default)]
    tick: Option<u64>,
    /// Arrivals without those of blocks that were seen coming, once pipelines were seen.
    #[serde(default)]
    fresh: Arrivals,
    /// What waiting has to be worth, where a wait is wanted.
    #[serde(default)]
    search: Search,
    #[serde(skip)]
    later: Option<Later>,
}

/// Jobs that have come since the pipelines were looked at, and what the looks say of them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Later {
    looked_at: Timestamp,
    /// That was in this tick, and what has come is to be told apart.
    is_new: bool,
    /// Jobs of blocks that were seen to have begun, and that have not been seen to come.
    owed: u32,
    /// How many of those the last look has brought.
    newest: u32,
    came: u32,
    ended: u32,
}

/// What has come, told apart by a look at the pipelines.
struct ToldApart {
    fresh: u32,
    ended: u32,
}

#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Last {
    at: Timestamp,
    running: u32,
    open: u32,
    /// Jobs that the hub listed, where it does not list its agents.
    jobs: BTreeSet<JobId>,
}

impl PoolForecast {
    /// Takes in a look at this pool: its machines, with what is known of each one's agent. Without
    /// the hub's counts it teaches nothing.
    pub fn see<'a>(
        &mut self,
        view: &PoolView,
        machines: impl Iterator<Item = (&'a Machine, &'a Sighting)>,
        now: Timestamp,
    ) {
        let Some(counts) = view.counts else { return };
        self.see_tick(now);
        let mut ended = 0;
        let mut booting: u32 = 0;
        for (machine, sighting) in machines {
            self.see_boot(machine, *sighting, view, now);
            ended += u32::from(ended_now(*sighting, now));
            let is_booting = sighting.registered_at.is_none() && machine.phase.is_alive();
            booting += u32::from(is_booting);
        }
        let open = counts.queued.saturating_add(counts.running);
        let came = self.came(view, open, ended, now);
        self.search.see(came, counts.queued, now);
        let boot = self.lead();
        let told_apart = self.tell_apart(came, ended, now);
        let fresh = match (&self.later, &told_apart) {
            (None, _) => came,
            (Some(_), Some(told)) => told.fresh,
            (Some(_), None) => 0,
        };
        let expected = self.schedule.add(fresh, now);
        let unexpected = came.saturating_sub(expected);
        self.arrivals
            .add(unexpected, ended, counts.running, boot, now);
        if let Some(told) = told_apart {
            let fresh = told.fresh - expected;
            self.fresh.add(fresh, told.ended, counts.running, boot, now);
        }
        let spare = counts
            .idle
            .saturating_add(booting)
            .saturating_sub(counts.queued);
        self.overhead.add(counts.running, spare, now);
        let jobs = match view.agents {
            Some(_) => BTreeSet::new(),
            None => view.jobs.iter().flatten().cloned().collect(),
        };
        self.last = Some(Last {
            at: now,
            running: counts.running,
            open,
            jobs,
        });
    }

    /// Takes in how many jobs of later blocks a look at the pipelines has seen to have come.
    pub fn see_later(&mut self, jobs: u32, looked_at: Timestamp) {
        let later = self.later.get_or_insert_default();
        if later.looked_at != looked_at {
            later.looked_at = looked_at;
            later.is_new = true;
            // What an older look has promised and the counts have not shown, they will not show.
            later.owed = later.owed.min(later.newest).saturating_add(jobs);
            later.newest = jobs;
        }
    }

    /// Which of the jobs that have come are those of blocks. It is known when pipelines are looked
    /// at, which is not in each tick.
    fn tell_apart(&mut self, came: u32, ended: u32, now: Timestamp) -> Option<ToldApart> {
        let is_over = |later: &Later| LATER_MAX < now.since(later.looked_at);
        self.later = self.later.take().filter(|later| !is_over(later));
        let later = self.later.as_mut()?;
        later.came = later.came.saturating_add(came);
        later.ended = later.ended.saturating_add(ended);
        if !std::mem::take(&mut later.is_new) {
            return None;
        }
        let of_blocks = later.owed.min(later.came);
        later.owed -= of_blocks;
        Some(ToldApart {
            fresh: std::mem::take(&mut later.came) - of_blocks,
            ended: std::mem::take(&mut later.ended),
        })
    }

    /// Believes all of it less. Schedules say by themselves how often they have come.
    pub fn doubt(&mut self) {
        self.boots.doubt();
        self.arrivals.doubt();
        self.fresh.doubt();
        self.overhead.doubt();
        self.search.doubt();
    }

    /// Jobs that came since the last look: those that are there and were not, and those that were
    /// there and have ended. Where no list of agents tells which have ended, jobs that are listed
    /// for the first time are counted; what came and began between two looks is missed.
    fn came(&self, view: &PoolView, open: u32, ended: u32, now: Timestamp) -> u32 {
        // After a long silence nobody knows when they came.
        let last = self
            .last
            .as_ref()
            .filter(|last| now.since(last.at) < Duration::from_secs(300));
        let Some(last) = last else { return 0 };
        let more = open.saturating_add(ended).saturating_sub(last.open);
        let listed = match (&view.agents, &view.jobs) {
            (None, Some(jobs)) => jobs.iter().filter(|job| !last.jobs.contains(*job)).count(),
            (Some(_), _) | (None, None) => 0,
        };
        more.max(u32::try_from(listed).unwrap_or(u32::MAX))
    }

    fn see_tick(&mut self, now: Timestamp) {
        if let Some(last) = &self.last {
            let span = milliseconds(now.since(last.at).min(TICK_MAX));
            self.tick = Some((7 * milliseconds(self.tick()) + span) / 8);
        }
    }

    fn tick(&self) -> Duration {
        self.tick.map_or(TICK, Duration::from_millis)
    }

    fn see_boot(&mut self, machine: &Machine, sighting: Sighting, view: &PoolView, now: Timestamp) {
        if sighting.registered_at == Some(now) {
            let agents = view.agents.as_ref();
            let report = agents.and_then(|agents| agents.get(&machine.id));
            let registered_at = report.map_or(now, |report| report.connected_at);
            let took = milliseconds(registered_at.since(machine.launched_at));
            // An agent that was there when we began to look may have registered long before.
            if Duration::from_millis(took) <= machine.boot_limit {
                self.add_boot(machine, took, false);
            }
        } else if self.is_new(sighting.boot_failed_at) {
            let took = milliseconds(now.since(machine.launched_at).min(machine.boot_limit));
            self.add_boot(machine, took, true);
        }
    }

    fn add_boot(&mut self, machine: &Machine, took: u64, failed: bool) {
        let call = call_of(machine);
        self.boots.add(Boot { took, call, failed });
    }

    /// Whether something happened after the last look.
    fn is_new(&self, at: Option<Timestamp>) -> bool {
        let last = self.last.as_ref().map(|last| last.at);
        at.is_some_and(|at| last.is_some_and(|last| last < at))
    }

    /// How long it takes until a machine that is wanted now takes a job.
    fn lead(&self) -> Duration {
        self.boots.mean().unwrap_or(Duration::from_secs(60)) + self.tick()
    }

    /// How long it may take until a machine that is wanted now takes a job, each as likely as the
    /// others; nothing while too few boots were seen.
    pub fn leads(&self) -> Vec<Duration> {
        let middle = |at: usize| (2 * at + 1) * 1000 / (2 * LEADS);
        let boots = (0..LEADS).filter_map(|at| self.boots.quantile(middle(at)));
        boots.map(|boot| boot + self.tick()).collect()
    }

    /// What is expected, and worth launching for; `blocks` are those that running pipelines are
    /// about to begin, where they can be seen.
    pub fn outlook(
        &mut self,
        speculation: Speculation,
        blocks: Option<&[Coming]>,
        now: Timestamp,
    ) -> Outlook {
        let Some(boot) = self.boots.mean() else {
            // Without history launches follow the queue alone.
            return Outlook::default();
        };
        let worth = self.search.worth(speculation.speed, now);
        let exhausted = self.overhead.is_exhausted(speculation.overhead_max_percent);
        // A surplus machine boots, waits, and is sent away.
        let spare_cost = COST_MIN.max(boot + speculation.spare_timeout);
        let mut priced = self.boots.priced(worth, spare_cost);
        if !speculation.race || exhausted {
            priced.race.clear();
        }
        let mut outlook = Outlook {
            overdue_after: priced.overdue_after,
            race: priced.race,
            expectation: Expectation {
                jobs_per_hour: self.arrivals.per_hour(now),
                boot,
                waiting_worth: worth,
                wanted_wait: self.search.evidence(speculation.speed),
                overhead_percent: self.overhead.percent(),
                exhausted,
                ..Expectation::default()
            },
            next_block: None,
        };
        if !exhausted {
            let percent = match blocks {
                Some(_) => LAUNCH_PERCENT,
                None => BLIND_LAUNCH_PERCENT,
            };
            let pays = pays_from(percent, worth, boot, speculation.idle_timeout);
            let ahead = self.schedule_lead(worth, speculation.idle_timeout);
            let expectation = &mut outlook.expectation;
            // What has come since the last look at pipelines may be what was expected.
            let came = self.later.map_or(0, |later| later.came);
            expectation.scheduled = self.schedule.due(now, ahead).saturating_sub(came);
            // Machines for jobs that may come while one boots: the newsvendor's quantile.
            let histogram = self.histogram(blocks.is_some(), now);
            expectation.likely = histogram.map_or(0, |histogram| histogram.reached(pays));
            if let Some(blocks) = blocks {
                // Those and the next blocks' have one quantile: what one of them does not need,
                // the other may.
                let all = reached(histogram, blocks, pays);
                expectation.blocks = all.saturating_sub(expectation.likely).saturating_sub(came);
            }
            if 0 < outlook.expectation.blocks {
                outlook.next_block = blocks.and_then(largest);
            }
        }
        outlook
    }

    /// How many jobs such moments bring within a boot; where the next blocks are seen, without
    /// them, as soon as that was watched for long enough.
    fn histogram(&self, sees_blocks: bool, now: Timestamp) -> Option<&Histogram> {
        let running = self.last.as_ref().map_or(0, |last| last.running);
        let speaking = |arrivals: &'_ Arrivals| arrivals.context(running, self.lead(), now);
        let fresh = Some(&self.fresh).filter(|_| sees_blocks);
        let fresh = fresh.and_then(|fresh| fresh.speaking(speaking(fresh)));
        fresh.or_else(|| self.arrivals.speaking(speaking(&self.arrivals)))
    }

    /// How long ahead of a certain job its machine is launched: so that the wait that is left is
    /// worth the idling that is not; and never so long that the agent is sent away before.
    fn schedule_lead(&self, worth: u32, idle_timeout: Duration) -> Duration {
        let permille = 1000 * worth as usize / (1 + worth as usize);
        let wanted = self.boots.quantile(permille).unwrap_or_default() + self.tick();
        let soonest = self.boots.quantile(50).unwrap_or_default();
        wanted.min(soonest + idle_timeout * 9 / 10)
    }
}

/// From which chance on a machine that is kept ready pays, in thousandths. It is sent away and
/// launched anew again and again, and its boots are paid too.
fn pays_from(percent: u64, worth: u32, boot: Duration, idle_timeout: Duration) -> u64 {
    let waiting = milliseconds(idle_timeout).max(1);
    let paid_percent = 100 * (waiting + milliseconds(boot)) / waiting;
    percent * paid_percent / 10 / (1 + u64::from(worth))
}

/// The block that most of the machines are kept ready for.
fn largest(blocks: &[Coming]) -> Option<NextBlock> {
    let largest = blocks
        .iter()
        .max_by_key(|block| u64::from(block.jobs) * block.chance)?;
    Some(NextBlock {
        kind: largest.kind.clone(),
        jobs: largest.jobs,
        percent: u32::try_from(largest.chance / 10_000).unwrap_or(100),
    })
}

/// Whether a machine's job was seen to be over at this look.
fn ended_now(sighting: Sighting, now: Timestamp) -> bool {
    sighting.running_since.is_some() && sighting.missing_since == Some(now)
}

/// A number that machines of one launch share: its token, folded.
fn call_of(machine: &Machine) -> u64 {
    let fold = |sum: u64, byte: &u8| sum.wrapping_mul(1_099_511_628_211) ^ u64::from(*byte);
    machine
        .token
        .as_str()
        .as_bytes()
        .iter()
        .fold(14_695_981_039_346_656_037, fold)
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::job::QueueCounts;

    #[test]
    fn who_looks_seldom_counts_on_the_next_look_later() {
        let view = PoolView {
            counts: Some(QueueCounts::default()),
            ..PoolView::default()
        };
        let lead_at = |every: u64| {
            let mut forecast = PoolForecast::default();
            let look = |at: u64| Timestamp::from_seconds(at * every);
            (0..100).for_each(|at| forecast.see(&view, std::iter::empty(), look(at)));
            forecast.lead().as_secs()
        };
        // A minute stands for a boot of which nothing is known.
        assert_eq!([3, 30, 3600].map(lead_at), [63, 89, 119]);
        assert_eq!(PoolForecast::default().lead().as_secs(), 63);
    }
}
