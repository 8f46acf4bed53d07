//! Where tokens are, and reading them: apart from the rest, so that checking a configuration needs
//! no secret.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;

use super::Config;
use crate::document::{Reader, Value};
use crate::model::id::PoolName;
use crate::model::secret::Secret;

/// How a configuration says where a token is.
pub(super) const KEYS: [&str; 2] = ["file", "env"];

/// Where a token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SecretSource {
    /// In a file of its own; white space around it does not count.
    File(PathBuf),
    /// In an environment variable of this name.
    Variable(String),
}

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
    /// There is something, and it is no token.
    #[error("{key}: what is in {place} is {found}, and a token is one word")]
    NoToken {
        /// The path of the key in the configuration.
        key: String,
        /// The variable or file.
        place: String,
        /// What is wrong with it; never the text itself.
        found: &'static str,
    },
}

/// Reads every token; `get` looks a variable up in the environment.
///
/// # Errors
/// One for each token that is not there.
pub fn read_all(
    config: &Config,
    get: impl Fn(&str) -> Option<String>,
) -> Result<Secrets, Vec<SecretError>> {
    let mut errors = Vec::new();
    let mut read = |source: &SecretSource, key: String| match read_one(source, key, &get) {
        Ok(secret) => Some(secret),
        Err(error) => {
            errors.push(error);
            None
        }
    };
    let api_token = config.api_token.as_ref();
    let api_token = api_token.and_then(|source| read(source, "hub.api_token".to_owned()));
    let mut registration_tokens = BTreeMap::new();
    for (name, pool) in &config.pools {
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
) -> Result<Secret, SecretError> {
    let (text, place) = match source {
        SecretSource::Variable(name) => match get(name) {
            Some(text) => (text, format!("environment variable {name}")),
            None => {
                let name = name.clone();
                return Err(SecretError::Unset { key, name });
            }
        },
        SecretSource::File(file) => match fs::read_to_string(file) {
            Ok(text) => (text, file.display().to_string()),
            Err(source) => {
                let file = file.clone();
                return Err(SecretError::Unreadable { key, file, source });
            }
        },
    };
    let token = text.trim();
    let found = if token.is_empty() {
        "empty"
    } else if !token.chars().all(|character| character.is_ascii_graphic()) {
        "more than one word, or not ASCII"
    } else {
        return Ok(Secret::new(token));
    };
    Err(SecretError::NoToken { key, place, found })
}

/// `{ file = "…" }` or `{ env = "NAME" }`; anything else is never shown, it may be the token.
pub(super) fn source(reader: &Reader<'_>, folder: &Path) -> Option<SecretSource> {
    if let Value::Scalar(_) = reader.value() {
        reader.wrong(
            "found a token written into the file",
            "write where it is instead: { file = \"/path\" } or { env = \"NAME\" }, and reset this one, \
             because whoever has read the file knows it",
        );
        return None;
    }
    let reader = reader.clone().hidden();
    let table = reader.table(&KEYS)?;
    match (table.optional("file"), table.optional("env")) {
        (Some(file), None) => Some(SecretSource::File(folder.join(file.filled_text()?))),
        (None, Some(name)) => {
            let text = name.filled_text()?;
            let is_name = text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
            if !is_name {
                name.expected("the name of an environment variable, not its value");
            }
            is_name.then(|| SecretSource::Variable(text.to_owned()))
        }
        (Some(_), Some(_)) => {
            reader.wrong("found both file and env", "expected one of them");
            None
        }
        (None, None) => {
            reader.wrong("found neither file nor env", "expected one of them");
            None
        }
    }
}
