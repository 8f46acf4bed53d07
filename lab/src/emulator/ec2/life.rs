//! A machine's life after its launch: what comes by itself, and what the world does to it.

use super::Ec2;
use super::action::{Action, Asked};
use super::error::{self, Refusal};
use super::faults::Fault;
use super::journal::Change;
use super::machine::{Health, Key, MachineRecord, State};
use super::reason::{BY_ITSELF, SERVER_INTERNAL_ERROR, SPOT_TERMINATION, StateReason};
use super::settings::ImageState;
use super::template::ShutdownBehavior;
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// Something that is due at a moment.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wake {
    /// A pending machine runs.
    Run(Key),
    /// A pending machine fails.
    Fail(Key),
    /// EC2 ends a machine, pending or running.
    Die(Key, StateReason),
    /// A spot machine is taken away.
    Take(Key),
    /// A machine that powers off is stopped.
    Stop(Key),
    /// An image is there, or it is not.
    Image(String, ImageState),
    /// A machine that shuts down is terminated.
    Terminate(Key),
    /// A terminated machine is no longer listed.
    Vanish(Key),
    /// A client token is forgotten.
    Forget(Action, String),
}

impl Ec2 {
    /// A machine writes on its console.
    pub fn write_console(&mut self, id: &str, text: &str, now: Timestamp) {
        let now = self.advance(now);
        if let Some(machine) = self.found_mut(id) {
            machine.console.push((now, text.to_owned()));
        }
    }

    /// A machine powers itself off.
    pub fn power_off(&mut self, id: &str, now: Timestamp) {
        let now = self.advance(now);
        let Some(key) = self.machines.key(id) else {
            return;
        };
        let behavior = self.machines.get(key).map(|machine| machine.shutdown);
        match behavior {
            Some(ShutdownBehavior::Terminate) => self.shut_down(key, BY_ITSELF, now),
            Some(ShutdownBehavior::Stop) => self.stop(key, now),
            None => {}
        }
    }

    /// A spot machine gets its notice, and is taken away when that is over. Others stay.
    pub fn interrupt(&mut self, id: &str, now: Timestamp) {
        let now = self.advance(now);
        let is_spot =
            |machine: &MachineRecord| machine.market == Market::Spot && machine.state.is_live();
        let Some(key) = self.machines.key(id) else {
            return;
        };
        let ends_at = now.plus(self.settings.delays.spot_notice);
        if let Some(machine) = self
            .machines
            .get_mut(key)
            .filter(|machine| is_spot(machine))
        {
            machine.spot_ends_at = Some(ends_at);
            self.wakes.insert((ends_at, Wake::Take(key)));
            self.journal.write(Change::SpotNotice {
                machine: id.to_owned(),
                ends_at,
                at: now,
            });
        }
    }

    /// A spot machine is advised to be replaced.
    pub fn advise_rebalance(&mut self, id: &str, now: Timestamp) {
        let at = self.advance(now);
        let machine = self
            .found_mut(id)
            .filter(|machine| machine.market == Market::Spot && machine.state.is_live());
        if let Some(machine) = machine {
            machine.rebalance_at = Some(at);
            let machine = machine.id.clone();
            self.journal.write(Change::RebalanceAdvised { machine, at });
        }
    }

    /// A machine's status checks change.
    pub fn set_health(&mut self, id: &str, health: Health) {
        if let Some(machine) = self.found_mut(id) {
            machine.health = health;
        }
    }

    /// Does all that is due until `now`; gives the latest moment seen.
    pub(super) fn advance(&mut self, now: Timestamp) -> Timestamp {
        self.now = self.now.max(now);
        let is_due = |(at, _): &(Timestamp, Wake)| *at <= self.now;
        let mut due = self.wakes.first().is_some_and(is_due);
        while due {
            if let Some((at, wake)) = self.wakes.pop_first() {
                self.wake(wake, at);
            }
            let next = self.wakes.first();
            due = next.is_some_and(|(at, _)| *at <= self.now);
        }
        self.now
    }

    /// Puts a machine that is not at its end on its way there.
    pub(super) fn shut_down(&mut self, key: Key, reason: StateReason, now: Timestamp) {
        let state = self.machines.get(key).map(|machine| machine.state);
        if !state.is_some_and(State::is_kept) {
            return;
        }
        let late = self.struck(
            Asked::Ec2(Action::TerminateInstances),
            now,
            |fault| match fault {
                Fault::EndsLate(delay) => Some(delay),
                Fault::Refused(_)
                | Fault::Reset
                | Fault::BlackHole
                | Fault::Offer(_)
                | Fault::Boot(_)
                | Fault::Travel(_)
                | Fault::Image(_) => None,
            },
        );
        let delay = late.into_iter().next();
        let delay = delay.unwrap_or(self.settings.delays.shutting_down);
        self.enter(key, State::ShuttingDown, Some(reason), now);
        self.wakes.insert((now.plus(delay), Wake::Terminate(key)));
    }

