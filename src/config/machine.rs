//! `[pools.NAME.machine]`: what a pool's machines are told at their boot, for `dayfly render`.
//!
//! The scaler itself needs none of it: it launches what the launch template says.

use super::fields::{PARAMETER_RULE, is_parameter};
use super::settings::{AgentKind, AgentProgram, MachineSettings, Metadata};
use crate::document::{Reader, Table};

pub(super) const MACHINE: [&str; 6] = [
    "agent",
    "agent_url",
    "agent_sha256",
    "metadata",
    "sudo",
    "token_parameter",
];
/// A SHA-256 in hex digits.
const SHA256_LENGTH: usize = 64;

/// What the pool says of its machines; what holds where it says nothing.
pub(super) fn machine(table: &Table<'_>) -> Option<MachineSettings> {
    let Some(reader) = table.optional("machine") else {
        return Some(MachineSettings::default());
    };
    let table = reader.table(&MACHINE)?;
    let agent = match table.optional("agent") {
        Some(reader) => agent(&reader),
        None => Some(AgentKind::default()),
    };
    let metadata = match table.optional("metadata") {
        Some(reader) => metadata(&reader),
        None => Some(Metadata::default()),
    };
    let sudo = table.optional("sudo");
    let sudo = sudo.map_or(Some(false), |reader| reader.boolean());
    let parameter = match table.optional("token_parameter") {
        Some(reader) => parameter(&reader).map(Some),
        None => Some(None),
    };
    let program = program(&table);
    Some(MachineSettings {
        agent: agent?,
        program: program?,
        metadata: metadata?,
        sudo: sudo?,
        token_parameter: parameter?,
    })
}

fn agent(reader: &Reader<'_>) -> Option<AgentKind> {
    Some(match reader.word(&["dayfly", "semaphore"])? {
        "semaphore" => AgentKind::Semaphore,
        _ => AgentKind::Dayfly,
    })
}

fn metadata(reader: &Reader<'_>) -> Option<Metadata> {
    Some(match reader.word(&["off", "guarded"])? {
        "guarded" => Metadata::Guarded,
        _ => Metadata::Off,
    })
}

fn parameter(reader: &Reader<'_>) -> Option<String> {
    let text = reader.filled_text()?;
    if is_parameter(text) {
        return Some(text.to_owned());
    }
    reader.expected(&format!("{PARAMETER_RULE}, not its value"));
    None
}

/// Address and hash stand together, or neither does.
fn program(table: &Table<'_>) -> Option<Option<AgentProgram>> {
    let url = table.optional("agent_url");
    let sha256 = table.optional("agent_sha256");
    match (url, sha256) {
        (None, None) => Some(None),
        (Some(url), Some(sha256)) => {
            let (url, sha256) = (self::url(&url), self::sha256(&sha256));
            Some(Some(AgentProgram {
                url: url?,
                sha256: sha256?,
            }))
        }
        (Some(url), None) => {
            self::url(&url);
            table.missing("agent_sha256", "the SHA-256 of what agent_url names");
            None
        }
        (None, Some(sha256)) => {
            self::sha256(&sha256);
            table.missing("agent_url", "where the agent of agent_sha256 is");
            None
        }
    }
}

/// It stands in quotes in a machine's files, so it holds none, and nothing that ends a line.
fn url(reader: &Reader<'_>) -> Option<String> {
    let text = reader.filled_text()?;
    let rest = text
        .strip_prefix("https://")
        .or_else(|| text.strip_prefix("s3://"));
    let fits = |c: char| c.is_ascii_graphic() && !"'\"\\$`@".contains(c);
    if rest.is_some_and(|rest| !rest.is_empty() && rest.chars().all(fits)) {
        return Some(text.to_owned());
    }
    let reader = reader.clone();
    let shown = if text.contains('@') {
        reader.hidden()
    } else {
        reader
    };
    shown.expected(
        "an address that begins with https:// or s3://, without spaces, quotes and passwords",
    );
    None
}

fn sha256(reader: &Reader<'_>) -> Option<String> {
    let text = reader.filled_text()?;
    let fits = |c: char| matches!(c, '0'..='9' | 'a'..='f');
    if text.len() == SHA256_LENGTH && text.chars().all(fits) {
        return Some(text.to_owned());
    }
    reader.expected("64 lower-case hex digits");
    None
}
