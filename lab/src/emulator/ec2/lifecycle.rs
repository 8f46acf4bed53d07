//! A machine's life after its launch: what comes by itself, and what the world does to it.

use std::time::Duration;

use super::action::{Action, Asked};
use super::faults::{Fault, Faults, Occasion};
use super::journal::Change;
use super::machine::{Health, Key, MachineRecord, State};
use super::machines::Machines;
use super::reason::{BY_ITSELF, SPOT_TERMINATION, StateReason};
use super::schedule::{Schedule, Wake};
use super::settings::Ec2Settings;
use super::supply::Capacity;
use super::template::{MetadataChange, ShutdownBehavior};
use crate::emulator::journal::Journal;
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// The machines with all that their states have an effect on.
#[derive(Debug, Default)]
pub(super) struct Lifecycle {
    pub(super) machines: Machines,
    pub(super) capacity: Capacity,
    pub(super) schedule: Schedule,
    pub(super) journal: Journal<Change>,
}

/// How machines shut down: how long it takes, by settings and faults.
#[derive(Debug)]
pub(super) struct Shutdown<'a> {
    pub(super) settings: &'a Ec2Settings,
    pub(super) faults: &'a mut Faults,
}

impl Shutdown<'_> {
    fn delay(&mut self, now: Timestamp) -> Duration {
        let occasion = Occasion::of(Asked::Ec2(Action::TerminateInstances));
        let late = self.faults.strike(occasion, now, Fault::ends_late);
        let delay = late.into_iter().next();
        delay.unwrap_or(self.settings.delays.shutting_down)
    }
}

impl Lifecycle {
    /// A machine was launched: it takes its share of capacity.
    pub(super) fn add(
        &mut self,
        machine: MachineRecord,
        settings: &Ec2Settings,
        now: Timestamp,
    ) -> Key {
        self.capacity.take(&machine, settings);
        self.journal.write(Change::StateChanged {
            machine: machine.id.clone(),
            state: State::Pending,
            at: now,
        });
        self.machines.add(machine)
    }

    pub(super) fn write_console(&mut self, id: &str, text: &str, now: Timestamp) {
        if let Some(machine) = self.machines.find_mut(id) {
            machine.console.push((now, text.to_owned()));
        }
    }

    pub(super) fn power_off(&mut self, id: &str, mut shutdown: Shutdown<'_>, now: Timestamp) {
        let Some(key) = self.machines.key(id) else {
            return;
        };
        let behavior = self.machines.get(key).map(|machine| machine.shutdown);
        match behavior {
            Some(ShutdownBehavior::Terminate) => {
                self.shut_down(key, BY_ITSELF, &mut shutdown, now);
            }
            Some(ShutdownBehavior::Stop) => self.stop(key, shutdown.settings, now),
            None => {}
        }
    }

    pub(super) fn interrupt(&mut self, id: &str, notice: Duration, now: Timestamp) {
        let Some(key) = self.machines.key(id) else {
            return;
        };
        let ends_at = now.plus(notice);
        if let Some(machine) = self.machines.get_mut(key).filter(|it| is_live_spot(it)) {
            machine.spot_ends_at = Some(ends_at);
            self.schedule.add(ends_at, Wake::Take(key));
            self.journal.write(Change::SpotNotice {
                machine: id.to_owned(),
                ends_at,
                at: now,
            });
        }
    }

    pub(super) fn advise_rebalance(&mut self, id: &str, at: Timestamp) {
        let machine = self.machines.find_mut(id);
        if let Some(machine) = machine.filter(|it| is_live_spot(it)) {
            machine.rebalance_at = Some(at);
            let machine = machine.id.clone();
            self.journal.write(Change::RebalanceAdvised { machine, at });
        }
    }

    pub(super) fn set_health(&mut self, id: &str, health: Health) {
        if let Some(machine) = self.machines.find_mut(id) {
            machine.health = health;
        }
    }

    pub(super) fn change_metadata(&mut self, key: Key, change: MetadataChange, now: Timestamp) {
        if let Some(machine) = self.machines.get_mut(key) {
            machine.metadata = change.applied(machine.metadata);
            self.journal.write(Change::MetadataChanged {
                machine: machine.id.clone(),
                at: now,
            });
        }
    }

