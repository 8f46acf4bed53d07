//! What a fleet answers: its machines, and a row of errors for each override that fell short.

use super::Outcome;
use super::choice::Choice;
use crate::emulator::ec2::Ec2;
use crate::emulator::ec2::xml::Xml;
use dayfly::model::offer::Market;

impl Ec2 {
    pub(super) fn fleet_xml(&self, fleet: &str, outcome: &Outcome) -> Xml {
        let mut xml = Xml::default();
        xml.text("fleetId", fleet);
        xml.list("errorSet", &outcome.short, |xml, (one, market, refusal)| {
            override_xml(xml, one, *market);
            xml.text("errorCode", refusal.code.name);
            xml.text("errorMessage", &refusal.message);
        });
        xml.list(
            "fleetInstanceSet",
            &outcome.launched,
            |xml, (one, market, keys)| {
                override_xml(xml, one, *market);
                let machines = keys.iter().filter_map(|key| self.machines.get(*key));
                xml.element("instanceIds", |xml| {
                    for machine in machines {
                        xml.text("item", &machine.id);
                    }
                });
                xml.optional("instanceType", one.data.instance_type.as_ref());
                xml.optional("subnetId", one.data.subnet.as_ref());
                let place = one.data.subnet.as_ref();
                let place = place.and_then(|subnet| self.settings.subnets.get(subnet));
                xml.optional("availabilityZone", place.map(|place| &place.zone));
            },
        );
        xml
    }
}

fn override_xml(xml: &mut Xml, one: &Choice, market: Market) {
    xml.element("launchTemplateAndOverrides", |xml| {
        xml.element("launchTemplateSpecification", |xml| {
            xml.text("launchTemplateId", &one.template);
            xml.text("version", one.version);
        });
        xml.element("overrides", |xml| {
            xml.optional("instanceType", one.said.instance_type.as_ref());
            xml.optional("subnetId", one.said.subnet.as_ref());
            xml.optional("imageId", one.said.image.as_ref());
            if let Some(requirements) = one.requirements {
                requirements.write(xml);
            }
            let whole = one.priority.map(|priority| priority / 1_000_000);
            let part = one.priority.map_or(0, |priority| priority % 1_000_000);
            xml.optional("priority", whole.map(|whole| format!("{whole}.{part:06}")));
        });
    });
    xml.text("lifecycle", market);
}
