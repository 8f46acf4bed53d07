//! Scalers that set the desired size of an Auto Scaling group: agent-aws-stack, and Buildkite's.

use super::draw::{Draw, milliseconds};
use super::world::{Happening, Timer, World};

/// Which of them, with its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// agent-aws-stack: only ever raises the size; a machine whose job has finished is replaced.
    Replacing {
        /// The group's least size.
        min: u32,
        /// Machines beyond the jobs.
        extra: Extra,
    },
    /// buildkite-agent-scaler: raises the size; a machine that leaves lowers it.
    Leaving {
        /// `INSTANCE_BUFFER`: machines beyond the jobs, while there are jobs.
        buffer: u32,
    },
}

/// agent-aws-stack's overprovisioning strategies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extra {
    /// `none`
    None,
    /// `number`
    Number(u32),
    /// `percentage`
    Percent(u32),
}

/// The group and its scaler.
#[derive(Debug)]
pub struct Group {
    scheme: Scheme,
    desired: u32,
    /// Launches that the group has begun and that have not taken effect.
    pending: u32,
    max: u32,
    tick: u32,
    draw: Draw,
}

impl Group {
    /// An empty group.
    pub fn new(scheme: Scheme, max: u32, seed: u64) -> Self {
        let desired = match scheme {
            Scheme::Replacing { min, .. } => min,
            Scheme::Leaving { .. } => 0,
        };
        Self {
            scheme,
            desired,
            pending: 0,
            max,
            tick: 0,
            draw: Draw::new(seed, 0xA56),
        }
    }

    /// The first look, somewhere in the minute.
    pub fn start(&mut self, world: &mut World) {
        let at = world.now() + milliseconds(self.draw.uniform(0.0, 10.0));
        world.timer(at, Timer::Tick);
        self.reconcile(world, 2.0, 8.0);
    }

    /// Reacts.
    pub fn on(&mut self, happening: Happening, world: &mut World) {
        match happening {
            Happening::Timer(Timer::Tick) => self.look(world),
            Happening::Timer(Timer::Launch(count)) => {
                self.pending -= count;
                world.launch(count);
                // What the cloud's rate did not allow is tried again.
                self.reconcile(world, 10.0, 20.0);
            }
            Happening::Finished(_) => match self.scheme {
                Scheme::Replacing { .. } => {}
                Scheme::Leaving { .. } => self.desired = self.desired.saturating_sub(1),
            },
            Happening::SentAway(number) => self.sent_away(number, world),
            Happening::Gone(_) => self.reconcile(world, 5.0, 20.0),
            Happening::Queued(_) | Happening::Timer(_) | Happening::Internal => {}
        }
    }

    /// At the least size the group refuses to shrink: the agent is gone, and a check that runs
    /// every minute powers the machine off; the group then replaces it.
    fn sent_away(&mut self, number: usize, world: &mut World) {
        let min = match self.scheme {
            Scheme::Replacing { min, .. } => min,
            Scheme::Leaving { .. } => 0,
        };
        if min < self.desired {
            self.desired -= 1;
        } else if 0 < min {
            world.linger(number, milliseconds(self.draw.uniform(0.0, 60.0)));
        }
    }

    fn look(&mut self, world: &mut World) {
        let (queued, running) = (world.queued(), world.running());
        let wanted = match self.scheme {
            Scheme::Replacing { min, extra } => replacing(queued + running, min, extra),
            Scheme::Leaving { buffer } => self.leaving(queued, running, buffer, world),
        };
        let wanted = wanted.min(self.max);
        if self.desired < wanted {
            self.desired = wanted;
            self.reconcile(world, 2.0, 8.0);
        }
        let at = world.now() + self.pause();
        world.timer(at, Timer::Tick);
    }

    /// agent-aws-stack's function runs once a minute and looks at 0, 11, 22, 33 and 44 seconds;
    /// Buildkite's every ten seconds.
    fn pause(&mut self) -> u64 {
        match self.scheme {
            Scheme::Replacing { .. } => {
                self.tick = (self.tick + 1) % 5;
                if self.tick == 0 { 16_000 } else { 11_000 }
            }
            Scheme::Leaving { .. } => 10_000,
        }
    }

    fn leaving(&self, queued: u32, running: u32, buffer: u32, world: &World) -> u32 {
        let alive = u32::try_from(world.alive().len()).unwrap_or(u32::MAX);
        let agents = running + u32::try_from(world.idle().len()).unwrap_or(u32::MAX);
        let mut wanted = queued + running;
        // Fewer than half of the machines have an agent: one more, in case they never will.
        let is_short = agents * 2 < self.desired && alive == self.desired;
        if 0 < queued + running && is_short {
            wanted = wanted.max(self.desired + 1);
        }
        if 0 < queued + running {
            wanted += buffer.min(queued + running);
        }
        wanted
    }

    fn reconcile(&mut self, world: &mut World, soonest: f64, latest: f64) {
        let alive = u32::try_from(world.alive().len()).unwrap_or(u32::MAX);
        let lacking = self.desired.saturating_sub(alive + self.pending);
        if 0 < lacking {
            self.pending += lacking;
            let at = world.now() + milliseconds(self.draw.uniform(soonest, latest));
            world.timer(at, Timer::Launch(lacking));
        }
    }
}

/// Below the least size nothing is added to it.
fn replacing(total: u32, min: u32, extra: Extra) -> u32 {
    if total < min {
        return min;
    }
    match extra {
        Extra::None => total,
        Extra::Number(number) => total + number,
        Extra::Percent(percent) => total + (total * percent).div_ceil(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn overprovisioning_is_added_to_the_jobs_and_not_to_the_least_size() {
        assert_eq!(replacing(3, 5, Extra::Number(5)), 5);
        assert_eq!(replacing(6, 5, Extra::Number(5)), 11);
        assert_eq!(replacing(3, 0, Extra::Percent(50)), 5);
        assert_eq!(replacing(0, 0, Extra::None), 0);
    }
}
