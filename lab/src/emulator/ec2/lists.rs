//! Lists of what an account holds besides machines and images: subnets, sizes.

use super::Ec2;
use super::error::{self, Refusal};
use super::filter::Filter;
use super::form::Form;
use super::page::Page;
use super::settings::MachineType;
use super::xml::Xml;

/// The filters of sizes.
const OF_SIZES: [&str; 4] = [
    "instance-type",
    "vcpu-info.default-vcpus",
    "memory-info.size-in-mib",
    "processor-info.supported-architecture",
];

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
        let filters = Filter::read(form, &["subnet-id", "availability-zone", "vpc-id"])?;
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

    /// The sizes of the account, with what `doctor` and requirements ask of them.
    pub(super) fn describe_sizes(&self, form: &Form) -> Result<Xml, Refusal> {
        let page = Page::read(form, 5..=100)?;
        let names = form.list("InstanceType");
        let types = &self.settings.types;
        let lost = names.iter().filter(|name| !types.contains_key(**name));
        let lost: Vec<&str> = lost.copied().collect();
        if !lost.is_empty() {
            let text = format!(
                "The following supplied instance types do not exist: [{}]",
                lost.join(", ")
            );
            return Err(Refusal::new(error::TYPE_NOT_FOUND, text));
        }
        let filters = Filter::read(form, &OF_SIZES)?;
        form.check_dry_run()?;
        let chosen = (0..).zip(types).filter(|(index, (name, kind))| {
            page.from <= *index
                && (names.is_empty() || names.contains(&name.as_str()))
                && filters.iter().all(|filter| fits(filter, name, kind))
        });
        let (chosen, next) = page.cut(chosen);
        let mut xml = Xml::default();
        xml.list("instanceTypeSet", chosen, |xml, (name, kind)| {
            size_xml(xml, name, kind);
        });
        xml.optional("nextToken", next);
        Ok(xml)
    }
}

fn fits(filter: &Filter, name: &str, kind: &MachineType) -> bool {
    match filter.name.as_str() {
        "instance-type" => filter.fits(name),
        "vcpu-info.default-vcpus" => filter.fits(&kind.vcpus.to_string()),
        "memory-info.size-in-mib" => filter.fits(&kind.memory_mib.to_string()),
        _architecture => filter.fits(kind.architecture),
    }
}

fn size_xml(xml: &mut Xml, name: &str, kind: &MachineType) {
    xml.text("instanceType", name);
    xml.text("currentGeneration", true);
    xml.element("supportedUsageClasses", |xml| {
        xml.text("item", "on-demand");
        xml.text("item", "spot");
    });
    xml.element("processorInfo", |xml| {
        xml.element("supportedArchitectures", |xml| {
            xml.text("item", kind.architecture);
        });
    });
    xml.element("vCpuInfo", |xml| xml.text("defaultVCpus", kind.vcpus));
    xml.element("memoryInfo", |xml| xml.text("sizeInMiB", kind.memory_mib));
}
