//! One run: a policy, a workload, a seed.

use std::cell::RefCell;
use std::rc::Rc;

use super::boots::BootLaw;
use super::contender::{Contender, Driver, Terms};
use super::nonsense::Learned;
use super::score::{Score, bound_hours};
use super::sight::{Sight, Watch};
use super::workload::{Kinds, Workload};
use super::world::{Surroundings, World};

/// What a study leaves the same for all its policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Setting {
    /// How machines boot.
    pub boots: BootLaw,
    /// Machines at once, at most.
    pub machines_max: u32,
    /// Launches a second, after a thousand at once.
    pub launches_per_second: u64,
    /// From look to look of our own scaler, in milliseconds.
    pub tick: u64,
    /// What our own scaler takes for learned when the scored days begin, in place of what it has
    /// learned.
    pub learned: Option<Learned>,
    /// By what the runs of blocks are told apart, for who sees pipelines.
    pub kinds: Kinds,
}

impl Default for Setting {
    /// EC2's own launch rate, and the product's own tick.
    fn default() -> Self {
        Self {
            boots: BootLaw::Tailed,
            machines_max: 2000,
            launches_per_second: 2,
            tick: 5_000,
            learned: None,
            kinds: Kinds::Steady,
        }
    }
}

/// Runs a policy over a workload to its end.
pub fn run(contender: Contender, workload: &Rc<Workload>, setting: Setting, seed: u64) -> Score {
    replay(contender, workload, setting, seed, |_| {}).0
}

/// The same, with what there is to draw of it.
pub fn run_seen(
    contender: Contender,
    workload: &Rc<Workload>,
    setting: Setting,
    seed: u64,
) -> (Score, Sight) {
    let mut watch = Watch::new(workload);
    let see = |world: &World| watch.see(world);
    let (score, world) = replay(contender, workload, setting, seed, see);
    (score, watch.sight(&world.borrow()))
}

/// The same, with the world as it is left; `see` is shown it after each happening.
fn replay(
    contender: Contender,
    workload: &Rc<Workload>,
    setting: Setting,
    seed: u64,
    mut see: impl FnMut(&World),
) -> (Score, Rc<RefCell<World>>) {
    let workload = if contender.learns() {
        Rc::clone(workload)
    } else {
        Rc::new(workload.without_history())
    };
    let world = World::new(
        Rc::clone(&workload),
        Surroundings {
            seed,
            boots: setting.boots,
            burst: 1000,
            launches_per_second: setting.launches_per_second,
            stopped: contender.stopped(),
            idle_timeout: contender.idle_timeout(),
        },
    );
    let world = Rc::new(RefCell::new(world));
    let terms = Terms {
        seed,
        machines_max: setting.machines_max,
        tick: setting.tick,
        learned: setting
            .learned
            .map(|learned| (workload.scored_from, learned)),
        kinds: setting.kinds,
        boots: setting.boots,
        law: workload.law,
    };
    let mut driver = Driver::new(contender, &world, terms);
    loop {
        let happening = world.borrow_mut().step();
        let Some(happening) = happening else { break };
        driver.on(happening, &world);
        see(&world.borrow());
    }
    let bound = bound_hours(&workload, setting.boots, seed);
    let score = Score::of(&world.borrow(), &workload, bound);
    (score, world)
}
