//! Where tokens are, and reading them: apart from the rest, so that checking a configuration needs
//! no secret.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::PathBuf;

use thiserror::Error;

use super::settings::{SecretSource, Settings};
use crate::model::id::PoolName;
use crate::model::secret::Secret;

/// What SSM gave for each parameter that it was asked for, or why it gave nothing, in words.
pub type Parameters = BTreeMap<String, Result<Secret, String>>;

/// All tokens of a configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secrets {
    /// Lists the agents, if one was configured.
    pub api_token: Option<Secret>,
    /// Of each pool.
    pub registration_tokens: BTreeMap<PoolName, Secret>,
}

/// Why there is no token where the configuration says.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The variable is not set.
    #[error("{key}: environment variable {name} is not set")]
    Unset {
        /// The path of the key in the configuration.
        key: String,
        /// The variable.
        name: String,
    },
    /// The file cannot be read.
    #[error("{key}: {} cannot be read", file.display())]
    Unreadable {
        /// The path of the key in the configuration.
        key: String,
        /// The file.
        file: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// The parameter or secret cannot be had.
    #[error("{key}: {place} cannot be read: {reason}")]
    NotGiven {
        /// The path of the key in the configuration.
        key: String,
        /// The parameter or secret.
        place: String,
        /// What AWS says.
        reason: String,
    },
    /// There is something, and it is no token.
    #[error("{key}: what is in {place} is {found}, and a token is one word")]
    NoToken {
        /// The path of the key in the configuration.
        key: String,
        /// The variable, file, parameter or secret.
        place: String,
        /// What is wrong with it; never the text itself.
        found: &'static str,
    },
}

/// The parameters that SSM has to be asked for before [`read_all`].
pub fn parameters(settings: &Settings) -> BTreeSet<String> {
    let pools = settings.pools.values().map(|pool| &pool.registration_token);
    let sources = settings.config.api_token.iter().chain(pools);
    sources.filter_map(SecretSource::parameter).collect()
}

/// Reads every token; `get` looks a variable up in the environment, `parameters` holds what SSM
/// gave.
///
/// # Errors
/// One for each token that is not there.
pub fn read_all(
    settings: &Settings,
    get: impl Fn(&str) -> Option<String>,
    parameters: &Parameters,
) -> Result<Secrets, Vec<SecretError>> {
    let mut errors = Vec::new();
    let mut read =
        |source: &SecretSource, key: String| match read_one(source, key, &get, parameters) {
            Ok(secret) => Some(secret),
            Err(error) => {
                errors.push(error);
                None
            }
        };
    let api_token = settings.config.api_token.as_ref();
    let api_token = api_token.and_then(|source| read(source, "hub.api_token".to_owned()));
    let mut registration_tokens = BTreeMap::new();
    for (name, pool) in &settings.pools {
        let key = format!("pools.{name}.registration_token");
        let token = read(&pool.registration_token, key);
        registration_tokens.extend(token.map(|token| (name.clone(), token)));
    }
    if errors.is_empty() {
        Ok(Secrets {
            api_token,
            registration_tokens,
        })
    } else {
        Err(errors)
    }
}

fn read_one(
    source: &SecretSource,
    key: String,
    get: impl Fn(&str) -> Option<String>,
    parameters: &Parameters,
) -> Result<Secret, SecretError> {
    match source {
        SecretSource::Variable(name) => match get(name) {
            Some(text) => token(&text, key, format!("environment variable {name}")),
            None => {
                let name = name.clone();
                Err(SecretError::Unset { key, name })
            }
        },
        SecretSource::File(file) => match fs::read_to_string(file) {
            Ok(text) => token(&text, key, file.display().to_string()),
            Err(source) => {
                let file = file.clone();
                Err(SecretError::Unreadable { key, file, source })
            }
        },
        SecretSource::Parameter(name) => {
            let place = format!("parameter {name}");
            given(source, parameters, key, place)
        }
        SecretSource::SecretsManager(name) => {
            let place = format!("secret {name} of Secrets Manager");
            given(source, parameters, key, place)
        }
    }
}

fn given(
    source: &SecretSource,
    parameters: &Parameters,
    key: String,
    place: String,
) -> Result<Secret, SecretError> {
    let answer = source.parameter().and_then(|name| parameters.get(&name));
    let reason = match answer {
        Some(Ok(secret)) => return token(secret.expose(), key, place),
        Some(Err(reason)) => reason.clone(),
        None => "it was not asked for".to_owned(),
    };
    Err(SecretError::NotGiven { key, place, reason })
}

/// A token is one word; what it is otherwise is said, and never shown.
fn token(text: &str, key: String, place: String) -> Result<Secret, SecretError> {
    let token = text.trim();
    let found = if token.is_empty() {
        "empty"
    } else if token.starts_with('{') {
        "a JSON object"
    } else if !token.chars().all(|character| character.is_ascii_graphic()) {
        "more than one word, or not ASCII"
    } else {
        return Ok(Secret::new(token));
    };
    Err(SecretError::NoToken { key, place, found })
}
