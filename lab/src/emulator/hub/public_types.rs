//! Agent types through the public API (protocol.md 9.2).

use std::time::Duration;

use serde::Deserialize;
use serde_json::{Value, json};

use super::Hub;
use super::agent_type::{AgentTypeError, AgentTypeSpec, Naming, TypeRecord};
use super::answer;
use super::leave::DisableScope;
use super::public::query_value;
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

impl Hub {
    pub(super) fn list_types(&self) -> Response {
        let types = self.types.iter();
        let objects = types.map(|(name, record)| self.type_object(name, record, None));
        answer::json(200, &json!({"agent_types": objects.collect::<Vec<_>>()}))
    }

    pub(super) fn describe_type(&self, name: &str) -> Response {
        let name = AgentType::new(name);
        match self.types.get(&name) {
            Some(record) => answer::json(200, &self.type_object(&name, record, None)),
            None => answer::status(404),
        }
    }

    pub(super) fn create_type(&mut self, body: &[u8], now: Timestamp) -> Response {
        let (name, spec) = match read_body(body) {
            Ok(read) => read,
            Err(refusal) => return refusal,
        };
        let token = match self.create_agent_type_with(name.clone(), spec, now) {
            Ok(token) => token,
            Err(error) => return refused(&error),
        };
        match self.types.get(&name) {
            Some(record) => answer::json(200, &self.type_object(&name, record, Some(token))),
            None => answer::status(500),
        }
    }

    pub(super) fn change_type(&mut self, name: &str, body: &[u8]) -> Response {
        let spec = match read_body(body) {
            Ok((_, spec)) => spec,
            Err(refusal) => return refusal,
        };
        match self.change_agent_type(&AgentType::new(name), spec) {
            Ok(()) => self.describe_type(name),
            Err(error) => refused(&error),
        }
    }

    pub(super) fn delete_type(&mut self, name: &str) -> Response {
        match self.delete_agent_type(&AgentType::new(name)) {
            Ok(()) => answer::json(200, &json!({})),
            Err(error) => refused(&error),
        }
    }

    /// `only_idle` comes as JSON or as a form, and is true unless it says false.
    pub(super) fn disable_all_of_type(
        &mut self,
        name: &str,
        body: &[u8],
        now: Timestamp,
    ) -> Response {
        let name = AgentType::new(name);
        if self.types.get(&name).is_none() {
            return answer::status(404);
        }
        let scope = if says_all(body) {
            DisableScope::All
        } else {
            DisableScope::IdleOnly
        };
        self.disable_all(&name, scope, now);
        answer::json(200, &json!({}))
    }

    fn type_object(&self, name: &AgentType, record: &TypeRecord, token: Option<Secret>) -> Value {
        let agents = self.registered_of(name);
        let object = AgentTypeObject {
            metadata: AgentTypeMetadata {
                name: name.as_str().to_owned(),
                create_time: record.created_at.as_seconds(),
            },
            status: AgentTypeStatus {
                total_agent_count: u32::try_from(agents).unwrap_or(u32::MAX),
                registration_token: token,
            },
        };
        let mut value = serde_json::to_value(object).expect("an agent type is plain data");
        let origin = ORIGINS
            .into_iter()
            .find(|(_, naming)| *naming == record.spec.naming)
            .map_or("", |(word, _)| word);
        value["spec"] = json!({"agent_name_settings": {
            "assignment_origin": origin,
            "release_after": record.spec.release_after.as_secs(),
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
