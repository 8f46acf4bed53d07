//! `ModifyInstanceAttribute`: termination protection, and what powering off does.

use super::Ec2;
use super::error::{self, Refusal};
use super::form::{Form, invalid};
use super::machine::{State, Switch};
use super::run::shutdown_behavior;
use super::template::ShutdownBehavior;
use super::xml::Xml;
use dayfly::model::time::Timestamp;

/// The attributes that can be changed here, as a request names them.
const PROTECTION: &str = "DisableApiTermination";
const SHUTDOWN: &str = "InstanceInitiatedShutdownBehavior";

/// One attribute and its new value.
#[derive(Clone, Copy, Debug)]
enum Change {
    Protection(Switch),
    Shutdown(ShutdownBehavior),
}

impl Ec2 {
    pub(super) fn modify_attribute(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let key = self.known(form.required("InstanceId")?, now)?;
        let change = change(form)?;
        let state = self.machines.get(key).map(|machine| machine.state);
        if !state.is_some_and(State::is_kept) {
            return Err(error::STATE.into());
        }
        form.check_dry_run()?;
        if let Some(machine) = self.machines.get_mut(key) {
            match change {
                Change::Protection(protection) => machine.protection = protection,
                Change::Shutdown(shutdown) => machine.shutdown = shutdown,
            }
        }
        let mut xml = Xml::default();
        xml.text("return", true);
        Ok(xml)
    }
}

/// The one attribute that a request changes: under its own name, or as `Attribute` and `Value`.
fn change(form: &Form) -> Result<Change, Refusal> {
    let own = |name: &str| form.get(&format!("{name}.Value"));
    let named = |name: &str| {
        let attribute = form.get("Attribute").unwrap_or_default();
        let is_named = attribute.eq_ignore_ascii_case(name);
        is_named.then(|| form.get("Value").unwrap_or_default())
    };
    let value = |name: &str| own(name).or_else(|| named(name));
    match (value(PROTECTION), value(SHUTDOWN)) {
        (Some(_), Some(_)) => {
            let text = "Fields for multiple attribute types specified";
            Err(Refusal::new(error::COMBINATION, text))
        }
        (Some(value), None) => protection(value).map(Change::Protection),
        (None, Some(value)) => shutdown_behavior(value).map(Change::Shutdown),
        (None, None) => match form.get("Attribute") {
            Some(other) => Err(invalid("Attribute", other)),
            None => Err(Refusal::new(error::COMBINATION, "No attributes specified.")),
        },
    }
}

/// `true` or `false` of `DisableApiTermination`.
pub(super) fn protection(value: &str) -> Result<Switch, Refusal> {
    match value {
        "true" => Ok(Switch::On),
        "false" => Ok(Switch::Off),
        other => Err(invalid(PROTECTION, other)),
    }
}
