//! What the operator of an agent wants of every job.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::path::PathBuf;

use crate::process::Orphans;

/// What the operator of this agent wants of every job (protocol.md section 8).
#[derive(Clone, Default)]
pub struct JobSettings {
    /// What the job inherits, less every `SEMAPHORE_AGENT_*` and `hidden_variables`; this process's own
    /// environment if absent.
    pub environment: Option<BTreeMap<OsString, OsString>>,
    /// More variables of the agent that a job must not see.
    pub hidden_variables: BTreeSet<String>,
    /// Exported after the payload's variables; a name that both have gets this value.
    pub extra_env_vars: Vec<(String, String)>,
    /// A script that runs after the environment and the files, before the first command.
    pub pre_job_hook: Option<PathBuf>,
    /// A script that runs after the epilogues, whatever the result.
    pub post_job_hook: Option<PathBuf>,
    /// Whether a pre-job hook that fails makes the job fail.
    pub fail_on_pre_job_hook_error: bool,
    /// Whether the pre-job hook is sourced into the job's shell instead of run beside it.
    pub source_pre_job_hook: bool,
    /// A folder of the agent's own, made with mode 0700, for files that live as long as a command.
    pub scratch: PathBuf,
    /// `HOME` of the job; the environment's own if absent.
    pub home: Option<PathBuf>,
    /// What the boot of the machine took, for the first step of the log.
    pub boot: Option<String>,
    /// Which processes without a parent are the job's: `All` in an agent that has become a subreaper.
    pub orphans: Orphans,
}

impl JobSettings {
    /// The job's home folder: where it starts, and what `~` means.
    pub fn home(&self) -> PathBuf {
        let inherited = || match &self.environment {
            Some(environment) => environment.get(OsStr::new("HOME")).map(PathBuf::from),
            None => std::env::home_dir(),
        };
        self.home
            .clone()
            .or_else(inherited)
            .unwrap_or_else(|| PathBuf::from("/"))
    }
}

impl std::fmt::Debug for JobSettings {
    /// Without the variables, whose values may be secrets.
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter
            .debug_struct("JobSettings")
            .field("pre_job_hook", &self.pre_job_hook)
            .field("post_job_hook", &self.post_job_hook)
            .field(
                "fail_on_pre_job_hook_error",
                &self.fail_on_pre_job_hook_error,
            )
            .field("source_pre_job_hook", &self.source_pre_job_hook)
            .field("scratch", &self.scratch)
            .field("home", &self.home)
            .field("orphans", &self.orphans)
            .finish_non_exhaustive()
    }
}
