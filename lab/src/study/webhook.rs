//! terraform-aws-github-runner: one machine for each webhook, whatever there is already.

use std::collections::VecDeque;

use dayfly::model::hours::Weekday;

use super::workload::DAY;
use super::world::{Happening, Timer, World};

/// Messages that one call of the function takes.
const BATCH: usize = 10;
/// How long one call takes.
const CALL: u64 = 3_000;
/// How often surplus machines are looked for, and how old one must be.
const SCALE_DOWN: u64 = 300_000;

/// A queue of webhooks and the functions behind it.
#[derive(Debug)]
pub struct Webhook {
    /// `delay_webhook_event`, in milliseconds.
    delay: u64,
    /// Machines kept waiting on weekdays from 8 to 20, by the pool function every five minutes.
    pool: u32,
    messages: VecDeque<u64>,
    /// The messages that the function is working on; it runs once at a time.
    in_work: u32,
}

impl Webhook {
    /// Nothing queued.
    pub fn new(delay: u64, pool: u32) -> Self {
        Self {
            delay,
            pool,
            messages: VecDeque::new(),
            in_work: 0,
        }
    }

    /// The first look for surplus machines.
    pub fn start(&mut self, world: &mut World) {
        world.timer(world.now() + SCALE_DOWN, Timer::ScaleDown);
    }

    /// Reacts.
    pub fn on(&mut self, happening: Happening, world: &mut World) {
        match happening {
            Happening::Queued(count) => {
                let ready = world.now() + self.delay;
                self.messages.extend((0..count).map(|_| ready));
                world.timer(ready, Timer::Deliver);
            }
            Happening::Timer(Timer::Deliver) => self.call(world),
            Happening::Timer(Timer::Launch(count)) => {
                self.in_work = 0;
                let came = world.launch(count).len();
                // What did not come goes back to the queue, for its visibility timeout.
                let lacking = count as usize - came;
                let again = world.now() + 30_000;
                self.messages.extend((0..lacking).map(|_| again));
                if 0 < lacking {
                    world.timer(again, Timer::Deliver);
                }
                self.call(world);
            }
            Happening::Timer(Timer::ScaleDown) => self.scale_down(world),
            Happening::Finished(_)
            | Happening::SentAway(_)
            | Happening::Gone(_)
            | Happening::Timer(Timer::Tick)
            | Happening::Internal => {}
        }
    }

    fn call(&mut self, world: &mut World) {
        if 0 < self.in_work {
            return;
        }
        let is_ready = |ready: &&u64| **ready <= world.now();
        let count = self
            .messages
            .iter()
            .take_while(is_ready)
            .take(BATCH)
            .count();
        if 0 < count {
            self.messages.drain(..count);
            self.in_work = u32::try_from(count).unwrap_or(u32::MAX);
            world.timer(world.now() + CALL, Timer::Launch(self.in_work));
        }
    }

    fn scale_down(&mut self, world: &mut World) {
        world.timer(world.now() + SCALE_DOWN, Timer::ScaleDown);
        let keep = if is_office(world.now()) {
            self.pool as usize
        } else {
            0
        };
        let surplus = world.idle().len().saturating_sub(keep);
        let now = world.now();
        world.end_idle(surplus, |machine| SCALE_DOWN < now - machine.launched_at);
        let young =
            |number: &&usize| world.now() - world.machine(**number).launched_at < SCALE_DOWN;
        let is_free = |number: &&usize| !world.machine(**number).has_run;
        let there = world.alive().iter().filter(is_free);
        let there = there
            .filter(|number| world.idle().contains(number) || young(number))
            .count();
        let lacking = keep.saturating_sub(there);
        if 0 < lacking {
            world.launch(u32::try_from(lacking).unwrap_or(u32::MAX));
        }
    }
}

/// From 8 to 20 on weekdays, universal time.
pub fn is_office(now: u64) -> bool {
    !Weekday::of_day(now / DAY).is_weekend() && (8..20).contains(&(now % DAY / 3_600_000))
}
