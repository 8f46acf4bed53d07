//! `DescribeInstances`: filtered, and in pages of machines, not of launches.

use super::Ec2;
use super::error::{self, Refusal};
use super::filter::{self, Filter};
use super::form::Form;
use super::machine::{Key, MachineRecord, Switch, TagMap};
use super::page::Page;
use super::reason::BY_REQUEST;
use super::settings::Ec2Settings;
use super::xml::{Stamp, Xml};
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// What a machine takes in an answer, about.
const MACHINE_BYTES: usize = 2048;

impl Ec2 {
    pub(super) fn describe(&self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let (machines, next) = self.selected(form, now, &filter::OF_MACHINES, |_| true)?;
        form.check_dry_run()?;
        let mut xml = Xml::default();
        xml.reserve(machines.len() * MACHINE_BYTES);
        let launches = machines.chunk_by(|one, next| one.reservation == next.reservation);
        xml.list("reservationSet", launches, |xml, machines| {
            let reservation = machines.first().map(|machine| &machine.reservation);
            xml.optional("reservationId", reservation);
            xml.text("ownerId", &self.settings.owner);
            xml.list("instancesSet", machines, |xml, machine| {
                machine_xml(xml, machine, &self.settings);
            });
        });
        xml.optional("nextToken", next);
        Ok(xml)
    }

    /// The machines that ids or filters name, and the token of the next page.
    pub(super) fn selected(
        &self,
        form: &Form,
        now: Timestamp,
        known: &[&str],
        also: impl Fn(&MachineRecord) -> bool,
    ) -> Result<(Vec<&MachineRecord>, Option<String>), Refusal> {
        let page = Page::read(form, 5..=1000)?;
        let filters = Filter::read(form, known)?;
        let ids = form.list("InstanceId");
        if !ids.is_empty() && form.get("MaxResults").is_some() {
            let text = "The parameter instancesSet cannot be used with the parameter maxResults";
            return Err(Refusal::new(error::COMBINATION, text));
        }
        let fits = |(_, machine): &(Key, &MachineRecord)| {
            machine.seen_from <= now
                && also(machine)
                && filters.iter().all(|filter| filter::fits(filter, machine))
        };
        if !ids.is_empty() {
            let keys = self.known_all(&ids, now)?;
            let machines = keys
                .iter()
                .filter_map(|key| Some((*key, self.machines.get(*key)?)));
            return Ok(page.cut(machines.filter(fits)));
        }
        // A tag that is asked for by its value spares looking at all the others.
        Ok(match filters.iter().find_map(Filter::exact_tag) {
            Some(tag) => page.cut(self.machines.tagged(&tag, page.from).filter(fits)),
            None => page.cut(self.machines.from(page.from).filter(fits)),
        })
    }

    /// The machines of all ids, or a refusal that names those that are not known.
    pub(super) fn known_all(&self, ids: &[&str], now: Timestamp) -> Result<Vec<Key>, Refusal> {
        let (mut keys, mut lost) = (Vec::new(), Vec::new());
        for id in ids {
            match self.known(id, now) {
                Ok(key) => keys.push(key),
                Err(refusal) if refusal.code == error::MACHINE_NOT_FOUND => lost.push(*id),
                Err(refusal) => return Err(refusal),
            }
        }
        match lost.as_slice() {
            [] => Ok(keys),
            [id] => {
                let text = format!("The instance ID '{id}' does not exist");
                Err(Refusal::new(error::MACHINE_NOT_FOUND, text))
            }
            many => {
                let text = format!("The instance IDs '{}' do not exist", many.join(", "));
                Err(Refusal::new(error::MACHINE_NOT_FOUND, text))
            }
        }
    }
}

pub(super) fn machine_xml(xml: &mut Xml, machine: &MachineRecord, settings: &Ec2Settings) {
    let subnet = settings.subnets.get(&machine.subnet);
    xml.string("instanceId", &machine.id);
    xml.string("imageId", &machine.image);
    xml.element("instanceState", |xml| {
        xml.text("code", machine.state.code());
        xml.string("name", machine.state.name());
    });
    match (machine.reason, machine.ended_at) {
        (Some(BY_REQUEST), Some(at)) => xml.text("reason", asked_to_end(at)),
        (Some(reason), Some(_)) if reason.is_of_ec2() => xml.string("reason", reason.code),
        (Some(_) | None, _) => {}
    }
    xml.text("amiLaunchIndex", machine.launch_index);
    xml.string("instanceType", &machine.instance_type);
    xml.text("launchTime", Stamp(machine.launched_at));
    xml.element("placement", |xml| {
        xml.string("availabilityZone", &machine.zone);
        xml.string("tenancy", "default");
    });
    xml.string("subnetId", &machine.subnet);
    xml.optional("vpcId", subnet.map(|subnet| &subnet.vpc));
    xml.string("privateIpAddress", &machine.address);
    xml.string("architecture", machine.architecture);
    xml.optional("clientToken", machine.client_token.as_ref());
    if machine.market == Market::Spot {
        xml.text("instanceLifecycle", "spot");
    }
    if let Some(reason) = machine.reason {
        xml.element("stateReason", |xml| {
            xml.text("code", reason.code);
            xml.text("message", reason.message);
        });
    }
    metadata_xml(xml, "metadataOptions", machine);
    tags_xml(xml, &machine.tags);
}

/// The moment of an end by request, as EC2 writes it into a sentence.
fn asked_to_end(at: Timestamp) -> String {
    let moment = Stamp(at).to_string().replace('T', " ");
    let seconds = moment.split('.').next().unwrap_or_default();
    format!("User initiated ({seconds} GMT)")
}

pub(super) fn metadata_xml(xml: &mut Xml, name: &str, machine: &MachineRecord) {
    let options = machine.metadata;
    xml.element(name, |xml| {
        xml.string("state", "applied");
        xml.string("httpTokens", tokens_word(options.tokens_required));
        xml.text("httpPutResponseHopLimit", options.hops_max);
        xml.string("httpEndpoint", enabled_word(options.endpoint));
        xml.string("instanceMetadataTags", enabled_word(options.tags));
    });
}

pub(super) const fn enabled_word(switch: Switch) -> &'static str {
    match switch {
        Switch::On => "enabled",
        Switch::Off => "disabled",
    }
}

pub(super) const fn tokens_word(required: Switch) -> &'static str {
    match required {
        Switch::On => "required",
        Switch::Off => "optional",
    }
}

pub(super) fn tags_xml(xml: &mut Xml, tags: &TagMap) {
    xml.list("tagSet", tags, |xml, (key, value)| {
        xml.string("key", key);
        xml.string("value", value);
    });
}
