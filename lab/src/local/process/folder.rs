//! A machine on disk: its tags, its agent's settings, its console.

use std::ffi::OsString;
use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open, pidfd_send_signal};
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::faults::Boot;
use super::settings::AgentSettings;
use dayfly::model::id::{Deployment, MachineId};
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};

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
    pub(super) fn create(
        &self,
        tags: &Tags,
        agent: &AgentSettings,
        idle_timeout: Duration,
    ) -> io::Result<()> {
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
            "disconnect-after-idle-timeout": idle_timeout.as_secs(),
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

    /// Notes who the init is, for whoever wants to end the machine: at once, because half a number
    /// would be somebody else's, and none at all would look like an init that was killed.
    pub(super) fn write_init_pid(&self) -> io::Result<()> {
        let unfinished = self.0.join("init.pid.new");
        write_private(&unfinished, std::process::id().to_string().as_bytes())?;
        fs::rename(unfinished, self.init_pid())
    }

    /// Sends a signal to the init, if it runs. What holds the process is had before it is looked
    /// at, so that no other one can be hit that was given its number in between.
    pub(super) fn signal_init(&self, signal: Signal) {
        if let Ok(Some(pid)) = self.noted_init()
            && let Ok(handle) = pidfd_open(pid, PidfdFlags::empty())
            && matches!(self.is_init(pid), Ok(true))
        {
            // It may have ended in this moment, and then nothing is left to do.
            let _ = pidfd_send_signal(handle, signal);
        }
    }

    /// Whether the machine's init has begun and runs. An error says that this cannot be found out.
    pub(super) fn has_living_init(&self) -> io::Result<bool> {
        let pid = self.noted_init()?;
        pid.map_or(Ok(false), |pid| self.is_init(pid))
    }

    /// The tags of a deployment's machine whose init has been killed, and with it whoever would
    /// have ended the rest. A folder in which no init has begun yet may be another controller's.
    pub(super) fn abandoned(&self, deployment: &Deployment) -> Option<Tags> {
        let tags = self.read_tags().ok()?;
        let has_begun = self.init_pid().exists();
        let is_dead = matches!(self.has_living_init(), Ok(false));
        // An init that has ended its machine in the meantime has taken the folder along.
        let is_left = has_begun && is_dead && self.init_pid().exists();
        (is_left && tags.deployment == *deployment).then_some(tags)
    }

    /// The process that the init's file names, if there is such a file.
    fn noted_init(&self) -> io::Result<Option<Pid>> {
        let text = found(fs::read_to_string(self.init_pid()))?;
        Ok(text.and_then(|text| Pid::from_raw(text.parse().ok()?)))
    }

    /// Whether a process is this machine's init: numbers are used again.
    fn is_init(&self, pid: Pid) -> io::Result<bool> {
        let arguments = found(fs::read(format!("/proc/{}/cmdline", pid.as_raw_pid())))?;
        let ours = self.0.as_os_str().as_bytes();
        let arguments = arguments.unwrap_or_default();
        Ok(arguments
            .split(|byte| *byte == 0)
            .any(|argument| argument == ours))
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
            console: Some(ConsoleMarks::read(&console)),
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

/// What was read, or nothing where there is nothing, such as a process that has just ended.
fn found<T>(read: io::Result<T>) -> io::Result<Option<T>> {
    match read {
        Ok(read) => Ok(Some(read)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) if error.raw_os_error() == Some(Errno::SRCH.raw_os_error()) => Ok(None),
        Err(error) => Err(error),
    }
}

/// A folder that nobody else may look into.
pub(in crate::local) fn private_folder(path: &Path) -> io::Result<()> {
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