    /// Puts a machine that is not at its end on its way there.
    pub(super) fn shut_down(
        &mut self,
        key: Key,
        reason: StateReason,
        shutdown: &mut Shutdown<'_>,
        now: Timestamp,
    ) {
        if !self.state(key).is_some_and(State::is_kept) {
            return;
        }
        let delay = shutdown.delay(now);
        let settings = shutdown.settings;
        self.enter(key, (State::ShuttingDown, Some(reason)), settings, now);
        self.schedule.add(now.plus(delay), Wake::Terminate(key));
    }

    fn stop(&mut self, key: Key, settings: &Ec2Settings, now: Timestamp) {
        if self.state(key).is_some_and(State::is_live) {
            self.enter(key, (State::Stopping, Some(BY_ITSELF)), settings, now);
            let stopped_at = now.plus(settings.delays.shutting_down);
            self.schedule.add(stopped_at, Wake::Stop(key));
        }
    }

    /// A pending machine runs.
    pub(super) fn run(&mut self, key: Key, settings: &Ec2Settings, at: Timestamp) {
        if self.state(key) == Some(State::Pending) {
            self.enter(key, (State::Running, None), settings, at);
        }
    }

    /// A machine that powers off is stopped.
    pub(super) fn stopped(&mut self, key: Key, settings: &Ec2Settings, at: Timestamp) {
        if self.state(key) == Some(State::Stopping) {
            self.enter(key, (State::Stopped, None), settings, at);
        }
    }

    /// A spot machine is taken away.
    pub(super) fn take(&mut self, key: Key, mut shutdown: Shutdown<'_>, at: Timestamp) {
        self.shut_down(key, SPOT_TERMINATION, &mut shutdown, at);
    }

    /// EC2 ends a machine: one that is still pending at once, one that runs like any other.
    /// Gives the client token of a machine that is terminated at once.
    pub(super) fn die(
        &mut self,
        key: Key,
        reason: StateReason,
        mut shutdown: Shutdown<'_>,
        at: Timestamp,
    ) -> Option<String> {
        match self.state(key)? {
            State::Pending => {
                let settings = shutdown.settings;
                self.enter(key, (State::ShuttingDown, Some(reason)), settings, at);
                self.terminate(key, settings, at)
            }
            State::Running
            | State::ShuttingDown
            | State::Terminated
            | State::Stopping
            | State::Stopped => {
                self.shut_down(key, reason, &mut shutdown, at);
                None
            }
        }
    }

    /// A machine is at its end; gives its client token.
    pub(super) fn terminate(
        &mut self,
        key: Key,
        settings: &Ec2Settings,
        at: Timestamp,
    ) -> Option<String> {
        self.enter(key, (State::Terminated, None), settings, at);
        let machine = self.machines.get_mut(key)?;
        machine.terminated_at = Some(at);
        self.capacity.free_address(&machine.subnet);
        let token = machine.client_token.clone();
        let vanish_at = at.plus(settings.delays.terminated_listed);
        self.schedule.add(vanish_at, Wake::Vanish(key));
        token
    }

    /// A terminated machine is no longer listed.
    pub(super) fn vanish(&mut self, key: Key, at: Timestamp) {
        if let Some(machine) = self.machines.remove(key) {
            let machine = machine.id.clone();
            self.journal.write(Change::Vanished { machine, at });
        }
    }

    pub(super) fn state(&self, key: Key) -> Option<State> {
        self.machines.get(key).map(|machine| machine.state)
    }

    /// Changes a machine's state; frees what it no longer takes.
    fn enter(
        &mut self,
        key: Key,
        (state, reason): (State, Option<StateReason>),
        settings: &Ec2Settings,
        at: Timestamp,
    ) {
        let Some(machine) = self.machines.get_mut(key) else {
            return;
        };
        let was_live = machine.state.is_live();
        machine.state = state;
        machine.reason = reason.or(machine.reason);
        if was_live && !state.is_live() {
            machine.ended_at = Some(at);
            self.capacity.free(machine, settings);
        }
        self.journal.write(Change::StateChanged {
            machine: machine.id.clone(),
            state,
            at,
        });
    }
}

fn is_live_spot(machine: &MachineRecord) -> bool {
    machine.market == Market::Spot && machine.state.is_live()
}
