//! A machine on disk: its tags, its agent's settings, its console.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::faults::Boot;
use super::settings::AgentSettings;
use crate::model::id::{Deployment, MachineId};
use crate::model::machine::{ConsoleMarks, Machine, Phase};

/// Everything about a machine that must outlive the process which launched it. No secret is in it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Tags {
    /// Whose machine it is.
    pub deployment: Deployment,
    /// The machine, as it is listed.
    pub machine: Machine,
    /// The agent's program and its first arguments.
    pub agent_command: Vec<OsString>,
    /// The search path of agent and job.
    pub path: OsString,
    /// From init to agent.
    pub boot_delay: Duration,
    /// Whether the boot is made to go wrong.
    pub boot: Boot,
}

/// The folder of one machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folder(PathBuf);

impl Folder {
    /// The folder of a machine under a root.
    pub fn of(root: &Path, id: &MachineId) -> Self {
        Self(root.join(id.as_str()))
    }

    /// A folder that was named on a command line.
    pub fn at(path: PathBuf) -> Self {
        Self(path)
    }

    /// Its path.
    pub fn path(&self) -> &Path {
        &self.0
    }

    /// The home of agent and job.
    pub fn home(&self) -> PathBuf {
        self.0.join("home")
    }

    /// The folder for temporary files of agent and job.
    pub fn scratch(&self) -> PathBuf {
        self.0.join("scratch")
    }

    /// What the agent said on stdout.
    pub fn console(&self) -> PathBuf {
        self.0.join("console.log")
    }

    /// What the agent said on stderr.
    pub fn agent_log(&self) -> PathBuf {
        self.0.join("agent.log")
    }

    /// The agent's settings.
    pub fn agent_settings(&self) -> PathBuf {
        self.0.join("agent.json")
    }

    fn tags(&self) -> PathBuf {
        self.0.join("machine.json")
    }

    fn init_pid(&self) -> PathBuf {
        self.0.join("init.pid")
    }

    fn held(&self) -> PathBuf {
        self.0.join("held")
    }

    /// Makes the machine: folders, tags, and the agent's settings with the token in a file of its own.
    pub(super) fn create(&self, tags: &Tags, agent: &AgentSettings) -> io::Result<()> {
        for folder in [self.0.clone(), self.home(), self.scratch()] {
            private_folder(&folder)?;
        }
        let token = self.0.join("token");
        write_private(&token, agent.registration_token.expose().as_bytes())?;
        let settings = json!({
            "endpoint": agent.endpoint,
            "token-file": token,
            "name": tags.machine.id,
            "no-https": agent.plain_http,
            "disconnect-after-job": true,
            "disconnect-after-idle-timeout": agent.idle_timeout.as_secs(),
            "interruption-grace-period": agent.interruption_grace_period.as_secs(),
        });
        let mut settings = settings;
        if let Some(ca_file) = &agent.ca_file {
            settings["ca-file"] = json!(ca_file);
        }
        write_private(&self.agent_settings(), settings.to_string().as_bytes())?;
        // The tags come last and at once: a folder without them is no machine yet.
        let text = serde_json::to_vec(tags).map_err(io::Error::other)?;
        let unfinished = self.0.join("machine.json.new");
        write_private(&unfinished, &text)?;
        fs::rename(unfinished, self.tags())
    }

    /// The machine's tags.
    pub fn read_tags(&self) -> io::Result<Tags> {
        let text = fs::read(self.tags())?;
        serde_json::from_slice(&text).map_err(io::Error::other)
    }

    /// Notes who the init is, for whoever wants to end the machine.
    pub(super) fn write_init_pid(&self) -> io::Result<()> {
        write_private(&self.init_pid(), std::process::id().to_string().as_bytes())
    }

    /// The init's process, if it runs and is this machine's: numbers are used again.
    pub(super) fn living_init(&self) -> Option<u32> {
        let pid: u32 = fs::read_to_string(self.init_pid()).ok()?.parse().ok()?;
        let arguments = fs::read(format!("/proc/{pid}/cmdline")).ok()?;
        let ours = self.0.to_str()?.as_bytes();
        arguments
            .split(|byte| *byte == 0)
            .any(|argument| argument == ours)
            .then_some(pid)
    }

    /// The tags of a deployment's machine whose init has been killed, and with it whoever would
    /// have ended the rest. A folder in which no init has begun yet may be another controller's.
    pub(super) fn abandoned(&self, deployment: &Deployment) -> Option<Tags> {
        let tags = self.read_tags().ok()?;
        let is_dead = self.init_pid().exists() && self.living_init().is_none();
        (tags.deployment == *deployment && is_dead).then_some(tags)
    }

    /// A deployment's machine as it is listed, with what its console and its operator say.
    pub(super) fn list(&self, deployment: &Deployment) -> Option<Machine> {
        let tags = self
            .read_tags()
            .ok()
            .filter(|tags| tags.deployment == *deployment)?;
        let console = fs::read_to_string(self.console()).unwrap_or_default();
        Some(Machine {
            phase: Phase::Running,
            held: self.held().exists(),
            console: Some(marks(&console)),
            ..tags.machine
        })
    }

    /// Removes all of it, also what a job made unwritable.
    pub(super) fn remove(&self) {
        if fs::remove_dir_all(&self.0).is_err() {
            open_up(&self.0);
            if let Err(error) = fs::remove_dir_all(&self.0)
                && error.kind() != io::ErrorKind::NotFound
            {
                tracing::warn!(folder = %self.0.display(), %error, "a machine's folder stays");
            }
        }
    }
}

/// The marks that an agent has left on a console.
pub(super) fn marks(console: &str) -> ConsoleMarks {
    let has = |mark: &str| console.lines().any(|line| line.starts_with(mark));
    ConsoleMarks {
        registered: has("dayfly: registered "),
        log_closed: has("dayfly: log closed "),
    }
}

/// A folder that nobody else may look into.
pub(super) fn private_folder(path: &Path) -> io::Result<()> {
    DirBuilder::new().recursive(true).mode(0o700).create(path)
}

fn write_private(path: &Path, content: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new()
        .write(true)
        .create(true)
        .truncate(true)
        .mode(0o600)
        .open(path)?;
    file.write_all(content)
}

/// Makes folders writable that a job has closed.
fn open_up(path: &Path) {
    use std::os::unix::fs::PermissionsExt;
    let Ok(entries) = fs::symlink_metadata(path)
        .and_then(|_| fs::set_permissions(path, fs::Permissions::from_mode(0o700)))
        .and_then(|()| fs::read_dir(path))
    else {
        return;
    };
    let is_folder = |entry: &fs::DirEntry| entry.file_type().is_ok_and(|kind| kind.is_dir());
    entries
        .flatten()
        .filter(is_folder)
        .for_each(|entry| open_up(&entry.path()));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marks_are_whole_lines_of_the_agent() {
        let console = "dayfly: registered i-1\ndayfly: job j started\n";
        assert_eq!(
            marks(console),
            ConsoleMarks {
                registered: true,
                log_closed: false
            }
        );
        assert_eq!(marks("echo dayfly: log closed x"), ConsoleMarks::default());
    }
}
