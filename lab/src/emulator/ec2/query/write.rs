//! Writes replies as XML: machines, and whatever answers little.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::xml::Xml;
use super::{write_launch, write_lists};
use crate::emulator::ec2::api::{ConsoleOutput, MachinePage, Reply, StateChange};
use crate::emulator::ec2::machine::{MachineRecord, State, Switch, TagMap};
use crate::emulator::ec2::reason::BY_REQUEST;
use crate::emulator::ec2::settings::Ec2Settings;
use crate::emulator::ec2::stamp::Stamp;
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// What a machine takes in an answer, about.
const MACHINE_BYTES: usize = 2048;

/// A reply, as it stands in the answer.
pub(super) fn reply(reply: &Reply, settings: &Ec2Settings) -> Xml {
    let mut xml = Xml::default();
    let out = &mut xml;
    match reply {
        Reply::Fleet(fleet) => write_launch::fleet(out, fleet),
        Reply::Reservation(machines) => reservation(out, machines, settings),
        Reply::Machines(page) => machines(out, page, settings),
        Reply::Statuses(page) => statuses(out, page),
        Reply::Terminating(changes) => state_changes(out, changes),
        Reply::Console(console) => console_output(out, console),
        Reply::Metadata(machine) => {
            out.text("instanceId", &machine.id);
            metadata(out, "instanceMetadataOptions", machine);
        }
        Reply::Done => out.text("return", true),
        Reply::TemplateVersions(versions) => write_launch::template_versions(out, versions),
        Reply::Prices(page, at) => write_lists::prices(out, page, *at),
        Reply::Subnets(rows) => write_lists::subnets(out, rows),
        Reply::Images(rows) => write_lists::images(out, rows, settings),
        Reply::ImageOrdered(id) => out.text("imageId", id),
        Reply::Snapshots(rows) => write_lists::snapshots(out, rows, settings),
        Reply::Types(page) => write_lists::types(out, page),
    }
    xml
}

fn machines(xml: &mut Xml, page: &MachinePage, settings: &Ec2Settings) {
    xml.reserve(page.machines.len() * MACHINE_BYTES);
    let one_launch =
        |one: &Arc<MachineRecord>, next: &Arc<MachineRecord>| one.reservation == next.reservation;
    let launches = page.machines.chunk_by(one_launch);
    xml.list("reservationSet", launches, |xml, machines| {
        reservation(xml, machines, settings);
    });
    xml.optional("nextToken", page.next_token.as_ref());
}

fn reservation(xml: &mut Xml, machines: &[Arc<MachineRecord>], settings: &Ec2Settings) {
    let reservation = machines.first().map(|machine| &machine.reservation);
    xml.optional("reservationId", reservation);
    xml.text("ownerId", &settings.owner);
    xml.list("instancesSet", machines, |xml, one| {
        machine(xml, one, settings);
    });
}

fn machine(xml: &mut Xml, machine: &MachineRecord, settings: &Ec2Settings) {
    let subnet = settings.subnets.get(&machine.subnet);
    xml.string("instanceId", &machine.id);
    xml.string("imageId", &machine.image);
    state(xml, "instanceState", machine.state);
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
    metadata(xml, "metadataOptions", machine);
    tags(xml, &machine.tags);
}

/// The moment of an end by request, as EC2 writes it into a sentence.
fn asked_to_end(at: Timestamp) -> String {
    let moment = Stamp(at).to_string().replace('T', " ");
    let seconds = moment.split('.').next().unwrap_or_default();
    format!("User initiated ({seconds} GMT)")
}

fn state(xml: &mut Xml, name: &str, state: State) {
    xml.element(name, |xml| {
        xml.text("code", state.code());
        xml.string("name", state.name());
    });
}

fn statuses(xml: &mut Xml, page: &MachinePage) {
    xml.list("instanceStatusSet", &page.machines, |xml, machine| {
        xml.text("instanceId", &machine.id);
        xml.text("availabilityZone", &machine.zone);
        state(xml, "instanceState", machine.state);
        for name in ["systemStatus", "instanceStatus"] {
            xml.element(name, |xml| xml.text("status", machine.status_word()));
        }
    });
    xml.optional("nextToken", page.next_token.as_ref());
}

fn state_changes(xml: &mut Xml, changes: &[StateChange]) {
    xml.list("instancesSet", changes, |xml, change| {
        xml.text("instanceId", &change.machine);
        state(xml, "currentState", change.current);
        state(xml, "previousState", change.previous);
    });
}

fn console_output(xml: &mut Xml, console: &ConsoleOutput) {
    xml.text("instanceId", &console.machine);
    xml.text("timestamp", Stamp(console.written_at));
    xml.text("output", STANDARD.encode(&console.output));
}

fn metadata(xml: &mut Xml, name: &str, machine: &MachineRecord) {
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

pub(super) fn tags(xml: &mut Xml, tags: &TagMap) {
    xml.list("tagSet", tags, |xml, (key, value)| {
        xml.string("key", key);
        xml.string("value", value);
    });
}
