//! The rules that are set, and which of them strike a request.

use super::faults::{Before, Endpoint, Fault, Inside, Scope};
use crate::emulator::rules::{FaultId, Rules};
use dayfly::hub::wire::agent::{SyncAction, SyncState};
use dayfly::model::time::Timestamp;

/// One request, as far as scopes look at it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Occasion {
    pub(super) endpoint: Endpoint,
    pub(super) reported: Option<SyncState>,
    pub(super) answered: Option<SyncAction>,
}

impl Occasion {
    fn fits(self, scope: &Scope) -> bool {
        let here = covers(scope.endpoint, self.endpoint);
        let reported = scope.reported.is_none() || scope.reported == self.reported;
        let answered = scope.answered.is_none() || scope.answered == self.answered;
        here && reported && answered
    }
}

/// Whether an endpoint is, or includes, another.
pub(super) fn covers(endpoint: Endpoint, other: Endpoint) -> bool {
    let is_list = endpoint == Endpoint::Public && other == Endpoint::AgentList;
    endpoint == Endpoint::Any || endpoint == other || is_list
}

/// The rules that are set.
#[derive(Debug, Default)]
pub(super) struct Faults(pub(super) Rules<Scope, Fault>);

impl Faults {
    pub(super) fn add(&mut self, scope: Scope, fault: Fault) -> FaultId {
        let when = scope.when;
        self.0.add(scope, when, fault)
    }

    /// What comes in the place of an answer: the first rule that strikes.
    pub(super) fn before(&mut self, occasion: Occasion, now: Timestamp) -> Option<Before> {
        let is_before = |fault: &Fault| match fault {
            Fault::Before(before) => Some(*before),
            Fault::Inside(_) | Fault::Travel(_) | Fault::Content(_) => None,
        };
        self.strike(occasion, now, is_before).into_iter().next()
    }

    /// What the hub does differently this time.
    pub(super) fn inside(&mut self, occasion: Occasion, now: Timestamp) -> Vec<Inside> {
        self.strike(occasion, now, |fault| match fault {
            Fault::Inside(inside) => Some(*inside),
            Fault::Before(_) | Fault::Travel(_) | Fault::Content(_) => None,
        })
    }

    /// What the hub does differently as it moves a job on.
    pub(super) fn scheduling(&mut self, now: Timestamp) -> Vec<Inside> {
        let occasion = Occasion {
            endpoint: Endpoint::Scheduling,
            reported: None,
            answered: None,
        };
        self.inside(occasion, now)
    }

    /// What becomes of the answer: its content and its way, in the order of the rules.
    pub(super) fn after(&mut self, occasion: Occasion, now: Timestamp) -> Vec<Fault> {
        self.strike(occasion, now, |fault| match fault {
            Fault::Travel(_) | Fault::Content(_) => Some(fault.clone()),
            Fault::Before(_) | Fault::Inside(_) => None,
        })
    }

    fn strike<T>(
        &mut self,
        occasion: Occasion,
        now: Timestamp,
        choose: impl Fn(&Fault) -> Option<T>,
    ) -> Vec<T> {
        self.0.strike(now, |scope| occasion.fits(scope), choose)
    }
}
