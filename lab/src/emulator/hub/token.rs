//! Tokens: how they are drawn, hashed, signed and verified.
//!
//! Nothing here is random: the same seed gives the same tokens, identifiers and intervals,
//! and one more draw for one purpose does not move the draws for another.

use std::collections::BTreeMap;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::{digest, hmac};
use serde::{Deserialize, Serialize};

use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;

/// SHA-256 of a token, in hex: all that the hub keeps of it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct TokenHash(String);

impl TokenHash {
    /// The hash of a token as it came in a header.
    pub(super) fn of(token: &str) -> Self {
        Self(hex(
            digest::digest(&digest::SHA256, token.as_bytes()).as_ref()
        ))
    }
}

/// What a draw is for; each purpose has a sequence of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Purpose {
    RegistrationToken,
    AccessToken,
    ApiToken,
    JobId,
    Project,
    Pipeline,
    SyncInterval,
    Edge,
}

impl Purpose {
    const fn label(self) -> &'static str {
        match self {
            Self::RegistrationToken => "registration-token",
            Self::AccessToken => "access-token",
            Self::ApiToken => "api-token",
            Self::JobId => "job-id",
            Self::Pipeline => "pipeline",
            Self::Project => "project",
            Self::Edge => "edge",
            Self::SyncInterval => "sync-interval",
        }
    }
}

/// Draws from SHA-256 of seed, purpose and a counter.
#[derive(Debug)]
pub(super) struct Draws {
    seed: u64,
    counters: BTreeMap<Purpose, u64>,
}

impl Draws {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            seed,
            counters: BTreeMap::new(),
        }
    }

    /// A token of 80 lower-case hex digits.
    pub(super) fn token(&mut self, purpose: Purpose) -> Secret {
        let mut text = hex(&self.block(purpose));
        text.push_str(&hex(&self.block(purpose)[..8]));
        Secret::new(text)
    }

    /// A version 4 UUID.
    pub(super) fn uuid(&mut self, purpose: Purpose) -> String {
        uuid_of(&self.block(purpose))
    }

    /// The identifier of a job that does not exist, the same each time.
    pub(super) fn invented_job(&self, index: usize) -> String {
        let index = u64::try_from(index).unwrap_or(u64::MAX);
        uuid_of(&self.digest("invented-job", index))
    }

    /// A number of `floor..=ceiling`; `floor` if the range is empty.
    pub(super) fn between(&mut self, purpose: Purpose, floor: u32, ceiling: u32) -> u32 {
        let block = self.block(purpose);
        let span = u64::from(ceiling.saturating_sub(floor)) + 1;
        let drawn = block[..8]
            .iter()
            .fold(0_u64, |sum, byte| (sum << 8) | u64::from(*byte));
        let offset = u32::try_from(drawn % span).unwrap_or(0);
        floor.saturating_add(offset)
    }

    /// The key that signs this hub's log tokens.
    pub(super) fn signing_key(&self) -> SigningKey {
        let block = self.digest("signing-key", 0);
        SigningKey(hmac::Key::new(hmac::HMAC_SHA256, &block))
    }

    fn block(&mut self, purpose: Purpose) -> [u8; 32] {
        let counter = self.counters.entry(purpose).or_default();
        let drawn = *counter;
        *counter += 1;
        self.digest(purpose.label(), drawn)
    }

    fn digest(&self, label: &str, counter: u64) -> [u8; 32] {
        let mut context = digest::Context::new(&digest::SHA256);
        context.update(&self.seed.to_be_bytes());
        context.update(label.as_bytes());
        context.update(&counter.to_be_bytes());
        let mut block = [0; 32];
        block.copy_from_slice(context.finish().as_ref());
        block
    }
}

/// What a log token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub(super) enum LogAction {
    /// `POST` to the job's log.
    Push,
    /// `GET` of the job's log.
    Pull,
}

/// The claims of a log token; times in Unix seconds.
#[derive(Debug, Serialize, Deserialize)]
struct Claims {
    iat: u64,
    nbf: u64,
    exp: u64,
    sub: String,
    action: LogAction,
}

/// Signs and verifies JSON web tokens with HS256.
#[derive(Debug)]
pub(super) struct SigningKey(hmac::Key);

impl SigningKey {
    /// A token for one job and one action, good from `now` for `life`.
    pub(super) fn log_token(
        &self,
        subject: &str,
        action: LogAction,
        life: Duration,
        now: Timestamp,
    ) -> Secret {
        let claims = Claims {
            iat: now.as_seconds(),
            nbf: now.as_seconds(),
            exp: now.plus(life).as_seconds(),
            sub: subject.to_owned(),
            action,
        };
        let body = serde_json::to_vec(&claims).expect("claims are plain data");
        let mut text = URL_SAFE_NO_PAD.encode(r#"{"alg":"HS256","typ":"JWT"}"#);
        text.push('.');
        text.push_str(&URL_SAFE_NO_PAD.encode(body));
        let signature = hmac::sign(&self.0, text.as_bytes());
        text.push('.');
        text.push_str(&URL_SAFE_NO_PAD.encode(signature.as_ref()));
        Secret::new(text)
    }

    /// Whether `token` was signed here, for this job and action, and is good at `now`.
    pub(super) fn allows(
        &self,
        token: &str,
        subject: &str,
        action: LogAction,
        now: Timestamp,
    ) -> bool {
        let Some(claims) = self.verified(token) else {
            return false;
        };
        let seconds = now.as_seconds();
        claims.sub == subject
            && claims.action == action
            && claims.nbf <= seconds
            && seconds < claims.exp
    }

    fn verified(&self, token: &str) -> Option<Claims> {
        let (signed, signature) = token.rsplit_once('.')?;
        let signature = URL_SAFE_NO_PAD.decode(signature).ok()?;
        hmac::verify(&self.0, signed.as_bytes(), &signature).ok()?;
        let (_, body) = signed.split_once('.')?;
        serde_json::from_slice(&URL_SAFE_NO_PAD.decode(body).ok()?).ok()
    }
}

/// Whether a text is a UUID in its usual form.
pub(super) fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(index, byte)| match index {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A version 4 UUID made of a block.
fn uuid_of(block: &[u8; 32]) -> String {
    let digits = hex(&block[..16]);
    let variant = ["8", "9", "a", "b"][usize::from(block[16] % 4)];
    format!(
        "{}-{}-4{}-{variant}{}-{}",
        &digits[..8],
        &digits[8..12],
        &digits[13..16],
        &digits[17..20],
        &digits[20..32]
    )
}

fn hex(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len() * 2);
    let digit = |value: u8| char::from_digit(u32::from(value), 16).unwrap_or_default();
    for byte in bytes {
        text.push(digit(byte >> 4));
        text.push(digit(byte & 15));
    }
    text
}
