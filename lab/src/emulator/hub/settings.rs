//! What an emulated hub is set to: who owns it, how fast it asks agents back, and its limits.
//! The defaults are the real hub's (protocol.md 2, 3.1, 4.3, 4.9, 6.4, 9.4).

use std::time::Duration;

/// Everything that can be set before the first request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HubSettings {
    /// The organization's short name.
    pub organization: String,
    /// Scheme, host and port without a trailing slash, such as `https://127.0.0.1:1234`.
    /// `logger.url` and `SEMAPHORE_ORGANIZATION_URL` are made of it.
    pub base_url: String,
    /// All tokens, identifiers and sync intervals follow from it.
    pub seed: u64,
    /// The shortest `next_sync_after`; doubled for `continue` to a running job.
    pub sync_interval_floor_ms: u32,
    /// The longest `next_sync_after`; doubled likewise.
    pub sync_interval_ceiling_ms: u32,
    /// How many rows may be registered at once; `None` is without a limit.
    pub agents_max: Option<u32>,
    /// How many jobs may be scheduled or started at once; `None` is without a limit.
    pub parallelism_max: Option<u32>,
    /// Whether the organization may have self-hosted agents at all.
    pub feature: Feature,
    /// Everything that is the same on every real hub.
    pub limits: Limits,
}

/// Whether the organization has the feature `self_hosted_agents`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Feature {
    /// It has.
    #[default]
    Available,
    /// It has not, or not any more.
    SwitchedOff,
}

impl Default for HubSettings {
    fn default() -> Self {
        Self {
            organization: "acme".to_owned(),
            base_url: "https://127.0.0.1".to_owned(),
            seed: 0,
            sync_interval_floor_ms: 4000,
            sync_interval_ceiling_ms: 5999,
            agents_max: None,
            parallelism_max: None,
            feature: Feature::Available,
            limits: Limits::default(),
        }
    }
}

/// The real hub's fixed numbers. Tests and the demo shorten some of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How long a job stays `pending`, while its payload is built.
    pub payload_build: Duration,
    /// How long a job stays `scheduled` before an agent may take it.
    pub scheduling: Duration,
    /// How long after `POST /jobs/{id}/stop` the job is recorded as stopped.
    pub stop_delay: Duration,
    /// How often silent agents are looked for.
    pub cleaning_interval: Duration,
    /// How many rows one such look deletes.
    pub cleaned_per_round_max: usize,
    /// A row that never synced is deleted after this long.
    pub never_synced_max: Duration,
    /// A row without a job is deleted after a silence of this long.
    pub silent_idle_max: Duration,
    /// A row with a job is deleted, and its job failed, after a silence of this long.
    pub silent_busy_max: Duration,
    /// For how long a lost register answer can be asked for again.
    pub reregister_window: Duration,
    /// How long a log token is good for pushing.
    pub push_token_life: Duration,
    /// How long a log token is good for reading.
    pub pull_token_life: Duration,
    /// How long the artifact token in a payload lasts.
    pub artifact_token_life: Duration,
    /// Above this many stored bytes the log server refuses more.
    pub log_bytes_max: usize,
    /// More lines than this in one push are refused.
    pub push_events_max: usize,
    /// A job that waits for an agent for longer is stopped.
    pub waiting_max: Duration,
    /// The longest agent name, in bytes.
    pub agent_name_bytes_max: usize,
    /// `GET /jobs` lists no more than this.
    pub queued_jobs_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            payload_build: Duration::from_millis(200),
            scheduling: Duration::from_millis(800),
            stop_delay: Duration::from_secs(1),
            cleaning_interval: Duration::from_secs(60),
            cleaned_per_round_max: 100,
            never_synced_max: Duration::from_secs(60),
            silent_idle_max: Duration::from_secs(3 * 60),
            silent_busy_max: Duration::from_secs(15 * 60),
            reregister_window: Duration::from_secs(5 * 60),
            push_token_life: Duration::from_secs(60 * 60),
            pull_token_life: Duration::from_secs(5 * 60),
            artifact_token_life: Duration::from_secs(24 * 60 * 60),
            log_bytes_max: 16 * 1024 * 1024,
            push_events_max: 2000,
            waiting_max: Duration::from_secs(24 * 60 * 60),
            agent_name_bytes_max: 80,
            queued_jobs_max: 500,
        }
    }
}
