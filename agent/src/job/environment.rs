//! The job's variables: those it inherits, and those that are exported for it (protocol.md 5.3).

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;

use super::JobSettings;
use super::encoding;
use super::log::Log;
use crate::shell::{Shell, quoted};
use dayfly::hub::wire::payload::EnvVar;
use dayfly::ports::Clock;

/// The title of both exporting steps.
const TITLE: &str = "Exporting environment variables";
/// What the agent's own settings begin with in the environment; the registration token may be among them.
const AGENT_PREFIX: &[u8] = b"SEMAPHORE_AGENT_";

/// What the shell starts with: the agent's environment without what is the agent's own (protocol.md A10).
pub(super) fn inherited(settings: &JobSettings) -> BTreeMap<OsString, OsString> {
    let hidden: &BTreeSet<String> = &settings.hidden_variables;
    let own = || std::env::vars_os().collect();
    let mut environment: BTreeMap<_, _> = settings.environment.clone().unwrap_or_else(own);
    environment.retain(|name, _| {
        !name.as_bytes().starts_with(AGENT_PREFIX)
            && !name.to_str().is_some_and(|name| hidden.contains(name))
    });
    environment.insert(OsString::from("HOME"), settings.home().into_os_string());
    environment
}

/// Exports the payload's variables and then the agent's extra ones. Gives the step's exit code.
pub(super) async fn export(
    variables: &[EnvVar],
    extra: &[(String, String)],
    shell: &mut Shell,
    log: &mut Log<'_, impl Clock>,
) -> i32 {
    let mut step = log.step(TITLE).await;
    let values = match decoded(variables, extra) {
        Ok(values) => values,
        Err(name) => {
            step.say(format!(
                "The value of {name} is not base64, so that no variable is exported.\n"
            ))
            .await;
            step.finish(1).await;
            return 1;
        }
    };
    let (exported, refused): (Vec<_>, Vec<_>) =
        values.into_iter().partition(|(name, _)| is_name(name));
    let mut script = Vec::new();
    for (name, value) in &exported {
        step.say(format!("Exporting {name}\n")).await;
        script.extend(export_line(name, value));
    }
    for (name, _) in refused {
        step.say(format!(
            "Not exporting {name:?}: a name is made of letters, digits and underscores.\n"
        ))
        .await;
    }
    // What bash says is not shown, because it quotes the line it dislikes, and the line holds a secret.
    let code = match shell.run_silently(&script).await {
        Ok((ending, _)) => ending.exit_code(),
        Err(error) => {
            step.say(format!("The variables cannot be written down: {error}.\n"))
                .await;
            1
        }
    };
    step.finish(code).await;
    code
}

/// Name and value of each, sorted by name; or the name of the first whose value is not base64.
fn decoded(
    variables: &[EnvVar],
    extra: &[(String, String)],
) -> Result<BTreeMap<String, Vec<u8>>, String> {
    let mut values = BTreeMap::new();
    for variable in variables {
        let value = encoding::decoded(&variable.value).ok_or_else(|| variable.name.clone())?;
        values.insert(variable.name.clone(), value);
    }
    for (name, value) in extra {
        values.insert(name.clone(), value.clone().into_bytes());
    }
    Ok(values)
}

/// Whether bash can export it.
fn is_name(name: &str) -> bool {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || letter == '_';
    name.chars().all(is_part)
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.is_empty()
}

/// The value may be any bytes; only the quote means anything between quotes.
fn export_line(name: &str, value: &[u8]) -> Vec<u8> {
    let mut line = format!("export {name}='").into_bytes();
    for byte in value {
        match byte {
            b'\'' => line.extend_from_slice(br"'\''"),
            _ => line.push(*byte),
        }
    }
    line.extend_from_slice(b"'\n");
    line
}

/// Exports the job's result for the epilogues; a failure of it changes nothing.
pub(super) async fn export_result(result: &str, shell: &mut Shell, log: &mut Log<'_, impl Clock>) {
    let variable = (String::from("SEMAPHORE_JOB_RESULT"), String::from(result));
    export(&[], &[variable], shell, log).await;
}

/// A path as a word of a command: quoted only where it must be, for it is shown.
pub(super) fn word(path: &std::path::Path) -> String {
    let text = path.to_string_lossy();
    let is_plain = |letter: char| letter.is_ascii_alphanumeric() || "/._-+@%:,".contains(letter);
    if text.chars().all(is_plain) {
        text.into_owned()
    } else {
        quoted(&text)
    }
}
