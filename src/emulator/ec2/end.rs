//! `TerminateInstances`: many at once, again and again, and none if one of them is not known.

use super::Ec2;
use super::error::{self, Refusal};
use super::form::Form;
use super::life::BY_REQUEST;
use super::machine::{Key, State};
use super::throttle::Throttling;
use super::xml::Xml;
use crate::model::time::Timestamp;

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
        for key in keys {
            self.shut_down(key, BY_REQUEST, now);
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
}

fn state_xml(xml: &mut Xml, name: &str, state: State) {
    xml.element(name, |xml| {
        xml.text("code", state.code());
        xml.text("name", state.name());
    });
}
