//! Every setting's name, shape and meaning: the flags, the environment and the file follow from this table.

/// What a setting looks like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Shape {
    /// One text.
    Text,
    /// `true` or `false`; as a flag, alone for true.
    Switch,
    /// Whole seconds.
    Seconds,
    /// Texts: a list in the file, separated by commas as a flag, by spaces in the environment.
    List,
}

/// One setting.
#[derive(Clone, Copy, Debug)]
pub struct Key {
    /// As in the file; `--` before it is the flag.
    pub name: &'static str,
    /// What it looks like.
    pub shape: Shape,
    /// For `--help`.
    pub help: &'static str,
}

impl Key {
    /// The environment's name: upper case, with the official agent's prefix.
    pub fn variable(&self) -> String {
        let name = self.name.replace('-', "_").to_ascii_uppercase();
        format!("{PREFIX}{name}")
    }
}

/// Starts every variable of the environment that is a setting (protocol.md section 8).
pub const PREFIX: &str = "SEMAPHORE_AGENT_";
/// The one setting that the file cannot hold: where the file is.
pub const CONFIG_FILE: &str = "config-file";

const fn key(name: &'static str, shape: Shape, help: &'static str) -> Key {
    Key { name, shape, help }
}

/// The official agent's settings (protocol.md section 8), then ours.
pub const KEYS: &[Key] = &[
    key(
        CONFIG_FILE,
        Shape::Text,
        "A YAML, TOML or JSON file with any of these settings",
    ),
    key(
        "endpoint",
        Shape::Text,
        "The hub's host, and :port if it is not 443, such as acme.semaphoreci.com",
    ),
    key(
        "token",
        Shape::Text,
        "The registration token. Every user of this computer can read a command line: prefer --token-file",
    ),
    key(
        "no-https",
        Shape::Switch,
        "Speak to the hub without TLS; for test hubs only",
    ),
    key(
        "name",
        Shape::Text,
        "The agent's name, 8 to 80 characters [default: 20 random ones]",
    ),
    key(
        "name-from-env",
        Shape::Text,
        "The variable that holds the name; deprecated",
    ),
    key(
        "disconnect-after-job",
        Shape::Switch,
        "Leave after one job [default: false]",
    ),
    key(
        "job-id",
        Shape::Text,
        "A queued job to take at registration; needs --disconnect-after-job",
    ),
    key(
        "disconnect-after-idle-timeout",
        Shape::Seconds,
        "Leave after so many seconds without a job; 0 is never [default: 0]",
    ),
    key(
        "interruption-grace-period",
        Shape::Seconds,
        "How many seconds a job may go on after SIGTERM or SIGINT [default: 0]",
    ),
    key(
        "shutdown-hook-path",
        Shape::Text,
        "A bash script that runs before the agent exits",
    ),
    key(
        "pre-job-hook-path",
        Shape::Text,
        "A bash script that runs before a job's commands",
    ),
    key(
        "post-job-hook-path",
        Shape::Text,
        "A bash script that runs after a job's epilogues",
    ),
    key(
        "fail-on-pre-job-hook-error",
        Shape::Switch,
        "A pre-job hook that fails fails the job",
    ),
    key(
        "source-pre-job-hook",
        Shape::Switch,
        "Source the pre-job hook into the job's shell",
    ),
    key(
        "env-vars",
        Shape::List,
        "NAME=value pairs that every job gets",
    ),
    key(
        "files",
        Shape::List,
        "Accepted; only the Docker Compose executor uses it",
    ),
    key(
        "fail-on-missing-files",
        Shape::Switch,
        "Accepted; only the Docker Compose executor uses it",
    ),
    key(
        "upload-job-logs",
        Shape::Text,
        "Accepted; logs are not uploaded as artifacts [default: never]",
    ),
    key(
        "kubernetes-executor",
        Shape::Switch,
        "Refused: this agent runs jobs in a shell of its machine",
    ),
    key(
        "kubernetes-pod-spec",
        Shape::Text,
        "Accepted without effect",
    ),
    key(
        "kubernetes-allowed-images",
        Shape::List,
        "Accepted without effect",
    ),
    key(
        "kubernetes-pod-start-timeout",
        Shape::Seconds,
        "Accepted without effect",
    ),
    key("kubernetes-labels", Shape::List, "Accepted without effect"),
    key(
        "kubernetes-default-image",
        Shape::Text,
        "Accepted without effect",
    ),
    key(
        "log-level",
        Shape::Text,
        "error, warn, info, debug or trace [default: info]",
    ),
    key(
        "ca-file",
        Shape::Text,
        "A PEM file with certificates to trust beside the computer's own",
    ),
    key(
        "token-file",
        Shape::Text,
        "A file with the registration token; it is removed once it is read",
    ),
    key("log-format", Shape::Text, "text or json [default: text]"),
    key(
        "registration-timeout",
        Shape::Seconds,
        "How many seconds registering may take, repeats included [default: 120]",
    ),
    key(
        "boot-marks-file",
        Shape::Text,
        "A file with what the machine's boot took, for the job's log",
    ),
];
