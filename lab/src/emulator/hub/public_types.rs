//! Agent types through the public API (protocol.md 9.2).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::agent_type::{AgentTypeError, AgentTypeSpec, Naming, TypeRecord, Types};
use super::answer;
use super::leave::DisableScope;
use super::public::query_value;
use super::row::Rows;
use super::token::Draws;
use crate::emulator::message::Response;
use dayfly::hub::wire::null_as_default;
use dayfly::hub::wire::public::{AgentTypeMetadata, AgentTypeObject, AgentTypeStatus};
use dayfly::model::id::AgentType;
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;

/// The word for agents that say their name, and the word for names from STS.
const ORIGINS: [(&str, Naming); 2] = [
    ("assignment_origin_agent", Naming::FromAgent),
    ("assignment_origin_aws_sts", Naming::FromAwsSts),
];

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct TypeBody {
    #[serde(deserialize_with = "null_as_default")]
    metadata: BodyMetadata,
    #[serde(deserialize_with = "null_as_default")]
    spec: BodySpec,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BodyMetadata {
    #[serde(deserialize_with = "null_as_default")]
    name: String,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BodySpec {
    #[serde(deserialize_with = "null_as_default")]
    agent_name_settings: BodyNaming,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct BodyNaming {
    #[serde(deserialize_with = "null_as_default")]
    assignment_origin: String,
    #[serde(deserialize_with = "null_as_default")]
    release_after: u64,
}

impl BodySpec {
    fn read(&self) -> Option<AgentTypeSpec> {
        let origin = match self.agent_name_settings.assignment_origin.as_str() {
            "" => ORIGINS[0].0,
            word => word,
        };
        let (_, naming) = ORIGINS.into_iter().find(|(word, _)| *word == origin)?;
        Some(AgentTypeSpec {
            naming,
            release_after: Duration::from_secs(self.agent_name_settings.release_after),
        })
    }
}

impl Types {
    pub(super) fn list(&self, rows: &Rows) -> Response {
        let types = self.iter();
        let objects = types.map(|(name, record)| record.object(name, rows, None));
        answer::json(200, &json!({"agent_types": objects.collect::<Vec<_>>()}))
    }

    pub(super) fn describe(&self, name: &AgentType, rows: &Rows) -> Response {
        match self.get(name) {
            Some(record) => answer::json(200, &record.object(name, rows, None)),
            None => answer::status(404),
        }
    }

    pub(super) fn create_of(
        &mut self,
        body: &[u8],
        rows: &Rows,
        draws: &mut Draws,
        now: Timestamp,
    ) -> Response {
        let (name, spec) = match read_body(body) {
            Ok(read) => read,
            Err(refusal) => return refusal,
        };
        let token = match self.create(name.clone(), spec, draws, now) {
            Ok(token) => token,
            Err(error) => return refused(&error),
        };
        match self.get(&name) {
            Some(record) => answer::json(200, &record.object(&name, rows, Some(token))),
            None => answer::status(500),
        }
    }

    pub(super) fn change_by(&mut self, name: &AgentType, body: &[u8], rows: &Rows) -> Response {
        let spec = match read_body(body) {
            Ok((_, spec)) => spec,
            Err(refusal) => return refusal,
        };
        match self.change(name, spec) {
            Ok(()) => self.describe(name, rows),
            Err(error) => refused(&error),
        }
    }

    pub(super) fn delete_one(&mut self, name: &AgentType, rows: &Rows) -> Response {
        match self.delete(name, rows.registered_of(name)) {
            Ok(()) => answer::json(200, &json!({})),
            Err(error) => refused(&error),
        }
    }

    /// `only_idle` comes as JSON or as a form, and is true unless it says false.
    pub(super) fn disable_agents(
        &self,
        name: &AgentType,
        body: &[u8],
        rows: &mut Rows,
        now: Timestamp,
    ) -> Response {
        if self.get(name).is_none() {
            return answer::status(404);
        }
        let scope = if says_all(body) {
            DisableScope::All
        } else {
            DisableScope::IdleOnly
        };
        rows.disable_all(name, scope, now);
        answer::json(200, &json!({}))
    }
}

impl TypeRecord {
    fn object(&self, name: &AgentType, rows: &Rows, token: Option<Secret>) -> Value {
        let agents = rows.registered_of(name);
        let object = AgentTypeObject {
            metadata: AgentTypeMetadata {
                name: name.as_str().to_owned(),
                create_time: self.created_at.as_seconds(),
            },
            status: AgentTypeStatus {
                total_agent_count: u32::try_from(agents).unwrap_or(u32::MAX),
                registration_token: token,
            },
        };
        let mut value = serde_json::to_value(object).expect("an agent type is plain data");
        let origin = ORIGINS
            .into_iter()
            .find(|(_, naming)| *naming == self.spec.naming)
            .map_or("", |(word, _)| word);
        value["spec"] = json!({"agent_name_settings": {
            "assignment_origin": origin,
            "release_after": self.spec.release_after.as_secs(),
        }});
        value
    }
}

fn read_body(body: &[u8]) -> Result<(AgentType, AgentTypeSpec), Response> {
    let read: TypeBody = serde_json::from_slice(body)
        .map_err(|_| answer::refusal(400, "the body is not an agent type in JSON"))?;
    let spec = read
        .spec
        .read()
        .ok_or_else(|| answer::refusal(400, "assignment_origin is not one of the known ones"))?;
    Ok((AgentType::new(read.metadata.name), spec))
}

fn refused(error: &AgentTypeError) -> Response {
    match error {
        AgentTypeError::Unknown(_) => answer::status(404),
        AgentTypeError::BadName(_)
        | AgentTypeError::Exists(_)
        | AgentTypeError::HasAgents { .. }
        | AgentTypeError::ReleaseAfter { .. } => answer::refusal(400, &error.to_string()),
    }
}

fn says_all(body: &[u8]) -> bool {
    match serde_json::from_slice::<Value>(body) {
        Ok(value) => value["only_idle"] == json!(false),
        Err(_) => {
            let form = String::from_utf8_lossy(body);
            query_value(&form, "only_idle").as_deref() == Some("false")
        }
    }
}
