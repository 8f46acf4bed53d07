//! EC2's words into ours.

use std::time::Duration;

use aws_sdk_ec2::primitives::DateTime;
use aws_sdk_ec2::types::{Instance, InstanceLifecycleType, InstanceStateName};

use super::prices::Prices;
use super::tags;
use crate::model::ending::EndedBy;
use crate::model::id::{LaunchToken, MachineId, PoolName, TemplateVersion};
use crate::model::machine::{Machine, Phase};
use crate::model::offer::Market;
use crate::model::time::Timestamp;
use crate::ports::CloudError;

/// The limits of a machine whose tags somebody has changed: the defaults of the configuration,
/// so that it neither lives for ever nor ends at once.
const BOOT_LIMIT: Duration = Duration::from_secs(300);
const LIFETIME: Duration = Duration::from_secs(90_000);

/// A machine of ours, out of EC2's list.
///
/// # Errors
/// It has no id or no launch time, which EC2 never omits. A machine of unknown age must not count
/// as one that is older than its lifetime, and one of unknown id must not be left out.
pub fn machine(listed: &Instance, prices: &Prices) -> Result<Machine, CloudError> {
    let without = |what| CloudError::Failed(format!("the list has an instance without {what}"));
    let id = listed.instance_id().ok_or_else(|| without("an id"))?;
    let launched_at = listed.launch_time();
    let launched_at = launched_at.ok_or_else(|| without("a launch time"))?;
    let tags = listed.tags();
    let tag = |key| tags::value(tags, key).unwrap_or_default();
    let market = match listed.instance_lifecycle() {
        Some(InstanceLifecycleType::Spot) => Market::Spot,
        // The SDK's enum is open: what it does not know is not spot, and so at the list price.
        Some(_) | None => Market::OnDemand,
    };
    let instance_type = listed.instance_type().map_or("", |size| size.as_str());
    let offer = prices.offer(
        instance_type,
        listed.subnet_id().unwrap_or_default(),
        market,
    );
    Ok(Machine {
        id: MachineId::new(id),
        pool: PoolName::new(tag(tags::POOL)),
        token: LaunchToken::new(tag(tags::LAUNCH)),
        template: TemplateVersion::new(tag(tags::TEMPLATE)),
        offer,
        phase: phase(listed.state().and_then(|state| state.name())),
        launched_at: moment(launched_at),
        boot_limit: tags::seconds(tags, tags::BOOT_LIMIT).unwrap_or(BOOT_LIMIT),
        lifetime: tags::seconds(tags, tags::LIFETIME).unwrap_or(LIFETIME),
        held: tags::value(tags, tags::HELD).is_some(),
        impaired: false,
        ended_by: ended_by(listed),
        console: None,
    })
}

/// EC2's codes for an end that somebody asked for, for one by the machine itself, and for those by
/// the spot market. All others are failures of the cloud, or of what it was asked for.
const BY_REQUEST: &str = "Client.UserInitiatedShutdown";
const BY_ITSELF: &str = "Client.InstanceInitiatedShutdown";
const BY_SPOT: &str = "Server.SpotInstance";

/// Who ended a machine; `None` for one that runs, which has no reason or an empty one.
pub fn ended_by(listed: &Instance) -> Option<EndedBy> {
    let reason = listed.state_reason()?;
    let code = reason.code().filter(|code| !code.is_empty())?;
    let word = || reason.message().unwrap_or(code).to_owned();
    Some(match code {
        BY_REQUEST => EndedBy::Request,
        BY_ITSELF => EndedBy::Itself,
        spot if spot.starts_with(BY_SPOT) => EndedBy::SpotReclaim { word: word() },
        _ => EndedBy::Cloud { word: word() },
    })
}

/// A stopped machine has powered itself off and not been ended: it costs its disk, and counts
/// until it is gone.
fn phase(state: Option<&InstanceStateName>) -> Phase {
    match state {
        Some(InstanceStateName::Pending) => Phase::Pending,
        Some(InstanceStateName::Terminated) => Phase::Gone,
        Some(InstanceStateName::ShuttingDown) => Phase::Stopping,
        Some(_) | None => Phase::Running,
    }
}

/// EC2's moments have milliseconds at most.
pub fn moment(time: &DateTime) -> Timestamp {
    let millis = time.to_millis().unwrap_or_default();
    Timestamp::default().plus(Duration::from_millis(
        u64::try_from(millis).unwrap_or_default(),
    ))
}
