//! Everything that can go wrong with EC2, as switches (aws.md D), and which of them strike.
//!
//! A rule names a fault, the action, for launches the offer, and when it strikes. Probability
//! is not here: the driver draws, and sets rules.

use std::time::Duration;

use super::action::{Action, Asked};
use super::error::Code;
use super::reason::StateReason;
use crate::emulator::dynamo::Operation;
use crate::emulator::message::Delivery;
use crate::emulator::rules::Rules;
pub use crate::emulator::rules::{FaultId, When};
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// What a fault strikes. What is `None` is no condition. Conditions on the offer are met only
/// by faults of launches: [`Fault::Offer`] and [`Fault::Boot`].
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scope {
    /// What is asked for.
    pub asked: Option<Asked>,
    /// The size that is launched.
    pub instance_type: Option<String>,
    /// The subnet that it is launched in.
    pub subnet: Option<String>,
    /// How it is paid for.
    pub market: Option<Market>,
    /// A machine that the request names.
    pub machine: Option<String>,
    /// When.
    pub when: When,
}

impl Scope {
    /// Every request, of whatever action.
    pub fn any() -> Self {
        Self::default()
    }

    /// Every request of an action.
    pub fn on(action: Action) -> Self {
        Self {
            asked: Some(Asked::Ec2(action)),
            ..Self::default()
        }
    }

    /// Every `GetParameter`.
    pub fn on_get_parameter() -> Self {
        Self {
            asked: Some(Asked::GetParameter),
            ..Self::default()
        }
    }

    /// Every `PutParameter`.
    pub fn on_put_parameter() -> Self {
        Self {
            asked: Some(Asked::PutParameter),
            ..Self::default()
        }
    }

    /// Every `GetParameterHistory`.
    pub fn on_get_parameter_history() -> Self {
        Self {
            asked: Some(Asked::GetParameterHistory),
            ..Self::default()
        }
    }

    /// Every `GetServiceQuota`.
    pub fn on_get_service_quota() -> Self {
        Self {
            asked: Some(Asked::GetServiceQuota),
            ..Self::default()
        }
    }

    /// Every request to a table that does this.
    pub fn on_table(operation: Operation) -> Self {
        Self {
            asked: Some(Asked::Table(operation)),
            ..Self::default()
        }
    }

    /// Only launches of this size.
    #[must_use]
    pub fn of_type(mut self, instance_type: &str) -> Self {
        self.instance_type = Some(instance_type.to_owned());
        self
    }

    /// Only launches in this subnet.
    #[must_use]
    pub fn in_subnet(mut self, subnet: &str) -> Self {
        self.subnet = Some(subnet.to_owned());
        self
    }

    /// Only launches on this market.
    #[must_use]
    pub fn on_market(mut self, market: Market) -> Self {
        self.market = Some(market);
        self
    }

    /// Only requests that name this machine.
    #[must_use]
    pub fn of_machine(mut self, id: &str) -> Self {
        self.machine = Some(id.to_owned());
        self
    }

    /// Only the first `count` matches.
    #[must_use]
    pub fn times(mut self, count: u32) -> Self {
        self.when = When::Occurrences { first: 1, count };
        self
    }

    /// Only the match number `first`, counted from 1.
    #[must_use]
    pub fn nth(mut self, first: u32) -> Self {
        self.when = When::Occurrences { first, count: 1 };
        self
    }

    /// Only the last match of every `n`.
    #[must_use]
    pub fn every_nth(mut self, n: u32) -> Self {
        self.when = When::EveryNth(n);
        self
    }

    /// Only from `from` until just before `until`.
    #[must_use]
    pub fn between(mut self, from: Timestamp, until: Timestamp) -> Self {
        self.when = When::Window { from, until };
        self
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The action is refused with this code, and nothing is done.
    Refused(Code),
    /// The connection is closed, and nothing is done.
    Reset,
    /// Nothing ever comes back, and nothing is done.
    BlackHole,
    /// Launches of the offer fail with this code: a row of a fleet, the answer of a run.
    Offer(Code),
    /// Machines of the offer boot differently.
    Boot(Boot),
    /// What was asked for is done, and the answer does not arrive as it should.
    Travel(Travel),
    /// The machines that are ended stay `shutting-down` for this long.
    EndsLate(Duration),
    /// Images that are asked for are made differently.
    Image(Making),
}

/// What comes in place of carrying a request out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instead {
    /// A refusal.
    Refused(Code),
    /// Nothing that arrives.
    Undelivered(Delivery),
}

