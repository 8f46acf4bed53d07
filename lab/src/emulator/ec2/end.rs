//! `TerminateInstances`: many at once, again and again, and none if one of them is not known.
//!
//! A machine with termination protection is not ended, and the call is refused. EC2 documents
//! what becomes of the others: those in a protected machine's availability zone are not ended
//! either, those in zones without one are. So a refused call may have ended machines.

use std::collections::BTreeMap;

use super::Ec2;
use super::error::{self, Refusal};
use super::form::Form;
use super::machine::{Key, MachineRecord, State, Switch};
use super::reason::BY_REQUEST;
use super::throttle::Throttling;
use super::xml::Xml;
use dayfly::model::time::Timestamp;

impl Ec2 {
    pub(super) fn end(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        form.required("InstanceId.1")?;
        let keys = self.known_all(&form.list("InstanceId"), now)?;
        form.check_dry_run()?;
        let before: Vec<(Key, State)> = keys
            .iter()
            .filter_map(|key| Some((*key, self.machines.get(*key)?.state)))
            .collect();
        let ending = before.iter().filter(|(_, state)| state.is_kept()).count();
        let ending = u32::try_from(ending).unwrap_or(u32::MAX);
        let is_real = self.settings.throttling == Throttling::Real;
        if is_real && !self.buckets.take_ends(ending, now) {
            return Err(error::THROTTLED.into());
        }
        if let Some(refusal) = self.end_refused(&keys) {
            return Err(refusal);
        }
        let protected = self.protected(&keys);
        for key in &keys {
            let zone = self.machines.get(*key).map(|machine| &machine.zone);
            if !zone.is_some_and(|zone| protected.contains_key(zone)) {
                self.shut_down(*key, BY_REQUEST, now);
            }
        }
        if let Some(id) = protected.into_values().next() {
            return Err(not_permitted(&id));
        }
        let mut xml = Xml::default();
        xml.list("instancesSet", before, |xml, (key, previous)| {
            let machine = self.machines.get(key);
            xml.optional("instanceId", machine.map(|machine| &machine.id));
            let current = machine.map_or(previous, |machine| machine.state);
            state_xml(xml, "currentState", current);
            state_xml(xml, "previousState", previous);
        });
        Ok(xml)
    }

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
        let machines = keys.iter().filter_map(|key| self.machines.get(*key));
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

fn state_xml(xml: &mut Xml, name: &str, state: State) {
    xml.element(name, |xml| {
        xml.text("code", state.code());
        xml.text("name", state.name());
    });
}
