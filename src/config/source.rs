//! How a configuration says where a token is. A value that may be the token itself is never shown.

use std::path::Path;

use super::fields::{PARAMETER_RULE, is_parameter};
use super::settings::SecretSource;
use crate::document::{Reader, Table, Value};

pub(super) const KEYS: [&str; 4] = ["file", "env", "parameter", "secret"];
/// The four ways, in words.
pub(super) const WAYS: &str =
    "{ file = \"/path\" }, { env = \"NAME\" }, { parameter = \"/path\" } or { secret = \"name\" }";
/// A word of so many letters and digits is rather a token than a name: the hub's have 80.
const TOKEN_LENGTH_MIN: usize = 32;
/// Secrets Manager allows names of so many characters.
const SECRET_NAME_MAX: usize = 512;
/// Secrets Manager ends the ARN of a secret with a dash and so many characters of its own.
const ARN_ENDING: usize = 6;

/// One of the four ways, or a problem in the report.
pub(super) fn source(reader: &Reader<'_>, folder: &Path) -> Option<SecretSource> {
    if let Value::Scalar(_) = reader.value() {
        reader.wrong(
            "found a token written into the file",
            format!(
                "write where it is instead: {WAYS}, and reset this one, \
                 because whoever has read the file knows it"
            ),
        );
        return None;
    }
    let reader = reader.clone().hidden();
    let table = reader.table(&KEYS)?;
    let given: Vec<&str> = KEYS
        .into_iter()
        .filter(|key| table.optional(key).is_some())
        .collect();
    match given[..] {
        [key] => of_key(&table, key, folder),
        [] => {
            reader.wrong("found none of its keys", format!("expected {WAYS}"));
            None
        }
        [_, ..] => {
            let found = format!("found {}", given.join(" and "));
            reader.wrong(found, "expected one of them");
            None
        }
    }
}

fn of_key(table: &Table<'_>, key: &str, folder: &Path) -> Option<SecretSource> {
    let reader = table.optional(key)?;
    let text = reader.filled_text()?;
    if key == "file" {
        return Some(SecretSource::File(folder.join(text)));
    }
    let source = match key {
        "env" => variable(text),
        "parameter" => is_parameter(text).then(|| SecretSource::Parameter(text.to_owned())),
        _ => secret(text),
    };
    let source = source.filter(|_| !looks_like_token(text));
    if source.is_none() {
        reader.expected(&match key {
            "env" => "the name of an environment variable, not its value".to_owned(),
            "parameter" => format!("{PARAMETER_RULE}, not its value"),
            _ => {
                "the name of a secret of Secrets Manager or its whole ARN, not its value".to_owned()
            }
        });
    }
    source
}

fn variable(text: &str) -> Option<SecretSource> {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_name = text.chars().all(fits);
    is_name.then(|| SecretSource::Variable(text.to_owned()))
}

/// A secret by its name, or by its ARN, in which the name stands between `secret:` and the ending.
fn secret(text: &str) -> Option<SecretSource> {
    let name = match text.strip_prefix("arn:") {
        Some(rest) => name_of_arn(rest)?,
        None => text,
    };
    let fits = |c: char| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c);
    let is_name = !name.is_empty() && name.len() <= SECRET_NAME_MAX && name.chars().all(fits);
    is_name.then(|| SecretSource::SecretsManager(name.to_owned()))
}

/// The name in `PARTITION:secretsmanager:REGION:ACCOUNT:secret:NAME-ENDING`.
fn name_of_arn(rest: &str) -> Option<&str> {
    let parts: Vec<&str> = rest.splitn(6, ':').collect();
    let [_, "secretsmanager", _, _, "secret", last] = parts[..] else {
        return None;
    };
    let (name, ending) = last.rsplit_once('-')?;
    let is_whole = ending.len() == ARN_ENDING && ending.chars().all(|c| c.is_ascii_alphanumeric());
    is_whole.then_some(name)
}

fn looks_like_token(text: &str) -> bool {
    let is_word = text.chars().all(|c| c.is_ascii_alphanumeric());
    let has_digit = text.chars().any(|c| c.is_ascii_digit());
    TOKEN_LENGTH_MIN <= text.len() && is_word && has_digit
}
