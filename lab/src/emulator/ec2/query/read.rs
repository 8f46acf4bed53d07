//! Reads calls from forms.

use super::form::Form;
use super::{parameters, read_launch};
use crate::emulator::ec2::action::Action;
use crate::emulator::ec2::api::{
    AttributeChange, Call, CreateImage, Execution, Filter, ImageQuery, MachineQuery, PageRequest,
    PriceQuery, ResourceQuery, StatusQuery, Tag, TagSelector, TagSpecification, TemplateQuery,
    TemplateSpecification, TypeQuery,
};
use crate::emulator::ec2::error::{self, Refusal, invalid};
use crate::emulator::ec2::machine::Switch;
use crate::emulator::ec2::template::{MetadataChange, ShutdownBehavior};

/// The attributes that can be changed here, as a request names them.
const PROTECTION: &str = "DisableApiTermination";
const SHUTDOWN: &str = "InstanceInitiatedShutdownBehavior";

/// What a form asks of an action.
pub(super) fn call(action: Action, form: &Form) -> Result<(Call, Execution), Refusal> {
    form.check_known(parameters::known(action))?;
    let execution = if form.flag("DryRun")? {
        Execution::Dry
    } else {
        Execution::Real
    };
    let call = match action {
        Action::CreateFleet => Call::CreateFleet(read_launch::fleet(form)?),
        Action::RunInstances => Call::RunInstances(read_launch::run(form)?),
        Action::DescribeInstances => Call::DescribeInstances(machines(form)?),
        Action::DescribeInstanceStatus => Call::DescribeInstanceStatus(StatusQuery {
            machines: machines(form)?,
            include_all: form.flag("IncludeAllInstances")?,
        }),
        Action::TerminateInstances => terminate(form)?,
        Action::GetConsoleOutput => Call::GetConsoleOutput {
            machine: machine(form)?,
            latest: form.flag("Latest")?,
        },
        Action::ModifyInstanceMetadataOptions => Call::ModifyInstanceMetadataOptions {
            machine: machine(form)?,
            change: metadata(form)?,
        },
        Action::ModifyInstanceAttribute => Call::ModifyInstanceAttribute {
            machine: machine(form)?,
            change: attribute(form)?,
        },
        Action::CreateTags => Call::CreateTags {
            resources: tagged(form)?,
            tags: tags(form)?,
        },
        Action::DeleteTags => Call::DeleteTags {
            resources: tagged(form)?,
            tags: selectors(form)?,
        },
        Action::DescribeLaunchTemplateVersions => templates(form)?,
        Action::DescribeSpotPriceHistory => prices(form)?,
        Action::DescribeSubnets => Call::DescribeSubnets(resources(form, "SubnetId")?),
        Action::DescribeImages => Call::DescribeImages(ImageQuery {
            ids: form.texts("ImageId"),
            owners: form.texts("Owner"),
            filters: filters(form)?,
        }),
        Action::CreateImage => Call::CreateImage(CreateImage {
            machine: machine(form)?,
            name: form.required("Name")?.to_owned(),
            tags: tag_specifications(form)?,
        }),
        Action::DeregisterImage => Call::DeregisterImage {
            image: form.required("ImageId")?.to_owned(),
        },
        Action::DescribeSnapshots => Call::DescribeSnapshots(resources(form, "SnapshotId")?),
        Action::DeleteSnapshot => Call::DeleteSnapshot {
            snapshot: form.required("SnapshotId")?.to_owned(),
        },
        Action::DescribeInstanceTypes => Call::DescribeInstanceTypes(TypeQuery {
            types: form.texts("InstanceType"),
            filters: filters(form)?,
            page: page(form)?,
        }),
    };
    Ok((call, execution))
}

fn terminate(form: &Form) -> Result<Call, Refusal> {
    form.required("InstanceId.1")?;
    Ok(Call::TerminateInstances {
        machines: form.texts("InstanceId"),
    })
}

fn templates(form: &Form) -> Result<Call, Refusal> {
    Ok(Call::DescribeLaunchTemplateVersions(TemplateQuery {
        template: template(form),
        versions: form.texts("LaunchTemplateVersion"),
        resolve_alias: form.flag("ResolveAlias")?,
        page: page(form)?,
    }))
}

fn prices(form: &Form) -> Result<Call, Refusal> {
    Ok(Call::DescribeSpotPriceHistory(PriceQuery {
        types: form.texts("InstanceType"),
        products: form.texts("ProductDescription"),
        zone: form.text("AvailabilityZone"),
        filters: filters(form)?,
        page: page(form)?,
    }))
}

