//! Lists of what an account holds besides machines and images: subnets, instance types, prices,
//! versions of launch templates.

use std::collections::BTreeSet;

use super::api::{
    PriceQuery, PriceRow, ResourceQuery, Rows, SubnetRow, TemplateQuery, TemplateVersions,
    TypeQuery, TypeRow,
};
use super::error::{self, Refusal};
use super::filter::{self, Filter};
use super::page::Page;
use super::settings::{Ec2Settings, MachineType};
use super::supply::Capacity;
use super::template::TemplateData;
use dayfly::model::money::MicroDollars;

/// What prices are asked and told for.
pub(super) const PRODUCT: &str = "Linux/UNIX";

/// The filters of subnets.
const OF_SUBNETS: [&str; 3] = ["subnet-id", "availability-zone", "vpc-id"];
/// The filters of instance types.
const OF_TYPES: [&str; 4] = [
    "instance-type",
    "vcpu-info.default-vcpus",
    "memory-info.size-in-mib",
    "processor-info.supported-architecture",
];
/// The filters of prices.
const OF_PRICES: [&str; 4] = [
    "availability-zone",
    "instance-type",
    "product-description",
    "spot-price",
];

impl Capacity {
    pub(super) fn describe_subnets(
        &self,
        query: &ResourceQuery,
        settings: &Ec2Settings,
    ) -> Result<Vec<SubnetRow>, Refusal> {
        let mut ids = query.ids.iter();
        if let Some(id) = ids.find(|id| !settings.subnets.contains_key(*id)) {
            let text = format!("The subnet ID '{id}' does not exist");
            return Err(Refusal::new(error::SUBNET_NOT_FOUND, text));
        }
        filter::check_all(&query.filters, &OF_SUBNETS)?;
        let rows = settings.subnets.iter().map(|(id, subnet)| SubnetRow {
            id: id.clone(),
            subnet: subnet.clone(),
            addresses_left: self.addresses_left(id, settings),
        });
        let is_asked = |row: &SubnetRow| {
            (query.ids.is_empty() || query.ids.contains(&row.id))
                && query.filters.iter().all(|filter| row.fits(filter))
        };
        Ok(rows.filter(is_asked).collect())
    }
}

impl SubnetRow {
    fn fits(&self, filter: &Filter) -> bool {
        match filter.name.as_str() {
            "subnet-id" => filter.fits(&self.id),
            "availability-zone" => filter.fits(&self.subnet.zone),
            _vpc => filter.fits(&self.subnet.vpc),
        }
    }
}

impl Ec2Settings {
    /// The instance types of the account, with what `doctor` and requirements ask of them.
    pub(super) fn describe_types(&self, query: &TypeQuery) -> Result<Rows<TypeRow>, Refusal> {
        let page = Page::read(&query.page, 5..=100)?;
        let lost = query
            .types
            .iter()
            .filter(|name| !self.types.contains_key(*name));
        let lost: Vec<&str> = lost.map(String::as_str).collect();
        if !lost.is_empty() {
            let text = format!(
                "The following supplied instance types do not exist: [{}]",
                lost.join(", ")
            );
            return Err(Refusal::new(error::TYPE_NOT_FOUND, text));
        }
        filter::check_all(&query.filters, &OF_TYPES)?;
        let fits = |name: &String, kind: &MachineType| {
            (query.types.is_empty() || query.types.contains(name))
                && query.filters.iter().all(|filter| kind.fits(name, filter))
        };
        let chosen = (0..).zip(&self.types);
        let chosen = chosen.filter(|(index, (name, kind))| page.from <= *index && fits(name, kind));
        let chosen = chosen.map(|(index, (name, kind))| (index, (name.clone(), kind.clone())));
        Ok(page.cut(chosen))
    }

    /// One price for each size and zone: the one that held all the time until now.
    pub(super) fn describe_prices(&self, query: &PriceQuery) -> Result<Rows<PriceRow>, Refusal> {
        let page = Page::read(&query.page, 1..=1000)?;
        filter::check_all(&query.filters, &OF_PRICES)?;
        let zones = self.subnets.values().map(|subnet| &subnet.zone);
        let zones: BTreeSet<&String> = zones.collect();
        let mut rows = Vec::new();
        for (size, kind) in &self.types {
            let is_asked = (query.types.is_empty() || query.types.contains(size))
                && (query.products.is_empty() || query.products.iter().any(|it| it == PRODUCT));
            let has = |zone: &&&String| is_asked && !kind.missing_zones.contains(zone);
            rows.extend(zones.iter().filter(has).map(|zone| PriceRow {
                instance_type: size.clone(),
                zone: (*zone).clone(),
                hourly: kind.spot_hourly,
            }));
        }
        rows.retain(|row| {
            let is_there = query.zone.as_ref().is_none_or(|zone| *zone == row.zone);
            is_there && query.filters.iter().all(|filter| row.fits(filter))
        });
        let rows = (0..).zip(rows).filter(|(index, _)| page.from <= *index);
        Ok(page.cut(rows))
    }

    /// The versions that are named, or all; images may be looked up in SSM.
    pub(super) fn describe_templates(
        &self,
        query: &TemplateQuery,
    ) -> Result<TemplateVersions, Refusal> {
        let page = Page::read(&query.page, 1..=200)?;
        let missing = "The request must contain the parameter LaunchTemplateId";
        let named = self.named_template(&query.template)?;
        let (id, template) = named.ok_or(Refusal::new(error::MISSING, missing))?;
        let lost = || Refusal::from(error::TEMPLATE_VERSION_NOT_FOUND);
        let asked = query.versions.iter().map(|version| {
            let found = template.version(Some(version)).ok_or_else(lost);
            found.map(|(number, data)| (number, data.clone()))
        });
        let mut versions: Vec<(u32, TemplateData)> = asked.collect::<Result<_, _>>()?;
        if versions.is_empty() {
            let all = template.versions.iter();
            versions.extend(all.map(|(number, data)| (*number, data.clone())));
        }
        if query.resolve_alias {
            for (_, data) in &mut versions {
                if data.image.is_some() {
                    data.image = Some(self.image(data)?.to_owned());
                }
            }
        }
        let versions = (0..).zip(versions).filter(|(index, _)| page.from <= *index);
        let Rows { rows, next_token } = page.cut(versions);
        Ok(TemplateVersions {
            id: id.to_owned(),
            name: template.name.clone(),
            default_version: template.default_version,
            versions: rows,
            next_token,
        })
    }
}

impl MachineType {
    fn fits(&self, name: &str, filter: &Filter) -> bool {
        match filter.name.as_str() {
            "instance-type" => filter.fits(name),
            "vcpu-info.default-vcpus" => filter.fits(&self.vcpus.to_string()),
            "memory-info.size-in-mib" => filter.fits(&self.memory_mib.to_string()),
            _architecture => filter.fits(self.architecture),
        }
    }
}

impl PriceRow {
    fn fits(&self, filter: &Filter) -> bool {
        match filter.name.as_str() {
            "availability-zone" => filter.fits(&self.zone),
            "instance-type" => filter.fits(&self.instance_type),
            "product-description" => filter.fits(PRODUCT),
            _price => filter.fits(&decimal(self.hourly)),
        }
    }
}

/// Dollars with six digits, as the history has them.
pub(super) fn decimal(price: MicroDollars) -> String {
    let (dollars, part) = (price.0 / 1_000_000, price.0 % 1_000_000);
    format!("{dollars}.{part:06}")
}
