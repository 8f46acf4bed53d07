//! What machines on this computer are made of.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use thiserror::Error;

use dayfly::model::id::{Deployment, PoolName};
use dayfly::model::secret::Secret;

/// Everything that a machine on this computer needs to know.
#[derive(Clone, Debug)]
pub struct ProcessSettings {
    /// Where the machines' folders are.
    pub root: PathBuf,
    /// Whose machines they are.
    pub deployment: Deployment,
    /// The program that becomes a machine's init when `machine --folder F` is added.
    pub init_command: Vec<OsString>,
    /// The program that becomes the agent when `start --config-file F` is added.
    pub agent_command: Vec<OsString>,
    /// What the agents of each pool are told.
    pub pools: BTreeMap<PoolName, AgentSettings>,
    /// The shortest and the longest time from a launch to the agent's start.
    pub boot_delay: (Duration, Duration),
    /// The search path of agents and jobs.
    pub path: OsString,
}

/// What the agents of one pool are told.
#[derive(Clone, Debug)]
pub struct AgentSettings {
    /// Host and port of the hub.
    pub endpoint: String,
    /// Certificates to trust beside the computer's own.
    pub ca_file: Option<PathBuf>,
    /// Plain HTTP instead of HTTPS.
    pub plain_http: bool,
    /// Admits the agent to the hub. It is handed over in a file that the agent removes.
    pub registration_token: Secret,
    /// How long its job may go on after an interruption.
    pub interruption_grace_period: Duration,
}

/// Why machines on this computer cannot be had.
#[derive(Debug, Error)]
pub enum ProcessCloudError {
    /// The folder cannot be used.
    #[error("the folder {folder} for machines cannot be written")]
    Folder {
        /// Which.
        folder: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Jobs run in bash, and there is none.
    #[error("bash is not found in {path:?}, and every job runs in it")]
    NoBash {
        /// The search path.
        path: OsString,
    },
    /// The program of the init or of the agent cannot be run.
    #[error("a machine runs {program}, which is not a program")]
    NoProgram {
        /// Its path or name.
        program: PathBuf,
    },
    /// This process cannot take in what a killed machine leaves behind.
    #[error("this process cannot adopt orphans")]
    Subreaper(#[source] io::Error),
}

impl ProcessSettings {
    /// Proves that machines can be made, before anything starts: makes the folder and finds bash.
    pub(super) fn prepare(&self) -> Result<(), ProcessCloudError> {
        let unusable = |source| ProcessCloudError::Folder {
            folder: self.root.clone(),
            source,
        };
        super::folder::private_folder(&self.root).map_err(unusable)?;
        let probe = self.root.join(".can-write");
        std::fs::write(&probe, "")
            .and_then(|()| std::fs::remove_file(&probe))
            .map_err(unusable)?;
        if !self.can_run(OsStr::new("bash")) {
            return Err(ProcessCloudError::NoBash {
                path: self.path.clone(),
            });
        }
        for command in [&self.init_command, &self.agent_command] {
            let program = command.first().map(OsString::as_os_str).unwrap_or_default();
            if !self.can_run(program) {
                return Err(ProcessCloudError::NoProgram {
                    program: PathBuf::from(program),
                });
            }
        }
        Ok(())
    }

    /// The same with paths that mean the same wherever they are read: a machine has a working
    /// folder of its own.
    pub(super) fn absolute(mut self) -> Self {
        let absolute = |path: &mut PathBuf| {
            if let Ok(whole) = std::path::absolute(&*path) {
                *path = whole;
            }
        };
        absolute(&mut self.root);
        let ca_files = self
            .pools
            .values_mut()
            .filter_map(|pool| pool.ca_file.as_mut());
        ca_files.for_each(absolute);
        self
    }

    /// Whether a path leads to a program, or a name does in the search path.
    fn can_run(&self, program: &OsStr) -> bool {
        if 1 < Path::new(program).components().count() {
            return is_program(Path::new(program));
        }
        std::env::split_paths(&self.path).any(|folder| is_program(&folder.join(program)))
    }
}

fn is_program(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|it| it.is_file() && it.permissions().mode() & 0o111 != 0)
}
