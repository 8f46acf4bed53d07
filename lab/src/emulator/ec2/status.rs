//! What a machine looks like from outside: its status checks, its console, its metadata options.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::Ec2;
use super::describe::metadata_xml;
use super::error::{self, Refusal};
use super::filter::OF_STATUSES;
use super::form::Form;
use super::journal::Change;
use super::machine::{Health, MachineRecord, State};
use super::run::metadata;
use super::xml::{Stamp, Xml};
use dayfly::model::time::Timestamp;

/// How much of a console is kept.
const CONSOLE_BYTES_MAX: usize = 64 * 1024;

impl Ec2 {
    pub(super) fn describe_status(&self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let all = form.flag("IncludeAllInstances")?;
        let is_asked = |machine: &MachineRecord| all || machine.state == State::Running;
        let (machines, next) = self.selected(form, now, &OF_STATUSES, is_asked)?;
        form.check_dry_run()?;
        let mut xml = Xml::default();
        xml.list("instanceStatusSet", machines, |xml, machine| {
            xml.text("instanceId", &machine.id);
            xml.text("availabilityZone", &machine.zone);
            xml.element("instanceState", |xml| {
                xml.text("code", machine.state.code());
                xml.text("name", machine.state.name());
            });
            for name in ["systemStatus", "instanceStatus"] {
                xml.element(name, |xml| xml.text("status", status_word(machine)));
            }
        });
        xml.optional("nextToken", next);
        Ok(xml)
    }

    pub(super) fn console_output(&self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let key = self.known(form.required("InstanceId")?, now)?;
        let delay = self.settings.delays.console;
        let latest = form.flag("Latest")?;
        form.check_dry_run()?;
        let mut xml = Xml::default();
        let Some(machine) = self.machines.get(key) else {
            return Ok(xml);
        };
        // It is posted when a machine ends, too.
        let is_posted = latest || machine.state == State::Terminated;
        let is_shown = |at: Timestamp| is_posted || at.plus(delay) <= now;
        let shown = machine.console.iter().filter(|(at, _)| is_shown(*at));
        let text: String = shown.clone().map(|(_, text)| text.as_str()).collect();
        let from = text.len().saturating_sub(CONSOLE_BYTES_MAX);
        xml.text("instanceId", &machine.id);
        let written_at = shown.map(|(at, _)| *at).max();
        xml.text(
            "timestamp",
            Stamp(written_at.unwrap_or(machine.launched_at)),
        );
        xml.text("output", STANDARD.encode(&text.as_bytes()[from..]));
        Ok(xml)
    }

    pub(super) fn modify_metadata(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let key = self.known(form.required("InstanceId")?, now)?;
        let change = metadata(form)?;
        let state = self.machines.get(key).map(|machine| machine.state);
        if !state.is_some_and(State::is_kept) {
            return Err(error::STATE.into());
        }
        form.check_dry_run()?;
        let mut xml = Xml::default();
        if let Some(machine) = self.machines.get_mut(key) {
            machine.metadata = change.applied(machine.metadata);
            self.journal.write(Change::MetadataChanged {
                machine: machine.id.clone(),
                at: now,
            });
            xml.text("instanceId", &machine.id);
            metadata_xml(&mut xml, "instanceMetadataOptions", machine);
        }
        Ok(xml)
    }
}

/// What both status checks of a machine say.
pub(super) fn status_word(machine: &MachineRecord) -> &'static str {
    match (machine.state, machine.health) {
        (State::Running, Health::Ok) => "ok",
        (State::Running, Health::Impaired) => "impaired",
        (State::Pending, _) => "initializing",
        (State::ShuttingDown | State::Terminated | State::Stopping | State::Stopped, _) => {
            "not-applicable"
        }
    }
}