/// The one machine that a call is about.
fn machine(form: &Form) -> Result<String, Refusal> {
    form.required("InstanceId").map(str::to_owned)
}

fn machines(form: &Form) -> Result<MachineQuery, Refusal> {
    Ok(MachineQuery {
        ids: form.texts("InstanceId"),
        filters: filters(form)?,
        page: page(form)?,
    })
}

fn resources(form: &Form, ids: &str) -> Result<ResourceQuery, Refusal> {
    Ok(ResourceQuery {
        ids: form.texts(ids),
        filters: filters(form)?,
    })
}

fn page(form: &Form) -> Result<PageRequest, Refusal> {
    Ok(PageRequest {
        max_results: form.number("MaxResults")?,
        next_token: form.text("NextToken"),
    })
}

fn filters(form: &Form) -> Result<Vec<Filter>, Refusal> {
    let each = |item: Form| {
        Ok(Filter {
            name: item.required("Name")?.to_owned(),
            values: item.texts("Value"),
        })
    };
    form.items("Filter").into_iter().map(each).collect()
}

pub(super) fn template(form: &Form) -> TemplateSpecification {
    TemplateSpecification {
        id: form.text("LaunchTemplateId"),
        name: form.text("LaunchTemplateName"),
        version: form.text("Version"),
    }
}

/// What is to be tagged or untagged.
fn tagged(form: &Form) -> Result<Vec<String>, Refusal> {
    form.required("ResourceId.1")?;
    Ok(form.texts("ResourceId"))
}

/// `Tag.N.Key` and `Tag.N.Value`.
fn tags(form: &Form) -> Result<Vec<Tag>, Refusal> {
    let each = |tag: Form| {
        let key = tag.required("Key")?;
        Ok(Tag::new(key, tag.get("Value").unwrap_or_default()))
    };
    form.items("Tag").into_iter().map(each).collect()
}

fn selectors(form: &Form) -> Result<Vec<TagSelector>, Refusal> {
    let each = |tag: Form| {
        Ok(TagSelector {
            key: tag.required("Key")?.to_owned(),
            value: tag.text("Value"),
        })
    };
    form.items("Tag").into_iter().map(each).collect()
}

pub(super) fn tag_specifications(form: &Form) -> Result<Vec<TagSpecification>, Refusal> {
    let each = |specification: Form| {
        Ok(TagSpecification {
            resource: specification.required("ResourceType")?.to_owned(),
            tags: tags(&specification)?,
        })
    };
    form.items("TagSpecification")
        .into_iter()
        .map(each)
        .collect()
}

/// The one attribute that a request changes: under its own name, or as `Attribute` and `Value`.
fn attribute(form: &Form) -> Result<AttributeChange, Refusal> {
    let own = |name: &str| form.get(&format!("{name}.Value"));
    let named = |name: &str| {
        let attribute = form.get("Attribute").unwrap_or_default();
        let is_named = attribute.eq_ignore_ascii_case(name);
        is_named.then(|| form.get("Value").unwrap_or_default())
    };
    let value = |name: &str| own(name).or_else(|| named(name));
    match (value(PROTECTION), value(SHUTDOWN)) {
        (Some(_), Some(_)) => {
            let text = "Fields for multiple attribute types specified";
            Err(Refusal::new(error::COMBINATION, text))
        }
        (Some(value), None) => protection(value).map(AttributeChange::Protection),
        (None, Some(value)) => shutdown(value).map(AttributeChange::Shutdown),
        (None, None) => match form.get("Attribute") {
            Some(other) => Err(invalid("Attribute", other)),
            None => Err(Refusal::new(error::COMBINATION, "No attributes specified.")),
        },
    }
}

/// `true` or `false` of `DisableApiTermination`.
pub(super) fn protection(value: &str) -> Result<Switch, Refusal> {
    match value {
        "true" => Ok(Switch::On),
        "false" => Ok(Switch::Off),
        other => Err(invalid(PROTECTION, other)),
    }
}

/// `stop` or `terminate`.
pub(super) fn shutdown(value: &str) -> Result<ShutdownBehavior, Refusal> {
    match value {
        "stop" => Ok(ShutdownBehavior::Stop),
        "terminate" => Ok(ShutdownBehavior::Terminate),
        other => Err(invalid(SHUTDOWN, other)),
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
