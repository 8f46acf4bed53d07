//! Client tokens: the same token and the same request give the first answer again.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::api::{CreateFleet, FleetReply, RunInstances};
use super::error::{self, Refusal, invalid};
use super::machine::MachineRecord;

const TOKEN_CHARACTERS_MAX: usize = 64;

/// An action that takes client tokens.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum LaunchAction {
    CreateFleet,
    RunInstances,
}

/// The tokens that are remembered, by the action that they were used for.
#[derive(Debug, Default)]
pub(super) struct Replays {
    pub(super) runs: Answers<RunInstances, Vec<Arc<MachineRecord>>>,
    pub(super) fleets: Answers<CreateFleet, FleetReply>,
}

/// What was answered to the tokens of one action.
#[derive(Debug)]
pub(super) struct Answers<Q, A>(BTreeMap<String, Replay<Q, A>>);

#[derive(Debug)]
struct Replay<Q, A> {
    request: Q,
    answer: A,
    /// How many of its machines are not terminated.
    alive: usize,
}

impl Replays {
    /// A machine of the token has ended; says for which action the token was if it was the last.
    pub(super) fn machine_ended(&mut self, token: &str) -> Option<LaunchAction> {
        if self.runs.machine_ended(token) {
            return Some(LaunchAction::RunInstances);
        }
        let is_over = self.fleets.machine_ended(token);
        is_over.then_some(LaunchAction::CreateFleet)
    }

    pub(super) fn forget(&mut self, action: LaunchAction, token: &str) {
        match action {
            LaunchAction::RunInstances => self.runs.forget(token),
            LaunchAction::CreateFleet => self.fleets.forget(token),
        }
    }
}

impl<Q, A> Default for Answers<Q, A> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<Q: Clone + PartialEq, A: Clone> Answers<Q, A> {
    /// The first answer, if the token was used before; refused if it was for something else.
    pub(super) fn find(&self, token: Option<&str>, request: &Q) -> Result<Option<A>, Refusal> {
        let Some(token) = token else {
            return Ok(None);
        };
        if TOKEN_CHARACTERS_MAX < token.len() || !token.is_ascii() {
            return Err(invalid("ClientToken", token));
        }
        match self.0.get(token) {
            None => Ok(None),
            Some(replay) if replay.request == *request => Ok(Some(replay.answer.clone())),
            Some(_) => Err(error::TOKEN_MISMATCH.into()),
        }
    }

    pub(super) fn remember(&mut self, token: Option<&str>, request: &Q, answer: &A, alive: usize) {
        if let Some(token) = token {
            let replay = Replay {
                request: request.clone(),
                answer: answer.clone(),
                alive,
            };
            self.0.insert(token.to_owned(), replay);
        }
    }
}

impl<Q, A> Answers<Q, A> {
    /// Whether the machine that has ended was the token's last one.
    fn machine_ended(&mut self, token: &str) -> bool {
        let Some(replay) = self.0.get_mut(token) else {
            return false;
        };
        replay.alive = replay.alive.saturating_sub(1);
        replay.alive == 0
    }

    fn forget(&mut self, token: &str) {
        self.0.remove(token);
    }
}
