//! What the operator configured (protocol.md section 8): flag, environment, file, default, in this order.
//!
//! Every problem is found in one go. What is not here: whether files exist and what they hold;
//! `preflight` looks at the computer.

mod file;
mod keys;
mod layers;
mod preflight;

use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;
use tracing::level_filters::LevelFilter;

pub use self::file::FileLayer;
pub use self::keys::{CONFIG_FILE, KEYS, Key, PREFIX, Shape};
pub use self::layers::Layers;
use self::layers::{Found, is_variable_name};
pub use self::preflight::{preflight, take_token};
use dayfly::model::secret::Secret;

/// What the operator wants of the agent. Valid in itself.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// Host, and port if it was given.
    pub endpoint: String,
    /// Whether TLS was switched off in so many words.
    pub plain_http: bool,
    /// Certificates to trust beside the computer's own.
    pub ca_file: Option<PathBuf>,
    /// Where the registration token is.
    pub token: TokenSource,
    /// Absent: the agent makes one up.
    pub name: Option<String>,
    /// Leave after one job.
    pub disconnect_after_job: bool,
    /// A job to take at registration.
    pub job_id: Option<String>,
    /// Zero is never.
    pub idle_timeout: Duration,
    /// How long a job may go on after a signal.
    pub interruption_grace_period: Duration,
    /// How long registering may take, repeats included.
    pub registration_timeout: Duration,
    /// A file with the marks of the machine's boot, for the job's log.
    pub boot_marks: Option<PathBuf>,
    /// A bash script that runs before the agent exits.
    pub shutdown_hook: Option<PathBuf>,
    /// A bash script that runs before a job's commands.
    pub pre_job_hook: Option<PathBuf>,
    /// A bash script that runs after a job's epilogues.
    pub post_job_hook: Option<PathBuf>,
    /// A pre-job hook that fails fails the job.
    pub fail_on_pre_job_hook_error: bool,
    /// The pre-job hook is sourced.
    pub source_pre_job_hook: bool,
    /// What every job gets, in order.
    pub env_vars: Vec<(String, String)>,
    /// What is logged.
    pub log_level: LevelFilter,
    /// How it is logged.
    pub log_format: LogFormat,
    /// What the operator should know of these settings.
    pub notices: Vec<String>,
}

/// The shape of the agent's log lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// Where the registration token is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TokenSource {
    /// It was given as such.
    Given(Secret),
    /// In a file, which is removed once it is read.
    File(PathBuf),
}

/// Everything that is wrong with the settings.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct SettingsError(pub Vec<String>);

impl fmt::Display for SettingsError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0.join("\n"))
    }
}

/// Reads the layers, each setting from the first that has it.
///
/// # Errors
/// All problems at once, one sentence each.
pub fn resolve(layers: &Layers) -> Result<AgentSettings, SettingsError> {
    let mut reader = Reader {
        layers,
        problems: layers.unknown().collect(),
    };
    let mut settings = AgentSettings {
        endpoint: reader.endpoint(),
        plain_http: reader.switch("no-https"),
        ca_file: reader.path("ca-file"),
        token: reader.token(),
        name: reader.name(),
        disconnect_after_job: reader.switch("disconnect-after-job"),
        job_id: reader.text("job-id"),
        idle_timeout: reader.seconds("disconnect-after-idle-timeout", 0),
        interruption_grace_period: reader.seconds("interruption-grace-period", 0),
        registration_timeout: reader.seconds("registration-timeout", 120),
        boot_marks: reader.path("boot-marks-file"),
        shutdown_hook: reader.path("shutdown-hook-path"),
        pre_job_hook: reader.path("pre-job-hook-path"),
        post_job_hook: reader.path("post-job-hook-path"),
        fail_on_pre_job_hook_error: reader.switch("fail-on-pre-job-hook-error"),
        source_pre_job_hook: reader.switch("source-pre-job-hook"),
        env_vars: reader.env_vars(),
        log_level: reader
            .word("log-level", "error, warn, info, debug or trace", log_level)
            .unwrap_or(LevelFilter::INFO),
        log_format: reader
            .word("log-format", "text or json", log_format)
            .unwrap_or_default(),
        notices: Vec::new(),
    };
    if settings.job_id.is_some() && !settings.disconnect_after_job {
        reader
            .problems
            .push("`job-id` needs `disconnect-after-job`, for such an agent takes one job".into());
    }
    settings.notices = reader.notices();
    if reader.problems.is_empty() {
        Ok(settings)
    } else {
        Err(SettingsError(reader.problems))
    }
}

/// Reads settings one by one and collects what is wrong.
struct Reader<'layers> {
    layers: &'layers Layers,
    problems: Vec<String>,
}

