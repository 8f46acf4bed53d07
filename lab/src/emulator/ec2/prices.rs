//! `DescribeSpotPriceHistory`: what spot machines cost.

use std::collections::BTreeSet;

use super::Ec2;
use super::error::Refusal;
use super::filter::Filter;
use super::form::Form;
use super::page::Page;
use super::xml::{Stamp, Xml};
use dayfly::model::money::MicroDollars;
use dayfly::model::time::Timestamp;

/// What prices are asked and told for.
const PRODUCT: &str = "Linux/UNIX";

/// The filters of prices.
const OF_PRICES: [&str; 4] = [
    "availability-zone",
    "instance-type",
    "product-description",
    "spot-price",
];

impl Ec2 {
    /// One price for each size and zone: the one that held all the time until now.
    pub(super) fn describe_prices(&self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let page = Page::read(form, 1..=1000)?;
        let sizes = form.list("InstanceType");
        let products = form.list("ProductDescription");
        let zone = form.get("AvailabilityZone");
        let filters = Filter::read(form, &OF_PRICES)?;
        form.check_dry_run()?;
        let zones = self.settings.subnets.values().map(|subnet| &subnet.zone);
        let zones: BTreeSet<&String> = zones.collect();
        let mut rows = Vec::new();
        for (size, kind) in &self.settings.types {
            let asked = (sizes.is_empty() || sizes.contains(&size.as_str()))
                && (products.is_empty() || products.contains(&PRODUCT));
            let has = |place: &&&String| asked && !kind.missing_zones.contains(place);
            for place in zones.iter().filter(has) {
                let price = decimal(kind.spot_hourly);
                let fits = |filter: &Filter| match filter.name.as_str() {
                    "availability-zone" => filter.fits(place),
                    "instance-type" => filter.fits(size),
                    "product-description" => filter.fits(PRODUCT),
                    _price => filter.fits(&price),
                };
                let is_there = zone.is_none_or(|zone| zone == place.as_str());
                if is_there && filters.iter().all(fits) {
                    rows.push((size, place.as_str(), price));
                }
            }
        }
        let rows = (0..).zip(rows).filter(|(index, _)| page.from <= *index);
        let (rows, next) = page.cut(rows);
        let mut xml = Xml::default();
        xml.list("spotPriceHistorySet", rows, |xml, (size, place, price)| {
            xml.text("instanceType", size);
            xml.text("productDescription", PRODUCT);
            xml.text("spotPrice", price);
            xml.text("timestamp", Stamp(now));
            xml.text("availabilityZone", place);
        });
        xml.optional("nextToken", next);
        Ok(xml)
    }
}

/// Dollars with six digits, as the history has them.
fn decimal(price: MicroDollars) -> String {
    let (dollars, part) = (price.0 / 1_000_000, price.0 % 1_000_000);
    format!("{dollars}.{part:06}")
}
