//! Agent types: who may register, and for how long a name is held.

use std::collections::BTreeMap;
use std::time::Duration;

use thiserror::Error;

use super::token::{Draws, Purpose, TokenHash};
use dayfly::model::id::AgentType;
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;

/// What a type asks of its agents; `spec` of the public API.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AgentTypeSpec {
    /// Where the name of an agent comes from.
    pub naming: Naming,
    /// How long the name of an agent that left is held: zero, or at least a minute.
    pub release_after: Duration,
}

/// Where the name of an agent comes from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Naming {
    /// The agent says it.
    #[default]
    FromAgent,
    /// A pre-signed AWS STS URL says it; this hub follows no URL, and refuses every agent.
    FromAwsSts,
}

/// Why an agent type cannot be made or changed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum AgentTypeError {
    /// The name is not one.
    #[error("agent type name {0:?} does not match s1-NAME (letters, digits and dashes)")]
    BadName(String),
    /// The name is in use.
    #[error("agent type {0} exists already")]
    Exists(AgentType),
    /// There is no such type.
    #[error("agent type {0} does not exist")]
    Unknown(AgentType),
    /// It has agents.
    #[error("agent type {agent_type} has {agents} registered agents, and is deleted without any")]
    HasAgents {
        /// Which.
        agent_type: AgentType,
        /// How many.
        agents: usize,
    },
    /// The name-hold time is neither zero nor a minute.
    #[error("release_after is {seconds} s; it must be 0 or at least 60")]
    ReleaseAfter {
        /// What was asked for.
        seconds: u64,
    },
}

/// What becomes of the agents of a type whose token is reset.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ResetScope {
    /// They keep working.
    KeepAgents,
    /// All of them are disabled.
    DisconnectAgents,
}

/// An agent type with the hash of its token.
#[derive(Debug)]
pub(super) struct TypeRecord {
    pub(super) spec: AgentTypeSpec,
    pub(super) created_at: Timestamp,
    token: TokenHash,
}

/// All agent types, found by name or registration token.
#[derive(Debug, Default)]
pub(super) struct Types {
    types: BTreeMap<AgentType, TypeRecord>,
    by_token: BTreeMap<TokenHash, AgentType>,
}

impl Types {
    pub(super) fn by_token(&self, token: &TokenHash) -> Option<&AgentType> {
        self.by_token.get(token)
    }

    pub(super) fn get(&self, name: &AgentType) -> Option<&TypeRecord> {
        self.types.get(name)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&AgentType, &TypeRecord)> {
        self.types.iter()
    }

    /// Makes an agent type, and gives its registration token, this once.
    pub(super) fn create(
        &mut self,
        name: AgentType,
        spec: AgentTypeSpec,
        draws: &mut Draws,
        now: Timestamp,
    ) -> Result<Secret, AgentTypeError> {
        check_name(&name)?;
        check_spec(&spec)?;
        if self.get(&name).is_some() {
            return Err(AgentTypeError::Exists(name));
        }
        let token = draws.token(Purpose::RegistrationToken);
        let record = TypeRecord {
            spec,
            created_at: now,
            token: TokenHash::of(token.expose()),
        };
        self.by_token.insert(record.token.clone(), name.clone());
        self.types.insert(name, record);
        Ok(token)
    }

    /// Changes what a type asks of its agents.
    pub(super) fn change(
        &mut self,
        name: &AgentType,
        spec: AgentTypeSpec,
    ) -> Result<(), AgentTypeError> {
        check_spec(&spec)?;
        match self.types.get_mut(name) {
            Some(record) => record.spec = spec,
            None => return Err(AgentTypeError::Unknown(name.clone())),
        }
        Ok(())
    }

    /// Deletes a type that has this many registered agents, which have to be none.
    pub(super) fn delete(&mut self, name: &AgentType, agents: usize) -> Result<(), AgentTypeError> {
        if self.get(name).is_none() {
            return Err(AgentTypeError::Unknown(name.clone()));
        }
        if agents > 0 {
            return Err(AgentTypeError::HasAgents {
                agent_type: name.clone(),
                agents,
            });
        }
        if let Some(record) = self.types.remove(name) {
            self.by_token.remove(&record.token);
        }
        Ok(())
    }

    /// Gives a type another registration token; the old one dies at once.
    pub(super) fn reset_token(
        &mut self,
        name: &AgentType,
        draws: &mut Draws,
    ) -> Result<Secret, AgentTypeError> {
        let token = draws.token(Purpose::RegistrationToken);
        let hash = TokenHash::of(token.expose());
        let Some(record) = self.types.get_mut(name) else {
            return Err(AgentTypeError::Unknown(name.clone()));
        };
        self.by_token.remove(&record.token);
        record.token = hash.clone();
        self.by_token.insert(hash, name.clone());
        Ok(token)
    }
}

fn check_name(name: &AgentType) -> Result<(), AgentTypeError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
    let good = name
        .as_str()
        .strip_prefix("s1-")
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(allowed));
    if good {
        return Ok(());
    }
    Err(AgentTypeError::BadName(name.as_str().to_owned()))
}

fn check_spec(spec: &AgentTypeSpec) -> Result<(), AgentTypeError> {
    let seconds = spec.release_after.as_secs();
    if spec.release_after.is_zero() || 60 <= seconds {
        return Ok(());
    }
    Err(AgentTypeError::ReleaseAfter { seconds })
}
