//! Who the agent is: its name, and what it tells the hub of its machine (protocol.md 3.1).

use std::fs;

use ring::rand::{SecureRandom, SystemRandom};

use dayfly::hub::wire::agent::RegisterRequest;

use super::settings::AgentSettings;

/// What the hub shows as the agent's version.
pub(super) const VERSION: &str = concat!("dayfly-", env!("CARGO_PKG_VERSION"));
/// How long a name is that nobody chose.
const NAME_LENGTH: usize = 20;

/// The body of the registration.
pub(super) fn registration(settings: &AgentSettings, name: String) -> RegisterRequest {
    let seconds = |span: std::time::Duration| i64::try_from(span.as_secs()).unwrap_or(i64::MAX);
    RegisterRequest {
        name,
        version: VERSION.to_owned(),
        pid: i32::try_from(std::process::id()).unwrap_or_default(),
        os: fs::read_to_string("/etc/os-release")
            .ok()
            .and_then(|text| pretty_name(&text))
            .unwrap_or_else(|| std::env::consts::OS.to_owned()),
        arch: arch(std::env::consts::ARCH).to_owned(),
        hostname: rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned(),
        single_job: settings.disconnect_after_job,
        idle_timeout: seconds(settings.idle_timeout),
        interruption_grace_period: seconds(settings.interruption_grace_period),
        job_id: settings.job_id.clone().unwrap_or_default(),
    }
}

/// Letters and digits that nobody can guess.
pub(super) fn random_name() -> String {
    const LETTERS: &[u8; 32] = b"abcdefghijkmnpqrstuvwxyz23456789";
    let letter = |byte: &u8| char::from(LETTERS[usize::from(byte % 32)]);
    random_bytes::<NAME_LENGTH>().iter().map(letter).collect()
}

/// Spreads this agent's pauses apart from those of its siblings.
pub(super) fn random_seed() -> u64 {
    u64::from_le_bytes(random_bytes())
}

fn random_bytes<const LENGTH: usize>() -> [u8; LENGTH] {
    let mut bytes = [0; LENGTH];
    SystemRandom::new()
        .fill(&mut bytes)
        .expect("the kernel always has random bytes");
    bytes
}

/// `PRETTY_NAME` of `/etc/os-release`, without its quotes.
fn pretty_name(text: &str) -> Option<String> {
    let value = text
        .lines()
        .find_map(|line| line.strip_prefix("PRETTY_NAME="))?;
    Some(value.trim_matches(['"', '\'']).to_owned())
}

/// The architecture as the hub knows it: Go's name, but `x86_64` and `x86`.
fn arch(rust: &str) -> &str {
    match rust {
        "aarch64" => "arm64",
        other => other,
    }
}