impl Reader<'_> {
    fn find(&self, name: &str) -> Option<Found> {
        let key = KEYS.iter().find(|key| key.name == name);
        self.layers
            .find(key.expect("every setting that is read stands in the table"))
    }

    fn text(&mut self, name: &str) -> Option<String> {
        let found = self.find(name)?;
        let text = found.texts.last()?.trim().to_owned();
        (!text.is_empty()).then_some(text)
    }

    fn path(&mut self, name: &str) -> Option<PathBuf> {
        self.text(name).map(PathBuf::from)
    }

    /// A setting of a few words; `wanted` lists them.
    fn word<T>(&mut self, name: &str, wanted: &str, read: impl Fn(&str) -> Option<T>) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        if value.is_none() {
            let place = self.find(name)?.place;
            self.problems
                .push(format!("{place} is `{text}`; it takes {wanted}"));
        }
        value
    }

    fn switch(&mut self, name: &str) -> bool {
        let read = |word: &str| match word {
            "true" | "True" | "TRUE" | "1" | "t" | "T" => Some(true),
            "false" | "False" | "FALSE" | "0" | "f" | "F" => Some(false),
            _ => None,
        };
        self.word(name, "true or false", read).unwrap_or(false)
    }

    fn seconds(&mut self, name: &str, default: u64) -> Duration {
        // The wire has 32 bits for it, and nobody waits longer.
        let read = |text: &str| text.parse::<u32>().ok().map(u64::from);
        let seconds = self.word(name, "whole seconds, 0 or more", read);
        Duration::from_secs(seconds.unwrap_or(default))
    }

    fn endpoint(&mut self) -> String {
        let Some(endpoint) = self.text("endpoint") else {
            self.problems
                .push("`endpoint` is missing: the hub's host, such as acme.semaphoreci.com".into());
            return String::new();
        };
        let is_host =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_' | ':' | '[' | ']');
        if !endpoint.chars().all(is_host) {
            self.problems.push(format!(
                "`endpoint` is `{endpoint}`; it takes a host, and :port, without a scheme or a path"
            ));
        }
        endpoint
    }

    fn token(&mut self) -> TokenSource {
        match (self.text("token"), self.path("token-file")) {
            (Some(token), None) => TokenSource::Given(Secret::new(token)),
            (None, Some(path)) => TokenSource::File(path),
            (given, _) => {
                self.problems.push(match given {
                    Some(_) => {
                        "`token` and `token-file` are both set; one of them is needed".into()
                    }
                    None => {
                        "`token-file` or `token` is missing: the agent type's registration token"
                            .into()
                    }
                });
                TokenSource::Given(Secret::default())
            }
        }
    }

    fn name(&mut self) -> Option<String> {
        let name = match (self.text("name"), self.text("name-from-env")) {
            (Some(name), _) => name,
            (None, Some(variable)) => match self.layers.environment.get(&variable) {
                Some(name) if !name.is_empty() => name.clone(),
                Some(_) | None => {
                    self.problems.push(format!(
                        "`name-from-env` names {variable}, which is not set"
                    ));
                    return None;
                }
            },
            (None, None) => return None,
        };
        // A type with STS naming gets a pre-signed URL instead (protocol.md 3.1).
        if name.starts_with("https://") {
            return Some(name);
        }
        let fits = (8..=80).contains(&name.chars().count());
        let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '/' | '+');
        if !(fits && name.chars().all(allowed)) || name.starts_with('/') {
            self.problems.push(format!(
                "the name is `{name}`; it takes 8 to 80 letters, digits, `-`, `_`, `+` and `/`, and no `/` in front"
            ));
        }
        Some(name)
    }

    fn env_vars(&mut self) -> Vec<(String, String)> {
        let Some(found) = self.find("env-vars") else {
            return Vec::new();
        };
        let mut pairs = Vec::new();
        for text in &found.texts {
            match text.split_once('=') {
                Some((name, value)) if is_variable_name(name) => {
                    pairs.push((name.to_owned(), value.to_owned()));
                }
                // The text may be a secret, so only its place is told.
                Some(_) | None => self.problems.push(format!(
                    "{} has an item that is not NAME=value",
                    found.place
                )),
            }
        }
        pairs
    }

    /// Settings that are accepted and do not do what they did.
    fn notices(&mut self) -> Vec<String> {
        let mut notices = Vec::new();
        if self.switch("kubernetes-executor") {
            self.problems.push(
                "`kubernetes-executor` is true; this agent runs jobs in a shell of its machine"
                    .into(),
            );
        }
        let upload = |word: &str| match word {
            "never" => Some(false),
            "always" | "when-trimmed" => Some(true),
            _ => None,
        };
        if self.word("upload-job-logs", "never, always or when-trimmed", upload) == Some(true) {
            notices
                .push("`upload-job-logs` has no effect: logs are not uploaded as artifacts".into());
        }
        let without_effect = |name: &&Key| {
            let kubernetes =
                name.name.starts_with("kubernetes-") && name.name != "kubernetes-executor";
            kubernetes || name.name == "files" || name.name == "fail-on-missing-files"
        };
        for key in KEYS.iter().filter(without_effect) {
            if self.layers.find(key).is_some() {
                notices.push(format!("`{}` has no effect: jobs run in a shell", key.name));
            }
        }
        for variable in ["LOG_FILE_PATH", "LOGS_COMPRESSION_SIZE"] {
            let variable = format!("{PREFIX}{variable}");
            if self.layers.environment.contains_key(&variable) {
                notices.push(format!(
                    "{variable} has no effect: the agent logs to stderr"
                ));
            }
        }
        if self.layers.flags.contains_key("token") && self.text("token").is_some() {
            notices.push("the token stands on the command line, where every user can read it: use --token-file".into());
        }
        if self.find("name-from-env").is_some() {
            notices.push("`name-from-env` is deprecated: use `name`".into());
        }
        notices
    }
}

fn log_format(word: &str) -> Option<LogFormat> {
    match word {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    }
}

fn log_level(word: &str) -> Option<LevelFilter> {
    match word.to_ascii_lowercase().as_str() {
        "error" | "fatal" | "panic" => Some(LevelFilter::ERROR),
        "warn" | "warning" => Some(LevelFilter::WARN),
        "info" => Some(LevelFilter::INFO),
        "debug" => Some(LevelFilter::DEBUG),
        "trace" => Some(LevelFilter::TRACE),
        _ => None,
    }
}