impl Fault {
    pub(super) fn instead(self) -> Option<Instead> {
        match self {
            Self::Refused(code) => Some(Instead::Refused(code)),
            Self::Reset => Some(Instead::Undelivered(Delivery::Dropped)),
            Self::BlackHole => Some(Instead::Undelivered(Delivery::BlackHole)),
            Self::Offer(_)
            | Self::Boot(_)
            | Self::Travel(_)
            | Self::EndsLate(_)
            | Self::Image(_) => None,
        }
    }

    pub(super) fn offer(self) -> Option<Code> {
        let Self::Offer(code) = self else { return None };
        Some(code)
    }

    pub(super) fn boot(self) -> Option<Boot> {
        let Self::Boot(boot) = self else { return None };
        Some(boot)
    }

    pub(super) fn travel(self) -> Option<Travel> {
        let Self::Travel(travel) = self else {
            return None;
        };
        Some(travel)
    }

    pub(super) fn ends_late(self) -> Option<Duration> {
        let Self::EndsLate(delay) = self else {
            return None;
        };
        Some(delay)
    }

    pub(super) fn making(self) -> Option<Making> {
        let Self::Image(making) = self else {
            return None;
        };
        Some(making)
    }
}

/// How an image is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Making {
    /// It stays `pending` for this long.
    Takes(Duration),
    /// It comes to `failed` in place of `available`.
    Fails,
}

/// How a machine boots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Boot {
    /// It stays `pending` for this long.
    Pending(Duration),
    /// No call knows it for this long.
    Unseen(Duration),
    /// It goes from `pending` to `terminated`, with `Server.InternalError`.
    Dies,
    /// EC2 ends it this long after its launch, pending or running, and gives this reason.
    DiesOf {
        /// What `DescribeInstances` gives as its state reason.
        reason: StateReason,
        /// The span.
        after: Duration,
    },
    /// It is launched with termination protection.
    Protected,
    /// Each call that would end it is refused as a whole, with this code.
    EndRefused(Code),
    /// It runs, and its status checks fail.
    Impaired,
}

/// What becomes of an answer on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Travel {
    /// The connection is closed in place of the answer.
    Dropped,
    /// The answer never comes.
    Lost,
    /// The answer comes late.
    Delayed(Duration),
    /// The answer says that it failed.
    CommittedThen(Code),
}

impl Travel {
    /// How the answer travels, or the code that comes in its place.
    pub(super) fn delivery(self) -> Result<Delivery, Code> {
        match self {
            Self::Dropped => Ok(Delivery::Dropped),
            Self::Lost => Ok(Delivery::BlackHole),
            Self::Delayed(delay) => Ok(Delivery::Delayed(delay)),
            Self::CommittedThen(code) => Err(code),
        }
    }
}

/// What scopes look at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion<'a> {
    pub(super) asked: Asked,
    /// Size, subnet and market, where something is launched.
    pub(super) offer: Option<(&'a str, &'a str, Market)>,
    /// The machines that the request names.
    pub(super) machines: &'a [&'a str],
}

impl<'a> Occasion<'a> {
    /// A request that launches nothing and names no machine.
    pub(super) fn of(asked: Asked) -> Self {
        Self::naming(asked, &[])
    }

    /// A request that names these machines.
    pub(super) fn naming(asked: Asked, machines: &'a [&'a str]) -> Self {
        Self {
            asked,
            offer: None,
            machines,
        }
    }

    fn fits(&self, scope: &Scope) -> bool {
        let (size, subnet, market) = match self.offer {
            Some((size, subnet, market)) => (Some(size), Some(subnet), Some(market)),
            None => (None, None, None),
        };
        scope.asked.is_none_or(|asked| asked == self.asked)
            && (scope.instance_type.is_none() || scope.instance_type.as_deref() == size)
            && (scope.subnet.is_none() || scope.subnet.as_deref() == subnet)
            && (scope.market.is_none() || scope.market == market)
            && scope
                .machine
                .as_ref()
                .is_none_or(|machine| self.machines.contains(&machine.as_str()))
    }
}

/// The rules that are set.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Rules<Scope, Fault>);

impl Faults {
    pub(super) fn add(&mut self, scope: Scope, fault: Fault) -> FaultId {
        let when = scope.when;
        self.0.add(scope, when, fault)
    }

    /// What comes in place of carrying a request out, if a fault strikes that says so.
    pub(super) fn instead(&mut self, occasion: Occasion<'_>, now: Timestamp) -> Option<Instead> {
        let struck = self.strike(occasion, now, Fault::instead);
        struck.into_iter().next()
    }

    /// The faults of one kind that strike, in the order in which they were added.
    pub(super) fn strike<T>(
        &mut self,
        occasion: Occasion<'_>,
        now: Timestamp,
        choose: impl Fn(Fault) -> Option<T>,
    ) -> Vec<T> {
        self.0
            .strike(now, |scope| occasion.fits(scope), |fault| choose(*fault))
    }
}
