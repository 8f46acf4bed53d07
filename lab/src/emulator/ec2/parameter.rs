//! SSM's parameters: `GetParameter`, `PutParameter` and `GetParameterHistory`, in JSON.
//!
//! What an account begins with is a `SecureString` each, in its first version: without
//! `WithDecryption` the value is not given. What a call writes has the type that it says.
//! What is not here: policies, labels, tiers, and a limit to how often a value is written.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::{Value, json};

use super::error::{self, Refusal};
use super::settings::Ec2Settings;
use super::throttle::Buckets;
use dayfly::model::time::Timestamp;

const SECURE: &str = "SecureString";
/// The types that there are.
const TYPES: [&str; 3] = ["String", "StringList", SECURE];
/// How many versions SSM keeps.
const VERSIONS_MAX: usize = 100;
/// How long a value may be, in the tier that costs nothing.
const VALUE_BYTES_MAX: usize = 4096;
/// How many versions a page of a history has at most.
const PAGE_MAX: usize = 50;

/// What was written under a name, oldest first, from the version `first` on.
#[derive(Clone, Debug, PartialEq, Eq)]
struct History {
    kind: &'static str,
    first: usize,
    values: Vec<(String, Timestamp)>,
}

impl History {
    /// What an account begins with.
    fn begun(value: &str) -> Self {
        Self {
            kind: SECURE,
            first: 1,
            values: vec![(value.to_owned(), Timestamp::default())],
        }
    }

    fn version(&self) -> usize {
        self.first + self.values.len() - 1
    }

    fn write(&mut self, value: &str, now: Timestamp) {
        self.values.push((value.to_owned(), now));
        if VERSIONS_MAX < self.values.len() {
            self.values.remove(0);
            self.first += 1;
        }
    }
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase", deny_unknown_fields)]
struct PutParameter {
    name: String,
    value: String,
    #[serde(default)]
    r#type: Option<String>,
    #[serde(default)]
    overwrite: bool,
    #[serde(default, rename = "Description")]
    _description: Option<String>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameterHistory {
    name: String,
    #[serde(default)]
    with_decryption: bool,
    #[serde(default)]
    max_results: Option<usize>,
    #[serde(default)]
    next_token: Option<String>,
}

/// What was written under each name. The values themselves are in the account's settings.
#[derive(Debug, Default)]
pub(super) struct Parameters(BTreeMap<String, History>);

impl Parameters {
    /// `GetParameter`, as a request's body asks for it.
    pub(super) fn get(
        &self,
        body: &[u8],
        settings: &Ec2Settings,
        buckets: &mut Buckets,
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        if !buckets.take_parameter(settings.throttling, now) {
            return Err(error::THROTTLING.into());
        }
        let asked: GetParameter = read(body)?;
        let history = self.history(&asked.name, settings)?;
        let (value, _) = history.values.last().expect("a history has a value");
        let (region, owner) = (&settings.region, &settings.owner);
        let name = asked.name.trim_start_matches('/');
        Ok(json!({
            "Parameter": {
                "ARN": format!("arn:aws:ssm:{region}:{owner}:parameter/{name}"),
                "DataType": "text",
                "Name": asked.name,
                "Type": history.kind,
                "Value": shown(&history, value, asked.with_decryption),
                "Version": history.version(),
            }
        }))
    }

    /// `PutParameter`.
    pub(super) fn put(
        &mut self,
        body: &[u8],
        settings: &mut Ec2Settings,
        now: Timestamp,
    ) -> Result<Value, Refusal> {
        let asked: PutParameter = read(body)?;
        let invalid = |text: &str| Refusal::new(error::VALIDATION, text);
        let name = asked.name.trim_start_matches('/').to_ascii_lowercase();
        if name.is_empty() || name.starts_with("aws") || name.starts_with("ssm") {
            let text = "Parameter name: can't be prefixed with \"aws\" or \"ssm\" \
                        (case-insensitive).";
            return Err(invalid(text));
        }
        if asked.value.is_empty() || VALUE_BYTES_MAX < asked.value.len() {
            return Err(invalid("The value has to have 1 to 4096 characters."));
        }
        let kind = match &asked.r#type {
            None => None,
            Some(named) => {
                let mut types = TYPES.into_iter();
                let known = types.find(|kind| kind == named);
                Some(known.ok_or_else(|| invalid("The type is not known."))?)
            }
        };
        let history = match self.history(&asked.name, settings) {
            Ok(_) if !asked.overwrite => return Err(error::PARAMETER_EXISTS.into()),
            Ok(history) if kind.is_some_and(|kind| kind != history.kind) => {
                return Err(error::PARAMETER_TYPE.into());
            }
            Ok(mut history) => {
                history.write(&asked.value, now);
                history
            }
            Err(_) => History {
                kind: kind.ok_or_else(|| invalid("A parameter that is new needs a type."))?,
                first: 1,
                values: vec![(asked.value.clone(), now)],
            },
        };
        let version = history.version();
        self.0.insert(asked.name.clone(), history);
        settings.parameters.insert(asked.name, asked.value);
        Ok(json!({ "Tier": "Standard", "Version": version }))
    }

    /// `GetParameterHistory`.
    pub(super) fn list(&self, body: &[u8], settings: &Ec2Settings) -> Result<Value, Refusal> {
        let asked: GetParameterHistory = read(body)?;
        let page = asked.max_results.unwrap_or(PAGE_MAX);
        let from = match asked.next_token.as_deref() {
            None | Some("") => 0,
            Some(token) => token
                .parse()
                .map_err(|_| Refusal::from(error::VALIDATION))?,
        };
        if !(1..=PAGE_MAX).contains(&page) {
            return Err(error::VALIDATION.into());
        }
        let history = self.history(&asked.name, settings)?;
        let user = format!("arn:aws:iam::{}:root", settings.owner);
        let rows = history.values.iter().enumerate().skip(from).take(page);
        let rows: Vec<Value> = rows
            .map(|(at, (value, written_at))| {
                json!({
                    "Name": asked.name,
                    "Type": history.kind,
                    "Value": shown(&history, value, asked.with_decryption),
                    "Version": history.first + at,
                    "LastModifiedDate": written_at.as_seconds(),
                    "LastModifiedUser": user,
                })
            })
            .collect();
        let next = from + rows.len();
        let mut answer = json!({ "Parameters": rows });
        if next < history.values.len() {
            answer["NextToken"] = json!(next.to_string());
        }
        Ok(answer)
    }

    /// What was written under a name; what the settings say now counts, where a test changed them.
    fn history(&self, name: &str, settings: &Ec2Settings) -> Result<History, Refusal> {
        let value = settings.parameters.get(name);
        let value = value.ok_or(Refusal::from(error::PARAMETER_NOT_FOUND))?;
        let written = self.0.get(name);
        let is_latest = |history: &&History| {
            let latest = history.values.last();
            latest.is_some_and(|(latest, _)| latest == value)
        };
        let written = written.filter(is_latest).cloned();
        Ok(written.unwrap_or_else(|| History::begun(value)))
    }
}

fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Refusal> {
    serde_json::from_slice(body).map_err(|error| Refusal::new(error::VALIDATION, error.to_string()))
}

/// What is encrypted is not to be mistaken for the value.
fn shown<'a>(history: &History, value: &'a str, with_decryption: bool) -> &'a str {
    if history.kind == SECURE && !with_decryption {
        "(encrypted)"
    } else {
        value
    }
}
