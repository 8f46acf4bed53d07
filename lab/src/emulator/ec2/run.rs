//! `RunInstances`: up to `MaxCount` machines of one offer, or fewer than `MinCount` and none.

use super::Ec2;
use super::action::Action;
use super::attribute::protection;
use super::describe::machine_xml;
use super::error::{self, Refusal};
use super::form::{Form, invalid};
use super::machine::{Key, Switch};
use super::order::Order;
use super::tags::specified;
use super::template::{MetadataChange, ShutdownBehavior, TemplateData};
use super::xml::Xml;
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// What can be tagged by a launch. Only the tags of machines are kept.
const TAGGED: [&str; 4] = [
    "instance",
    "volume",
    "network-interface",
    "spot-instances-request",
];

impl Ec2 {
    pub(super) fn run(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        if let Some(first) = self.replays.find(Action::RunInstances, form)? {
            return Ok(first);
        }
        let (count_min, count_max) = counts(form)?;
        let order = self.run_order(form)?;
        let room = self.room(&order, count_max, now);
        if let Some(refusal) = room.refusal.filter(|_| room.fits < count_min) {
            return Err(refusal);
        }
        form.check_dry_run()?;
        let keys = self.launch(&order, room.fits, now);
        let xml = self.reservation(&keys);
        self.replays
            .remember(Action::RunInstances, form, &xml, keys.len());
        Ok(xml)
    }

    fn run_order(&self, form: &Form) -> Result<Order, Refusal> {
        let data = TemplateData {
            image: form.text("ImageId"),
            instance_type: form.text("InstanceType"),
            subnet: form.text("SubnetId"),
            user_data: form.text("UserData"),
            shutdown: shutdown(form)?,
            protection: form
                .get("DisableApiTermination")
                .map(protection)
                .transpose()?,
            market: market(form)?,
            metadata: match form.under("MetadataOptions") {
                Some(options) => metadata(&options)?,
                None => MetadataChange::default(),
            },
            tags: specified(form, "instance", &TAGGED)?,
        };
        let template = form.under("LaunchTemplate").unwrap_or_default();
        let data = match self.named_version(&template)? {
            Some((_, _, base)) => data.inherit(base),
            None => data,
        };
        let price_max = form.millionths("InstanceMarketOptions.SpotOptions.MaxPrice")?;
        Ok(Order {
            action: Action::RunInstances,
            market: data.market.unwrap_or(Market::OnDemand),
            data,
            price_max: price_max.map(MicroDollars),
            client_token: form.text("ClientToken"),
        })
    }

    fn reservation(&self, keys: &[Key]) -> Xml {
        let mut xml = Xml::default();
        let machines = || keys.iter().filter_map(|key| self.machines.get(*key));
        let reservation = machines().next().map(|machine| &machine.reservation);
        xml.optional("reservationId", reservation);
        xml.text("ownerId", &self.settings.owner);
        xml.list("instancesSet", machines(), |xml, machine| {
            machine_xml(xml, machine, &self.settings);
        });
        xml
    }
}

fn counts(form: &Form) -> Result<(u32, u32), Refusal> {
    let count_min = form.required("MinCount").and(form.number("MinCount"))?;
    let count_max = form.required("MaxCount").and(form.number("MaxCount"))?;
    let (count_min, count_max) = (count_min.unwrap_or(0), count_max.unwrap_or(0));
    if 1 <= count_min && count_min <= count_max {
        return Ok((count_min, count_max));
    }
    let text = format!("MinCount {count_min} and MaxCount {count_max} do not go together");
    Err(Refusal::new(error::VALUE, text))
}

fn shutdown(form: &Form) -> Result<Option<ShutdownBehavior>, Refusal> {
    let value = form.get("InstanceInitiatedShutdownBehavior");
    value.map(shutdown_behavior).transpose()
}

/// `stop` or `terminate`.
pub(super) fn shutdown_behavior(value: &str) -> Result<ShutdownBehavior, Refusal> {
    match value {
        "stop" => Ok(ShutdownBehavior::Stop),
        "terminate" => Ok(ShutdownBehavior::Terminate),
        other => Err(invalid("InstanceInitiatedShutdownBehavior", other)),
    }
}

fn market(form: &Form) -> Result<Option<Market>, Refusal> {
    // Requests that stay, and machines that are stopped instead of ended, are not emulated.
    let only = [
        ("SpotInstanceType", "one-time"),
        ("InstanceInterruptionBehavior", "terminate"),
    ];
    for (name, known) in only {
        let name = format!("InstanceMarketOptions.SpotOptions.{name}");
        if let Some(other) = form.get(&name).filter(|value| *value != known) {
            return Err(invalid(&name, other));
        }
    }
    match form.get("InstanceMarketOptions.MarketType") {
        None => Ok(None),
        Some("spot") => Ok(Some(Market::Spot)),
        Some(other) => Err(invalid("InstanceMarketOptions.MarketType", other)),
    }
}

/// Metadata options, as a launch and `ModifyInstanceMetadataOptions` give them.
pub(super) fn metadata(form: &Form) -> Result<MetadataChange, Refusal> {
    let switch = |name: &str, on: &str, off: &str| match form.get(name) {
        None => Ok(None),
        Some(value) if value == on => Ok(Some(Switch::On)),
        Some(value) if value == off => Ok(Some(Switch::Off)),
        Some(value) => Err(invalid(name, value)),
    };
    let hops_max = form.number("HttpPutResponseHopLimit")?;
    if let Some(hops) = hops_max.filter(|hops| !(1..=64).contains(hops)) {
        return Err(invalid("HttpPutResponseHopLimit", &hops.to_string()));
    }
    Ok(MetadataChange {
        endpoint: switch("HttpEndpoint", "enabled", "disabled")?,
        tokens_required: switch("HttpTokens", "required", "optional")?,
        hops_max,
        tags: switch("InstanceMetadataTags", "enabled", "disabled")?,
    })
}
