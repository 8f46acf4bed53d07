//! What a launch asks for: what it takes over from its template, and whether that can be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::action::Action;
use super::api::TemplateSpecification;
use super::error::{self, Refusal, invalid};
use super::settings::{Ec2Settings, ImageState};
use super::template::{LaunchTemplate, TemplateData};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::Market;

const USER_DATA_BYTES_MAX: usize = 16 * 1024;

/// A launch of machines of one offer, with all that was inherited.
#[derive(Clone, Debug)]
pub(super) struct Order {
    pub(super) action: Action,
    pub(super) data: TemplateData,
    pub(super) market: Market,
    pub(super) price_max: Option<MicroDollars>,
    pub(super) client_token: Option<String>,
}

impl Ec2Settings {
    /// The version of a template that a launch names, if it names one.
    pub(super) fn named_version(
        &self,
        named: &TemplateSpecification,
    ) -> Result<Option<(&str, u32, &TemplateData)>, Refusal> {
        let Some((id, template)) = self.named_template(named)? else {
            return Ok(None);
        };
        let version = template.version(named.version.as_deref());
        let (number, data) = version.ok_or(Refusal::from(error::TEMPLATE_VERSION_NOT_FOUND))?;
        Ok(Some((id, number, data)))
    }

    /// The template that a request names, by its id or by its name.
    pub(super) fn named_template(
        &self,
        named: &TemplateSpecification,
    ) -> Result<Option<(&str, &LaunchTemplate)>, Refusal> {
        let templates = &self.templates;
        let found = match (named.id.as_deref(), named.name.as_deref()) {
            (None, None) => return Ok(None),
            (Some(_), Some(_)) => return Err(error::COMBINATION.into()),
            (Some(id), None) => {
                let found = templates.get_key_value(id);
                found.ok_or(Refusal::from(error::TEMPLATE_NOT_FOUND))?
            }
            (None, Some(name)) => {
                let found = templates.iter().find(|(_, template)| template.name == name);
                found.ok_or(Refusal::from(error::TEMPLATE_NAME_NOT_FOUND))?
            }
        };
        Ok(Some((found.0, found.1)))
    }

    /// The order's size and subnet, once everything that it names exists and goes together.
    pub(super) fn checked(&self, order: &Order) -> Result<(String, String), Refusal> {
        let data = &order.data;
        let missing = |name: &str| {
            let text = format!("The request must contain the parameter {name}");
            Refusal::new(error::MISSING, text)
        };
        let size = data.instance_type.as_deref();
        let size = size.ok_or_else(|| missing("InstanceType"))?;
        let subnet = data.subnet.as_deref();
        let subnet = subnet.ok_or_else(|| missing("SubnetId"))?;
        let kind = self.types.get(size);
        let kind = kind.ok_or_else(|| invalid("InstanceType", size))?;
        let place = self.subnets.get(subnet).ok_or_else(|| {
            let text = format!("The subnet ID '{subnet}' does not exist");
            Refusal::new(error::SUBNET_NOT_FOUND, text)
        })?;
        let image = self.image(data)?;
        let found = self.images.get(image).ok_or_else(|| {
            let text = format!("The image id '[{image}]' does not exist");
            Refusal::new(error::IMAGE_NOT_FOUND, text)
        })?;
        match found.state {
            ImageState::Available => {}
            ImageState::Pending | ImageState::Failed => {
                return Err(error::IMAGE_UNAVAILABLE.into());
            }
        }
        if found.architecture != kind.architecture {
            let text = format!(
                "The architecture '{}' of the specified instance type does not match the \
                 architecture '{}' of the specified AMI.",
                kind.architecture, found.architecture
            );
            return Err(Refusal::new(error::VALUE, text));
        }
        check_user_data(data.user_data.as_deref())?;
        if kind.missing_zones.contains(&place.zone) {
            return Err(error::UNSUPPORTED.into());
        }
        let is_cheap = |max: &MicroDollars| *max < kind.spot_hourly;
        if order.market == Market::Spot && order.price_max.as_ref().is_some_and(is_cheap) {
            return Err(error::SPOT_PRICE.into());
        }
        Ok((size.to_owned(), subnet.to_owned()))
    }

    /// The image's id, through SSM if the template says so.
    pub(super) fn image<'a>(&'a self, data: &'a TemplateData) -> Result<&'a str, Refusal> {
        let text = || "The request must contain the parameter ImageId";
        let image = data.image.as_deref();
        let image = image.ok_or_else(|| Refusal::new(error::MISSING, text()))?;
        let image = match image.strip_prefix("resolve:ssm:") {
            None => image,
            Some(name) => {
                let value = self.parameters.get(name);
                value.ok_or_else(|| invalid("ImageId", image))?
            }
        };
        if image.starts_with("ami-") {
            return Ok(image);
        }
        let text = format!("Invalid id: \"{image}\" (expecting \"ami-...\")");
        Err(Refusal::new(error::IMAGE_MALFORMED, text))
    }
}

fn check_user_data(data: Option<&str>) -> Result<(), Refusal> {
    let Some(data) = data else {
        return Ok(());
    };
    match STANDARD.decode(data) {
        Ok(raw) if raw.len() <= USER_DATA_BYTES_MAX => Ok(()),
        Ok(_) => Err(error::USER_DATA.into()),
        Err(_) => {
            let text = "Invalid BASE64 encoding of user data.";
            Err(Refusal::new(error::USER_DATA, text))
        }
    }
}
