//! The metadata service of one emulated machine, version 2: what a program in it may ask.
//!
//! What must stay true: pure, as the account is; everything but the sessions is read from the
//! machine's record, so that what the account changes (tags, notices, the service itself being
//! turned off) is seen by the next request. A session token is known to one machine alone.
//!
//! What is not here: versions as they were (every date answers as `latest` does), public keys,
//! block devices, and credentials that AWS would take: the emulated account takes any.

mod tree;

use std::collections::BTreeMap;

use ring::digest::{SHA256, digest};

use super::ec2::machine::{MachineRecord, Switch};
use super::ec2::settings::Ec2Settings;
use super::message::{Delivery, Request, Response};
use dayfly::model::time::Timestamp;

pub use self::tree::{ROLE, mac};

/// For how many seconds a session may be asked for.
const SESSION_SECONDS: std::ops::RangeInclusive<u64> = 1..=21_600;
/// How many sessions are kept; the one that ends first makes room.
const SESSIONS_MAX: usize = 1000;

/// The sessions of one machine.
#[derive(Debug)]
pub struct Imds {
    seed: u64,
    drawn: u64,
    sessions: BTreeMap<String, Timestamp>,
}

impl Imds {
    /// Without a session. All tokens follow from the seed and the machine.
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            drawn: 0,
            sessions: BTreeMap::new(),
        }
    }

    /// Answers a request of the machine.
    pub fn handle(
        &mut self,
        request: &Request,
        machine: &MachineRecord,
        settings: &Ec2Settings,
        now: Timestamp,
    ) -> Response {
        if machine.metadata.endpoint == Switch::Off {
            return answer(403, String::new());
        }
        let Some(path) = asked(&request.path) else {
            return answer(404, String::new());
        };
        match request.method.as_str() {
            "PUT" if path == "api/token" => self.open(request, machine, now),
            "GET" if self.is_admitted(request, machine, now) => {
                match tree::read(path, machine, settings, self.seed, now) {
                    Some(text) => answer(200, text),
                    None => answer(404, String::new()),
                }
            }
            "GET" => answer(401, String::new()),
            _ => answer(405, String::new()),
        }
    }

    /// Begins a session.
    fn open(&mut self, request: &Request, machine: &MachineRecord, now: Timestamp) -> Response {
        let seconds = request.metadata_token_ttl.as_deref();
        let seconds = seconds.and_then(|text| text.parse().ok());
        let Some(seconds) = seconds.filter(|seconds| SESSION_SECONDS.contains(seconds)) else {
            return answer(400, String::new());
        };
        self.drawn += 1;
        let token = secret(&format!("{}:{}:{}", self.seed, machine.id, self.drawn));
        self.sessions.retain(|_, ends_at| now < *ends_at);
        let first = self.sessions.iter().min_by_key(|(_, ends_at)| **ends_at);
        let first = first.map(|(token, _)| token.clone());
        if SESSIONS_MAX <= self.sessions.len()
            && let Some(first) = first
        {
            self.sessions.remove(&first);
        }
        let ends_at = now.plus(std::time::Duration::from_secs(seconds));
        self.sessions.insert(token.clone(), ends_at);
        answer(200, token)
    }

    fn is_admitted(&self, request: &Request, machine: &MachineRecord, now: Timestamp) -> bool {
        match &request.metadata_token {
            Some(token) => self
                .sessions
                .get(token)
                .is_some_and(|ends_at| now < *ends_at),
            None => machine.metadata.tokens_required == Switch::Off,
        }
    }
}

/// What is asked for below the version, if there is one.
fn asked(path: &str) -> Option<&str> {
    let (version, rest) = path.strip_prefix('/')?.split_once('/')?;
    let is_date = version.len() == 10 && version.starts_with("20");
    (version == "latest" || is_date).then_some(rest)
}

/// Text that nobody can guess who does not know what it is made of.
fn secret(from: &str) -> String {
    let hash = digest(&SHA256, from.as_bytes());
    hash.as_ref()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

fn answer(status: u16, text: String) -> Response {
    Response {
        status,
        content_type: "text/plain",
        location: None,
        body: text.into_bytes(),
        delivery: Delivery::Prompt,
    }
}
