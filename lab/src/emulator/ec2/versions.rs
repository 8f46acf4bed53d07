//! `DescribeLaunchTemplateVersions`: what the versions of a template say.

use super::Ec2;
use super::describe::{enabled_word, tags_xml, tokens_word};
use super::error::{self, Refusal};
use super::form::Form;
use super::machine::Switch;
use super::page::Page;
use super::template::{MetadataChange, ShutdownBehavior, TemplateData};
use super::xml::Xml;
use dayfly::model::offer::Market;

impl Ec2 {
    /// The versions that are named, or all; `ResolveAlias` looks images up in SSM.
    pub(super) fn describe_templates(&self, form: &Form) -> Result<Xml, Refusal> {
        let page = Page::read(form, 1..=200)?;
        let missing = "The request must contain the parameter LaunchTemplateId";
        let named = self.named_template(form)?;
        let (id, template) = named.ok_or(Refusal::new(error::MISSING, missing))?;
        let lost = || Refusal::from(error::TEMPLATE_VERSION_NOT_FOUND);
        let asked = form.list("LaunchTemplateVersion").into_iter();
        let asked = asked.map(|version| {
            let found = template.version(Some(version)).ok_or_else(lost);
            found.map(|(number, data)| (number, data.clone()))
        });
        let mut versions: Vec<(u32, TemplateData)> = asked.collect::<Result<_, _>>()?;
        if versions.is_empty() {
            let all = template.versions.iter();
            versions.extend(all.map(|(number, data)| (*number, data.clone())));
        }
        if form.flag("ResolveAlias")? {
            for (_, data) in &mut versions {
                if data.image.is_some() {
                    data.image = Some(self.image(data)?.to_owned());
                }
            }
        }
        form.check_dry_run()?;
        let versions = (0..).zip(versions).filter(|(index, _)| page.from <= *index);
        let (versions, next) = page.cut(versions);
        let mut xml = Xml::default();
        xml.list(
            "launchTemplateVersionSet",
            versions,
            |xml, (number, data)| {
                xml.text("launchTemplateId", id);
                xml.text("launchTemplateName", &template.name);
                xml.text("versionNumber", number);
                xml.text("defaultVersion", number == template.default_version);
                xml.element("launchTemplateData", |xml| template_xml(xml, &data));
            },
        );
        xml.optional("nextToken", next);
        Ok(xml)
    }
}

fn template_xml(xml: &mut Xml, data: &TemplateData) {
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
        xml.element("metadataOptions", |xml| metadata_xml(xml, data.metadata));
    }
    if !data.tags.is_empty() {
        xml.list("tagSpecificationSet", [&data.tags], |xml, tags| {
            xml.text("resourceType", "instance");
            tags_xml(xml, tags);
        });
    }
}

/// Only what the version says; a launch has a default for the rest.
fn metadata_xml(xml: &mut Xml, options: MetadataChange) {
    xml.optional("httpTokens", options.tokens_required.map(tokens_word));
    xml.optional("httpPutResponseHopLimit", options.hops_max);
    xml.optional("httpEndpoint", options.endpoint.map(enabled_word));
    xml.optional("instanceMetadataTags", options.tags.map(enabled_word));
}
