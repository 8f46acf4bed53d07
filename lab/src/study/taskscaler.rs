//! GitLab's autoscaler: machines beyond those in use, by a number and by a share.

use super::webhook::is_office;
use super::world::{Happening, Timer, World};

/// How long a machine beyond the target may wait.
const IDLE_TIME: u64 = 300_000;
const TICK: u64 = 10_000;

/// A policy from 8 to 20 on weekdays, and none else.
#[derive(Debug)]
pub struct Taskscaler {
    /// `idle_count`
    idle: u32,
    /// `scale_factor`, in percent.
    percent: u32,
}

impl Taskscaler {
    /// That policy.
    pub fn new(idle: u32, percent: u32) -> Self {
        Self { idle, percent }
    }

    /// The first look.
    pub fn start(&mut self, world: &mut World) {
        world.timer(world.now(), Timer::Tick);
    }

    /// Reacts.
    pub fn on(&mut self, happening: Happening, world: &mut World) {
        if happening != Happening::Timer(Timer::Tick) {
            return;
        }
        world.timer(world.now() + TICK, Timer::Tick);
        let now = world.now();
        let share = (world.running() * self.percent).div_ceil(100);
        let target = if is_office(now) {
            self.idle.max(share)
        } else {
            0
        };
        let free = |number: &&usize| !world.machine(**number).has_run;
        let there = u32::try_from(world.alive().iter().filter(free).count()).unwrap_or(u32::MAX);
        let wanted = world.queued() + target;
        if there < wanted {
            world.launch(wanted - there);
            return;
        }
        let surplus = world.idle().len().saturating_sub(wanted as usize);
        world.end_idle(surplus, |machine| IDLE_TIME < now - machine.ready_at);
    }
}
