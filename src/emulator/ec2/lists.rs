//! Lists of what an account holds besides machines: subnets, images, templates, spot prices.

use std::collections::BTreeSet;

use super::Ec2;
use super::describe::tags_xml;
use super::error::{self, Refusal};
use super::filter::Filter;
use super::form::Form;
use super::page::Page;
use super::settings::ImageState;
use super::template::{ShutdownBehavior, TemplateData};
use super::xml::{Stamp, Xml};
use crate::model::time::Timestamp;

/// What spot prices are asked and told for.
const PRODUCT: &str = "Linux/UNIX";

impl Ec2 {
    pub(super) fn describe_subnets(&self, form: &Form) -> Result<Xml, Refusal> {
        let ids = form.list("SubnetId");
        if let Some(id) = ids
            .iter()
            .find(|id| !self.settings.subnets.contains_key(**id))
        {
            let text = format!("The subnet ID '{id}' does not exist");
            return Err(Refusal::new(error::SUBNET_NOT_FOUND, text));
        }
        let filters = filters(form, &["subnet-id", "availability-zone", "vpc-id"])?;
        form.check_dry_run()?;
        let chosen = self.settings.subnets.iter().filter(|(id, subnet)| {
            let fits = |filter: &Filter| match filter.name.as_str() {
                "subnet-id" => filter.fits(id),
                "availability-zone" => filter.fits(&subnet.zone),
                _vpc => filter.fits(&subnet.vpc),
            };
            (ids.is_empty() || ids.contains(&id.as_str())) && filters.iter().all(fits)
        });
        let mut xml = Xml::default();
        xml.list("subnetSet", chosen, |xml, (id, subnet)| {
            xml.text("subnetId", id);
            xml.text("state", "available");
            xml.text("vpcId", &subnet.vpc);
            xml.text("availabilityZone", &subnet.zone);
            xml.text("availableIpAddressCount", self.addresses_left(id));
        });
        Ok(xml)
    }

    pub(super) fn describe_images(&self, form: &Form) -> Result<Xml, Refusal> {
        let ids = form.list("ImageId");
        if let Some(id) = ids
            .iter()
            .find(|id| !self.settings.images.contains_key(**id))
        {
            let text = format!("The image id '[{id}]' does not exist");
            return Err(Refusal::new(error::IMAGE_NOT_FOUND, text));
        }
        let filters = filters(form, &["image-id", "architecture", "name"])?;
        form.check_dry_run()?;
        let chosen = self.settings.images.iter().filter(|(id, image)| {
            let fits = |filter: &Filter| match filter.name.as_str() {
                "image-id" => filter.fits(id),
                "architecture" => filter.fits(image.architecture),
                _name => filter.fits(&image.name),
            };
            (ids.is_empty() || ids.contains(&id.as_str())) && filters.iter().all(fits)
        });
        let mut xml = Xml::default();
        xml.list("imagesSet", chosen, |xml, (id, image)| {
            xml.text("imageId", id);
            xml.text("name", &image.name);
            xml.text("architecture", image.architecture);
            let state = match image.state {
                ImageState::Available => "available",
                ImageState::Pending => "pending",
            };
            xml.text("imageState", state);
            xml.text("imageOwnerId", &self.settings.owner);
        });
        Ok(xml)
    }

    pub(super) fn describe_templates(&self, form: &Form) -> Result<Xml, Refusal> {
        let missing = "The request must contain the parameter LaunchTemplateId";
        let named = self.named_template(form)?;
        let (id, template) = named.ok_or(Refusal::new(error::MISSING, missing))?;
        let lost = || Refusal::from(error::TEMPLATE_VERSION_NOT_FOUND);
        let asked = form.list("LaunchTemplateVersion").into_iter();
        let asked = asked.map(|version| template.version(Some(version)).ok_or_else(lost));
        let mut versions: Vec<(u32, &TemplateData)> = asked.collect::<Result<_, _>>()?;
        if versions.is_empty() {
            let all = template.versions.iter();
            versions.extend(all.map(|(number, data)| (*number, data)));
        }
        form.check_dry_run()?;
        let mut xml = Xml::default();
        xml.list(
            "launchTemplateVersionSet",
            versions,
            |xml, (number, data)| {
                xml.text("launchTemplateId", id);
                xml.text("launchTemplateName", &template.name);
                xml.text("versionNumber", number);
                xml.text("defaultVersion", number == template.default_version);
                xml.element("launchTemplateData", |xml| template_xml(xml, data));
            },
        );
        Ok(xml)
    }

    /// One price for each size and zone: the one that held all the time until now.
    pub(super) fn describe_prices(&self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let page = Page::read(form, 1)?;
        let sizes = form.list("InstanceType");
        let products = form.list("ProductDescription");
        let zone = form.get("AvailabilityZone");
        form.check_dry_run()?;
        let zones = self.settings.subnets.values().map(|subnet| &subnet.zone);
        let zones: BTreeSet<&String> = zones.collect();
        let mut rows = Vec::new();
        for (size, kind) in &self.settings.types {
            let has = |place: &&&String| !kind.missing_zones.contains(place);
            let asked = (sizes.is_empty() || sizes.contains(&size.as_str()))
                && (products.is_empty() || products.contains(&PRODUCT));
            for place in zones.iter().filter(has).filter(|_| asked) {
                if zone.is_none_or(|zone| zone == place.as_str()) {
                    rows.push((size, place.as_str(), kind.spot_hourly.0));
                }
            }
        }
        let rows = (0..).zip(rows).filter(|(index, _)| page.from <= *index);
        let (rows, next) = page.cut(rows);
        let mut xml = Xml::default();
        xml.list("spotPriceHistorySet", rows, |xml, (size, place, price)| {
            xml.text("instanceType", size);
            xml.text("productDescription", PRODUCT);
            let (dollars, part) = (price / 1_000_000, price % 1_000_000);
            xml.text("spotPrice", format_args!("{dollars}.{part:06}"));
            xml.text("timestamp", Stamp(now));
            xml.text("availabilityZone", place);
        });
        xml.optional("nextToken", next);
        Ok(xml)
    }
}

fn filters(form: &Form, known: &[&str]) -> Result<Vec<Filter>, Refusal> {
    let filters = Filter::read(form)?;
    match filters.iter().find(|filter| filter.tag().is_some()) {
        // Only machines have tags here.
        Some(filter) => Err(super::form::invalid("Filter", &filter.name)),
        None => {
            filters.iter().try_for_each(|filter| filter.check(known))?;
            Ok(filters)
        }
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
    if !data.tags.is_empty() {
        xml.list("tagSpecificationSet", [&data.tags], |xml, tags| {
            xml.text("resourceType", "instance");
            tags_xml(xml, tags);
        });
    }
}
