//! Writes what launches answer and take over as XML: fleets, versions of launch templates.

use super::write::{enabled_word, tags, tokens_word};
use super::xml::Xml;
use crate::emulator::ec2::api::{FleetOffer, FleetReply, TemplateVersions};
use crate::emulator::ec2::fleet::{Requirements, Span};
use crate::emulator::ec2::machine::Switch;
use crate::emulator::ec2::template::{MetadataChange, ShutdownBehavior, TemplateData};
use dayfly::model::offer::Market;

pub(super) fn fleet(xml: &mut Xml, fleet: &FleetReply) {
    xml.text("fleetId", &fleet.id);
    xml.list("errorSet", &fleet.errors, |xml, error| {
        offer(xml, &error.offer);
        xml.text("errorCode", error.refusal.code.name);
        xml.text("errorMessage", &error.refusal.message);
    });
    xml.list("fleetInstanceSet", &fleet.launched, |xml, launch| {
        offer(xml, &launch.offer);
        xml.element("instanceIds", |xml| {
            for machine in &launch.machines {
                xml.text("item", machine);
            }
        });
        xml.optional("instanceType", launch.instance_type.as_ref());
        xml.optional("subnetId", launch.subnet.as_ref());
        xml.optional("availabilityZone", launch.zone.as_ref());
    });
}

fn offer(xml: &mut Xml, offer: &FleetOffer) {
    let said = &offer.said;
    xml.element("launchTemplateAndOverrides", |xml| {
        xml.element("launchTemplateSpecification", |xml| {
            xml.text("launchTemplateId", &offer.template);
            xml.text("version", offer.version);
        });
        xml.element("overrides", |xml| {
            xml.optional("instanceType", said.instance_type.as_ref());
            xml.optional("subnetId", said.subnet.as_ref());
            xml.optional("imageId", said.image.as_ref());
            if let Some(needed) = said.requirements {
                requirements(xml, needed);
            }
            let whole = said.priority.map(|priority| priority / 1_000_000);
            let part = said.priority.map_or(0, |priority| priority % 1_000_000);
            xml.optional("priority", whole.map(|whole| format!("{whole}.{part:06}")));
        });
    });
    xml.text("lifecycle", offer.market);
}

fn requirements(xml: &mut Xml, needed: Requirements) {
    xml.element("instanceRequirements", |xml| {
        span(xml, "vCpuCount", needed.vcpus);
        span(xml, "memoryMiB", needed.memory_mib);
    });
}

fn span(xml: &mut Xml, name: &str, span: Span) {
    xml.element(name, |xml| {
        xml.text("min", span.least);
        xml.optional("max", span.most);
    });
}

pub(super) fn template_versions(xml: &mut Xml, template: &TemplateVersions) {
    let versions = &template.versions;
    xml.list(
        "launchTemplateVersionSet",
        versions,
        |xml, (number, data)| {
            xml.text("launchTemplateId", &template.id);
            xml.text("launchTemplateName", &template.name);
            xml.text("versionNumber", number);
            xml.text("defaultVersion", *number == template.default_version);
            xml.element("launchTemplateData", |xml| template_data(xml, data));
        },
    );
    xml.optional("nextToken", template.next_token.as_ref());
}

fn template_data(xml: &mut Xml, data: &TemplateData) {
    xml.optional("imageId", data.image.as_ref());
    xml.optional("instanceType", data.instance_type.as_ref());
    xml.optional("userData", data.user_data.as_ref());
    let shutdown = data.shutdown.map(|shutdown| match shutdown {
        ShutdownBehavior::Stop => "stop",
        ShutdownBehavior::Terminate => "terminate",
    });
    xml.optional("instanceInitiatedShutdownBehavior", shutdown);
    let protection = data.protection.map(|protection| protection == Switch::On);
    xml.optional("disableApiTermination", protection);
    if data.market == Some(Market::Spot) {
        xml.element("instanceMarketOptions", |xml| {
            xml.text("marketType", "spot")
        });
    }
    if let Some(subnet) = &data.subnet {
        xml.list("networkInterfaceSet", [subnet], |xml, subnet| {
            xml.text("deviceIndex", 0);
            xml.text("subnetId", subnet);
        });
    }
    if data.metadata != MetadataChange::default() {
        xml.element("metadataOptions", |xml| metadata(xml, data.metadata));
    }
    if !data.tags.is_empty() {
        xml.list("tagSpecificationSet", [&data.tags], |xml, of_machines| {
            xml.text("resourceType", "instance");
            tags(xml, of_machines);
        });
    }
}

/// Only what the version says; a launch has a default for the rest.
fn metadata(xml: &mut Xml, options: MetadataChange) {
    xml.optional("httpTokens", options.tokens_required.map(tokens_word));
    xml.optional("httpPutResponseHopLimit", options.hops_max);
    xml.optional("httpEndpoint", options.endpoint.map(enabled_word));
    xml.optional("instanceMetadataTags", options.tags.map(enabled_word));
}
