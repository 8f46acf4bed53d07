//! The faults of an emulated hub.

use std::path::Path;

use super::{SECONDS, needed, seconds, when};
use crate::emulator::foreign::ForeignAnswer;
use crate::emulator::hub::faults::{Before, Content, Endpoint, Fault, Inside, Scope, Travel};
use dayfly::document::{Problem, Reader, Table};
use dayfly::model::id::JobId;
use dayfly::model::time::Timestamp;

const KEYS: &[&str] = &[
    "endpoint",
    "kind",
    "acted",
    "times",
    "first",
    "every",
    "from_seconds",
    "to_seconds",
    "seconds",
    "status",
    "body",
    "job",
    "agents",
    "bytes",
];

/// What `--help` says of the file.
pub const HELP: &str = "\
The file of --faults: a list of faults, each with a kind.

  [[fault]]
  endpoint = \"sync\"        # any (default), register, sync, payload, queued-jobs, metrics, refresh,
                           # disconnect, log-push, log-read, public, agents or scheduling
  kind = \"404-envoy\"
  acted = true             # the hub has acted, and its answer is lost; false if absent
  times = 3                # the first three times; with first = 5, from the fifth time on

In place of times: every = 10 (each tenth time), or from_seconds and to_seconds since the start.
Always, if there is none of them.

Kinds that are the answer of something in front of the hub:
  404-ingress, 404-nginx, 404-envoy, 404-go, 404-allow-list, 401-text, 401-html, 403-html,
  502-html, 502-text, 503-html, 503-text, 504-html, 504-text, captive-portal, empty-body,
  empty-object, empty-list, null, truncated, 302, 307
Kinds of the hub's own:
  status (status = 500), reset, black-hole; with acted = true, after the hub has acted
  late (seconds), with-status (status), body (body), zeros, fields-null, job-id (job)
  agents-first (agents), agents-every-second
  stale-pickup, queue-filled-up, payload-sanitized, log-token-expired, log-full (bytes),
  archive-tail-lost, never-ready";

const ENDPOINTS: [(&str, Endpoint); 13] = [
    ("any", Endpoint::Any),
    ("register", Endpoint::Register),
    ("sync", Endpoint::Sync),
    ("payload", Endpoint::Payload),
    ("queued-jobs", Endpoint::QueuedJobs),
    ("metrics", Endpoint::Metrics),
    ("refresh", Endpoint::Refresh),
    ("disconnect", Endpoint::Disconnect),
    ("log-push", Endpoint::LogPush),
    ("log-read", Endpoint::LogRead),
    ("public", Endpoint::Public),
    ("agents", Endpoint::AgentList),
    ("scheduling", Endpoint::Scheduling),
];

/// The kinds beside the foreign answers.
const KINDS: [&str; 18] = [
    "status",
    "reset",
    "black-hole",
    "late",
    "with-status",
    "body",
    "zeros",
    "job-id",
    "agents-first",
    "agents-every-second",
    "stale-pickup",
    "queue-filled-up",
    "payload-sanitized",
    "log-token-expired",
    "log-full",
    "archive-tail-lost",
    "never-ready",
    "fields-null",
];

/// Reads a file of faults; its windows are counted from `start`.
pub fn read(path: &Path, start: Timestamp) -> Result<Vec<(Scope, Fault)>, Vec<Problem>> {
    super::read(path, KEYS, |table| one(table, start))
}

fn one(table: &Table<'_>, start: Timestamp) -> Option<(Scope, Fault)> {
    let endpoint = match table.optional("endpoint") {
        None => Some(Endpoint::Any),
        Some(reader) => {
            let word = reader.word(&ENDPOINTS.map(|(word, _)| word));
            let row = word.and_then(|word| ENDPOINTS.iter().find(|(it, _)| *it == word));
            row.map(|(_, endpoint)| *endpoint)
        }
    };
    let when = when(table, start);
    let fault = fault(table)?;
    let scope = Scope {
        when: when?,
        ..Scope::on(endpoint?)
    };
    Some((scope, fault))
}

fn fault(table: &Table<'_>) -> Option<Fault> {
    let kind = needed(table, "kind", "a kind of fault")?;
    let foreign = ForeignAnswer::ALL.map(ForeignAnswer::name);
    let words: Vec<&'static str> = KINDS.into_iter().chain(foreign).collect();
    let word = kind.word(&words)?;
    let acted = match table.optional("acted") {
        Some(reader) => reader.boolean()?,
        None => false,
    };
    let named = |it: &ForeignAnswer| it.name() == word;
    let foreign = ForeignAnswer::ALL.into_iter().find(named);
    Some(match (foreign, acted) {
        (Some(foreign), false) => Before::Foreign(foreign).into(),
        (Some(foreign), true) => Travel::ReplacedBy(foreign).into(),
        (None, acted) => own(table, word, acted)?,
    })
}

/// A fault that is not the answer of somebody else.
fn own(table: &Table<'_>, word: &str, acted: bool) -> Option<Fault> {
    Some(match (word, acted) {
        ("status", false) => {
            let (status, body) = (status(table)?, "");
            Before::Answer { status, body }.into()
        }
        ("status", true) => {
            let status = status(table)?;
            Travel::CommittedThen { status }.into()
        }
        ("reset", false) => Before::Reset.into(),
        ("reset", true) => Travel::Dropped.into(),
        ("black-hole", false) => Before::BlackHole.into(),
        ("black-hole", true) => Travel::Lost.into(),
        ("late", _) => Travel::Delayed(seconds(table)?).into(),
        ("with-status", _) => Travel::WithStatus(status(table)?).into(),
        ("body", _) => {
            let body = needed(table, "body", "the text of the body")?.text()?;
            Content::Body(body.to_owned()).into()
        }
        ("zeros", _) => Content::Zeros.into(),
        ("job-id", _) => {
            let job = needed(table, "job", "the id of a job")?.filled_text()?;
            Content::JobId(JobId::new(job)).into()
        }
        ("agents-first", _) => {
            let agents = needed(table, "agents", "how many are listed")?;
            Content::AgentsFirst(count(&agents)?).into()
        }
        ("agents-every-second", _) => Content::AgentsEverySecond.into(),
        ("stale-pickup", _) => Inside::StalePickup.into(),
        ("queue-filled-up", _) => Inside::QueueFilledUp.into(),
        ("payload-sanitized", _) => Inside::PayloadSanitized.into(),
        ("log-token-expired", _) => Inside::LogTokenExpired.into(),
        ("archive-tail-lost", _) => Inside::ArchiveTailLost.into(),
        ("never-ready", _) => Inside::NeverReady.into(),
        ("log-full", _) => {
            let bytes = needed(table, "bytes", "how many bytes are taken")?;
            let bytes = count(&bytes)?;
            Inside::LogFull { bytes }.into()
        }
        // The last of the words that are read.
        _ => Content::FieldsNull.into(),
    })
}

fn status(table: &Table<'_>) -> Option<u16> {
    let status = needed(table, "status", "an HTTP status")?.integer(200..=599)?;
    u16::try_from(status).ok()
}

fn count(reader: &Reader<'_>) -> Option<usize> {
    usize::try_from(reader.integer(SECONDS)?).ok()
}
