//! Launch tokens: the same causes give the same token, so that a cloud launches nothing twice.

use std::fmt::Write;
use std::time::Duration;

use ring::digest::{Context, SHA256};

use crate::model::id::{Deployment, LaunchToken, MachineId, PoolName};
use crate::model::offer::Offer;
use crate::model::template::LaunchTemplate;
use crate::model::time::Timestamp;

/// How long the same causes mean the same launch. Longer than a restart of the scaler and than a
/// cloud's list lags behind; shorter than the three minutes for which an offer without capacity
/// is left alone, so that trying it again is a new launch and not an echo of the old answer.
pub const SAME_LAUNCH: Duration = Duration::from_secs(120);

/// Why a batch is launched.
#[derive(Clone, Debug)]
pub struct Causes<'a> {
    /// Whose machines they will be.
    pub deployment: &'a Deployment,
    /// For which pool.
    pub pool: &'a PoolName,
    /// From which template.
    pub template: &'a LaunchTemplate,
    /// How many.
    pub count: u32,
    /// Where: other offers are another request to the cloud.
    pub offers: &'a [Offer],
    /// The machines that were there already, ended ones too: one that ended is a new cause.
    pub machines: Vec<&'a MachineId>,
}

/// The token of a batch: 32 hex digits after a prefix, within EC2's 64 characters.
pub fn launch_token(causes: &Causes<'_>, now: Timestamp) -> LaunchToken {
    let window = u128::from(now.as_millis()) / SAME_LAUNCH.as_millis();
    let mut digest = Context::new(&SHA256);
    let mut add = |part: &str| {
        // A length before each part keeps ("ab", "c") and ("a", "bc") apart.
        digest.update(&part.len().to_be_bytes());
        digest.update(part.as_bytes());
    };
    add(causes.deployment.as_str());
    add(causes.pool.as_str());
    add(&causes.template.to_string());
    add(&causes.count.to_string());
    causes
        .offers
        .iter()
        .for_each(|offer| add(&offer.to_string()));
    causes
        .machines
        .iter()
        .for_each(|machine| add(machine.as_str()));
    add(&window.to_string());
    let hash = digest.finish();
    let mut text = String::from("dayfly-");
    for byte in &hash.as_ref()[..16] {
        write!(text, "{byte:02x}").expect("writing to a string cannot fail");
    }
    LaunchToken::new(text)
}
