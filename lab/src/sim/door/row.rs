//! One machine in EC2's list, as far as a cloud looks at it.

use std::borrow::Cow;

use super::xml::Element;
use dayfly::model::offer::Market;

/// What is read of a machine's row.
pub(super) struct Row<'a> {
    pub(super) id: Cow<'a, str>,
    /// Its instance type.
    pub(super) size: Cow<'a, str>,
    pub(super) subnet: Cow<'a, str>,
    pub(super) launched_at: Cow<'a, str>,
    /// Its state's name.
    pub(super) state: Cow<'a, str>,
    pub(super) market: Market,
    /// The code of the reason for its state; empty for one that runs.
    pub(super) reason: Cow<'a, str>,
    /// Keys and values.
    pub(super) tags: Vec<(Cow<'a, str>, Cow<'a, str>)>,
}

impl<'a> Row<'a> {
    /// One pass over what stands directly in the row. Worlds read more of these than of anything.
    pub(super) fn of(listed: Element<'a>) -> Self {
        let nothing = Cow::Borrowed("");
        let mut row = Self {
            id: nothing.clone(),
            size: nothing.clone(),
            subnet: nothing.clone(),
            launched_at: nothing.clone(),
            reason: nothing.clone(),
            state: nothing,
            market: Market::OnDemand,
            tags: Vec::new(),
        };
        for field in listed.items() {
            match field.name() {
                "instanceId" => row.id = field.unescaped(),
                "instanceType" => row.size = field.unescaped(),
                "subnetId" => row.subnet = field.unescaped(),
                "launchTime" => row.launched_at = field.unescaped(),
                "instanceState" => row.state = field.text("name"),
                "stateReason" => row.reason = field.text("code"),
                "instanceLifecycle" if field.unescaped() == "spot" => row.market = Market::Spot,
                "tagSet" => {
                    let tags = field.items();
                    row.tags = tags.map(|it| (it.text("key"), it.text("value"))).collect();
                }
                _ => {}
            }
        }
        row
    }
}
