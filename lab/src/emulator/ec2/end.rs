//! `TerminateInstances`: many at once, again and again, and none if one of them is not known.
//!
//! A machine with termination protection is not ended, and the call is refused. EC2 documents
//! what becomes of the others: those in a protected machine's availability zone are not ended
//! either, those in zones without one are. So a refused call may have ended machines.

use std::collections::BTreeMap;

use super::api::{Execution, StateChange};
use super::error::{self, Refusal};
use super::lifecycle::{Lifecycle, Shutdown};
use super::machine::{Key, MachineRecord, State, Switch};
use super::machines::Machines;
use super::reason::BY_REQUEST;
use super::throttle::Buckets;
use dayfly::model::time::Timestamp;

/// What terminating machines by a call takes.
#[derive(Debug)]
pub(super) struct Terminator<'a> {
    pub(super) lifecycle: &'a mut Lifecycle,
    pub(super) buckets: &'a mut Buckets,
    pub(super) shutdown: Shutdown<'a>,
    pub(super) now: Timestamp,
}

impl Terminator<'_> {
    /// Terminates the machines of all these ids.
    pub(super) fn terminate(
        mut self,
        ids: &[String],
        execution: Execution,
    ) -> Result<Vec<StateChange>, Refusal> {
        let machines = &self.lifecycle.machines;
        let keys = machines.known_all(ids.iter().map(String::as_str), self.now)?;
        execution.check()?;
        let state = |key: &Key| Some((*key, self.lifecycle.state(*key)?));
        let before: Vec<(Key, State)> = keys.iter().filter_map(state).collect();
        let ending = before.iter().filter(|(_, state)| state.is_kept()).count();
        let ending = u32::try_from(ending).unwrap_or(u32::MAX);
        let throttling = self.shutdown.settings.throttling;
        if !self.buckets.take_ends(throttling, ending, self.now) {
            return Err(error::THROTTLED.into());
        }
        let machines = &self.lifecycle.machines;
        if let Some(refusal) = machines.end_refused(&keys) {
            return Err(refusal);
        }
        let protected = machines.protected(&keys);
        for key in &keys {
            let zone = self.lifecycle.machines.get(*key).map(|it| &it.zone);
            if !zone.is_some_and(|zone| protected.contains_key(zone)) {
                let shutdown = &mut self.shutdown;
                self.lifecycle
                    .shut_down(*key, BY_REQUEST, shutdown, self.now);
            }
        }
        if let Some(id) = protected.into_values().next() {
            return Err(not_permitted(&id));
        }
        let change = |(key, previous): (Key, State)| {
            let machine = self.lifecycle.machines.get(key)?;
            Some(StateChange {
                machine: machine.id.clone(),
                previous,
                current: machine.state,
            })
        };
        Ok(before.into_iter().filter_map(change).collect())
    }
}

impl Machines {
    /// The refusal of the whole call, where a fault refuses the end of one of its machines.
    fn end_refused(&self, keys: &[Key]) -> Option<Refusal> {
        let mut machines = self.kept(keys);
        let code = machines.find_map(|machine| machine.end_refused)?;
        Some(code.into())
    }

    /// The first protected machine of each zone that has one.
    fn protected(&self, keys: &[Key]) -> BTreeMap<String, String> {
        let mut zones = BTreeMap::new();
        let is_protected = |machine: &&MachineRecord| machine.protection == Switch::On;
        for machine in self.kept(keys).filter(is_protected) {
            let zone = zones.entry(machine.zone.clone());
            zone.or_insert_with(|| machine.id.clone());
        }
        zones
    }

    /// Those that have not begun to end.
    fn kept(&self, keys: &[Key]) -> impl Iterator<Item = &MachineRecord> {
        let machines = keys.iter().filter_map(|key| self.get(*key));
        machines.filter(|machine| machine.state.is_kept())
    }
}

/// EC2's own sentence, which names one machine although several may be protected.
fn not_permitted(id: &str) -> Refusal {
    let text = format!(
        "The instance '{id}' may not be terminated. Modify its 'disableApiTermination' instance \
         attribute and try again."
    );
    Refusal::new(error::NOT_PERMITTED, text)
}