    /// The machine of an id that a call names, if calls know it by now.
    pub(super) fn known(&self, id: &str, now: Timestamp) -> Result<Key, Refusal> {
        if !id.starts_with("i-") {
            let text = format!("Invalid id: \"{id}\" (expecting \"i-...\")");
            return Err(Refusal::new(error::MACHINE_MALFORMED, text));
        }
        let is_seen = |key: &Key| {
            let machine = self.machines.get(*key);
            machine.is_some_and(|machine| machine.seen_from <= now)
        };
        let key = self.machines.key(id).filter(is_seen);
        key.ok_or_else(|| {
            let text = format!("The instance ID '{id}' does not exist");
            Refusal::new(error::MACHINE_NOT_FOUND, text)
        })
    }

    pub(super) fn found_mut(&mut self, id: &str) -> Option<&mut MachineRecord> {
        self.machines.get_mut(self.machines.key(id)?)
    }

    fn stop(&mut self, key: Key, now: Timestamp) {
        let state = self.machines.get(key).map(|machine| machine.state);
        if state.is_some_and(State::is_live) {
            self.enter(key, State::Stopping, Some(BY_ITSELF), now);
            let stopped_at = now.plus(self.settings.delays.shutting_down);
            self.wakes.insert((stopped_at, Wake::Stop(key)));
        }
    }

    fn wake(&mut self, wake: Wake, at: Timestamp) {
        let state = |key: Key| self.machines.get(key).map(|machine| machine.state);
        match wake {
            Wake::Run(key) if state(key) == Some(State::Pending) => {
                self.enter(key, State::Running, None, at);
            }
            Wake::Fail(key) if state(key) == Some(State::Pending) => {
                self.die(key, SERVER_INTERNAL_ERROR, at);
            }
            Wake::Die(key, reason) => self.die(key, reason, at),
            Wake::Stop(key) if state(key) == Some(State::Stopping) => {
                self.enter(key, State::Stopped, None, at);
            }
            Wake::Run(_) | Wake::Fail(_) | Wake::Stop(_) => {}
            Wake::Image(id, state) => self.image_made(&id, state),
            Wake::Take(key) => self.shut_down(key, SPOT_TERMINATION, at),
            Wake::Terminate(key) => self.terminate(key, at),
            Wake::Vanish(key) => self.vanish(key, at),
            Wake::Forget(action, token) => self.replays.forget(action, &token),
        }
    }

    /// EC2 ends a machine: one that is still pending at once, one that runs like any other.
    fn die(&mut self, key: Key, reason: StateReason, at: Timestamp) {
        match self.machines.get(key).map(|machine| machine.state) {
            Some(State::Pending) => {
                self.enter(key, State::ShuttingDown, Some(reason), at);
                self.terminate(key, at);
            }
            Some(_) => self.shut_down(key, reason, at),
            None => {}
        }
    }

    fn terminate(&mut self, key: Key, at: Timestamp) {
        self.enter(key, State::Terminated, None, at);
        let Some(machine) = self.machines.get_mut(key) else {
            return;
        };
        machine.terminated_at = Some(at);
        let token = machine.client_token.clone();
        self.usage.free_address(&machine.subnet);
        let vanish_at = at.plus(self.settings.delays.terminated_listed);
        self.wakes.insert((vanish_at, Wake::Vanish(key)));
        let ended = token.and_then(|token| self.replays.machine_ended(&token));
        if let Some((action, token)) = ended {
            let forget_at = at.plus(self.settings.delays.token_kept);
            self.wakes.insert((forget_at, Wake::Forget(action, token)));
        }
    }

    fn vanish(&mut self, key: Key, at: Timestamp) {
        if let Some(machine) = self.machines.remove(key) {
            self.journal.write(Change::Vanished {
                machine: machine.id,
                at,
            });
        }
    }

    /// Changes a machine's state; frees what it no longer takes.
    fn enter(&mut self, key: Key, state: State, reason: Option<StateReason>, at: Timestamp) {
        let Some(machine) = self.machines.get_mut(key) else {
            return;
        };
        let was_live = machine.state.is_live();
        machine.state = state;
        machine.reason = reason.or(machine.reason);
        if was_live && !state.is_live() {
            machine.ended_at = Some(at);
        }
        if was_live && !state.is_live() {
            self.usage.free(machine, &self.settings);
        }
        self.journal.write(Change::StateChanged {
            machine: machine.id.clone(),
            state,
            at,
        });
    }
}
