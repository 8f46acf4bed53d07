//! Client tokens: the same token and the same parameters give the first answer again.

use std::collections::BTreeMap;

use super::action::Action;
use super::error::{self, Refusal};
use super::form::{Form, invalid};
use super::xml::Xml;

const TOKEN_CHARACTERS_MAX: usize = 64;

/// What was answered to a token.
#[derive(Debug)]
struct Replay {
    meaning: Form,
    answer: Xml,
    /// How many of its machines are not terminated.
    alive: usize,
}

/// The tokens that are remembered.
#[derive(Debug, Default)]
pub(super) struct Replays(BTreeMap<(String, Action), Replay>);

impl Replays {
    /// The first answer, if the token was used before; refused if it was for something else.
    pub(super) fn find(&self, action: Action, form: &Form) -> Result<Option<Xml>, Refusal> {
        let Some(token) = form.get("ClientToken") else {
            return Ok(None);
        };
        if TOKEN_CHARACTERS_MAX < token.len() || !token.is_ascii() {
            return Err(invalid("ClientToken", token));
        }
        match self.0.get(&(token.to_owned(), action)) {
            None => Ok(None),
            Some(replay) if replay.meaning == form.meaning() => Ok(Some(replay.answer.clone())),
            Some(_) => Err(error::TOKEN_MISMATCH.into()),
        }
    }

    pub(super) fn remember(&mut self, action: Action, form: &Form, answer: &Xml, alive: usize) {
        if let Some(token) = form.text("ClientToken") {
            let replay = Replay {
                meaning: form.meaning(),
                answer: answer.clone(),
                alive,
            };
            self.0.insert((token, action), replay);
        }
    }

    /// A machine of the token has ended; gives the token if it was the last one.
    pub(super) fn machine_ended(&mut self, token: &str) -> Option<(Action, String)> {
        let launches = [Action::RunInstances, Action::CreateFleet];
        let mut keys = launches
            .map(|action| (token.to_owned(), action))
            .into_iter();
        keys.find_map(|key| {
            let replay = self.0.get_mut(&key)?;
            replay.alive = replay.alive.saturating_sub(1);
            (replay.alive == 0).then_some((key.1, key.0))
        })
    }

    pub(super) fn forget(&mut self, action: Action, token: &str) {
        self.0.remove(&(token.to_owned(), action));
    }
}
