//! What anybody could reach who does not see the draws to come: the causal bounds (policy.md 2).

use dayfly::forecast::race::table;

use super::berth::count;
use super::boots::{BootLaw, boot_time};
use super::law::Law;
use super::world::{Happening, State, Timer, World};

/// From look to look.
const LOOK: u64 = 1_000;
/// A machine is not ended before the minute is over that is billed at least.
const PAID: u64 = 55_000;
/// A machine is launched ahead of demand if it pays by so much, and ended when it pays by less
/// (policy.md 1.1).
const LAUNCH: f64 = 1.3;
/// See [`LAUNCH`].
const KEEP: f64 = 0.7;

/// One machine for each job at the moment that it is queued, and nothing else: no machine idles,
/// and each job waits for a boot.
#[derive(Debug, Default)]
pub struct ZeroIdle {
    owed: u32,
}

impl ZeroIdle {
    /// Reacts.
    pub fn on(&mut self, happening: Happening, world: &mut World) {
        match happening {
            Happening::Queued(count) => self.owed += count,
            Happening::Timer(_) => {}
            Happening::Finished(_)
            | Happening::SentAway(_)
            | Happening::Gone(_)
            | Happening::Internal => return,
        }
        self.owed -= count(world.launch(self.owed).len());
        if 0 < self.owed {
            // What the cloud's rate does not allow comes as soon as it does.
            world.timer(world.now() + LOOK, Timer::Tick);
        }
    }
}

/// Knows of every running pipeline how long each of its jobs will run, the law of boots and that of
/// fresh pushes, and of what is not there yet no draw.
#[derive(Debug)]
pub struct Knowing {
    worth: u32,
    law: Option<Law>,
    /// The mean boot, in milliseconds.
    boot: u64,
    /// How long ahead of a certain job its machine is launched: the wait that is left is worth the
    /// idling that is not.
    ahead: u64,
    /// A boot that takes longer is not counted upon.
    overdue: u64,
    race: Vec<u32>,
    booting: Vec<usize>,
}

impl Knowing {
    /// One that takes a waiting second for worth so many of a machine.
    pub fn new(worth: u32, boots: BootLaw, law: Option<Law>) -> Self {
        let mut times: Vec<u64> = (0..1000).map(|n| boot_time(boots, 0xB07, n, n)).collect();
        times.sort_unstable();
        let of = |part: usize, whole: usize| times[(times.len() * part / whole).min(999)];
        // Boots of one call that have nothing of their own are not overtaken.
        let race = match boots {
            BootLaw::Correlated => Vec::new(),
            BootLaw::Tailed | BootLaw::Narrow | BootLaw::Uniform | BootLaw::Doubled => {
                table(&times, worth, 60_000)
            }
        };
        Self {
            worth,
            law,
            boot: times.iter().sum::<u64>() / times.len() as u64,
            ahead: of(worth as usize, worth as usize + 1) + LOOK,
            overdue: of(95, 100),
            race,
            booting: Vec::new(),
        }
    }

    /// The first look.
    pub fn start(&mut self, world: &mut World) {
        world.timer(world.now(), Timer::Tick);
    }

    /// Reacts.
    pub fn on(&mut self, happening: Happening, world: &mut World) {
        match happening {
            Happening::Timer(Timer::Tick) => {
                world.timer(world.now() + LOOK, Timer::Tick);
                self.look(world);
            }
            Happening::Queued(_) => self.look(world),
            Happening::Finished(_)
            | Happening::SentAway(_)
            | Happening::Gone(_)
            | Happening::Timer(_)
            | Happening::Internal => {}
        }
    }

    fn look(&mut self, world: &mut World) {
        let now = world.now();
        let there = count(world.idle().len()) + self.booting(world);
        let queued = world.queued();
        let due = self.due(world, self.ahead);
        let wanted = queued + due + self.likely(now, LAUNCH);
        if there < wanted {
            let race = self.race_for(queued.saturating_sub(there));
            let launched = world.launch(wanted - there + race);
            self.booting.extend(launched);
        }
        self.end_surplus(world);
    }

    /// How many boot, without those that do so for longer than nearly all.
    fn booting(&mut self, world: &World) -> u32 {
        let of = |number: &usize| world.machine(*number);
        self.booting
            .retain(|number| of(number).state == State::Booting);
        let is_early = |number: &&usize| world.now() - of(number).launched_at <= self.overdue;
        count(self.booting.iter().filter(is_early).count())
    }

    /// Jobs of running pipelines that will be queued within a span, and of herds.
    fn due(&self, world: &World, span: u64) -> u32 {
        let (now, until) = (world.now(), world.now() + span);
        let blocks = world.pipelines().map(|push| due_of(world, push, until));
        let herds = self.law.map_or(0, |law| law.certain(now, until));
        blocks.sum::<u32>() + herds
    }

    fn likely(&self, now: u64, factor: f64) -> u32 {
        let chance = factor / (1.0 + f64::from(self.worth));
        self.law.map_or(0, |law| law.likely(now, self.boot, chance))
    }

    fn race_for(&self, jobs: u32) -> u32 {
        let at = (jobs as usize).min(self.race.len());
        at.checked_sub(1).map_or(0, |at| self.race[at])
    }

    /// Ends those whose minute is over and that nobody needs. One that is ready is worth more than
    /// one that boots, so that those do not count here.
    fn end_surplus(&self, world: &mut World) {
        if world.idle().is_empty() {
            return;
        }
        let now = world.now();
        // What a job that waits delays is needed all the same.
        let later = self.due(world, self.ahead + PAID);
        let needed = world.queued() + later + self.likely(now, KEEP);
        let surplus = world.idle().len().saturating_sub(needed as usize);
        world.end_idle(surplus, |machine| PAID < now - machine.launched_at);
    }
}

/// Jobs of one push that will be queued by a moment: the next block begins when the last job of the
/// running one ends, and so on. A job that waits begins now at the earliest.
fn due_of(world: &World, push: usize, until: u64) -> u32 {
    let blocks = &world.push_of(push).blocks;
    let begun = (0..blocks.len()).map_while(|block| world.jobs_of(push, block));
    let (Some(running), next) = (begun.clone().last(), begun.count()) else {
        return 0;
    };
    let ends = running.iter().map(|job| {
        let begins = job.started_at.unwrap_or(world.now());
        job.finished_at.unwrap_or(begins + job.duration)
    });
    let mut begins = ends.max().unwrap_or(until);
    let mut jobs = 0;
    for block in &blocks[next..] {
        if until < begins {
            break;
        }
        jobs += count(block.len());
        begins += block.iter().max().copied().unwrap_or(0);
    }
    jobs
}
