//! The payload of a job: built when the job leaves `pending`, served once, then scrubbed.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::job::Job;
use super::organization::Organization;
use super::token::LogAction;
use dayfly::hub::wire::LOG_API;
use dayfly::hub::wire::payload::{Callbacks, EnvVar, Logger, Payload, SANITIZED};
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;

/// Variables that keep their value although their name does not start with `SEMAPHORE` (S1).
const KEPT: [&str; 5] = ["CI", "DISPLAY", "PAGER", "SSH_PRIVATE_KEY_PATH", "TERM"];
/// Variables that lose their value although their name does (S1).
const SECRET: [&str; 2] = ["SEMAPHORE_ARTIFACT_TOKEN", "SEMAPHORE_OIDC_TOKEN"];

impl Organization {
    /// Builds the payload of a job; its log token's hour starts now (S15).
    pub(super) fn payload(&self, job: &Job, now: Timestamp) -> Payload {
        let id = job.record.id.as_str();
        let request = &job.request;
        let base_url = &self.settings.base_url;
        let mut env_vars = self.own_variables(job, now);
        env_vars.extend(request.env_vars.iter().cloned());
        Payload {
            job_id: id.to_owned(),
            job_name: request.name.clone(),
            executor: request.executor.clone(),
            ssh_public_keys: Vec::new(),
            env_vars,
            files: request.files.clone(),
            commands: request.commands.clone(),
            epilogue_always_commands: request.epilogue_always.clone(),
            epilogue_on_pass_commands: request.epilogue_on_pass.clone(),
            epilogue_on_fail_commands: request.epilogue_on_fail.clone(),
            callbacks: Callbacks {
                finished: format!("{base_url}/finished/{id}"),
                teardown_finished: format!("{base_url}/teardown_finished/{id}"),
                token: String::new(),
            },
            logger: Logger {
                method: "push".to_owned(),
                url: format!("{base_url}{LOG_API}/{id}"),
                token: self.push_token(id, now),
            },
        }
    }

    /// The variables that every job gets (protocol.md 5.3, group "always"); the pipeline's come after them.
    fn own_variables(&self, job: &Job, now: Timestamp) -> Vec<EnvVar> {
        let record = &job.record;
        let created_at = record.created_at.as_seconds().to_string();
        let environment = match job.request.executor.as_deref() {
            Some("dockercompose") => "container",
            Some(_) | None => "VM",
        };
        let artifact_token = self.artifact_token(record.id.as_str(), now);
        let variables: [(&str, &str); 15] = [
            ("TERM", "xterm"),
            ("CI", "true"),
            ("SEMAPHORE", "true"),
            ("SEMAPHORE_PROJECT_NAME", &self.settings.organization),
            ("SEMAPHORE_PROJECT_ID", &self.project_id),
            ("SEMAPHORE_JOB_NAME", &record.name),
            ("SEMAPHORE_JOB_ID", record.id.as_str()),
            ("SEMAPHORE_JOB_CREATION_TIME", &created_at),
            ("SEMAPHORE_JOB_TYPE", "pipeline_job"),
            ("SEMAPHORE_AGENT_MACHINE_TYPE", record.agent_type.as_str()),
            ("SEMAPHORE_AGENT_MACHINE_OS_IMAGE", ""),
            ("SEMAPHORE_AGENT_MACHINE_ENVIRONMENT_TYPE", environment),
            ("SEMAPHORE_ORGANIZATION_URL", &self.settings.base_url),
            ("SEMAPHORE_TOOLBOX_METRICS_ENABLED", "false"),
            ("SEMAPHORE_ARTIFACT_TOKEN", artifact_token.expose()),
        ];
        let encoded = |(name, value): (&str, &str)| EnvVar {
            name: name.to_owned(),
            value: STANDARD.encode(value),
        };
        variables.into_iter().map(encoded).collect()
    }

    /// A token of the right shape; there is no artifact store that would take it.
    fn artifact_token(&self, id: &str, now: Timestamp) -> Secret {
        let subject = format!("artifacts/jobs/{id}");
        let life = self.settings.limits.artifact_token_life;
        self.key.log_token(&subject, LogAction::Push, life, now)
    }
}

/// Puts the marker in the place of every secret, exactly as the job service does (S1).
pub(super) fn scrub(payload: &mut Payload) {
    for variable in &mut payload.env_vars {
        let name = variable.name.as_str();
        let kept = name.starts_with("SEMAPHORE") || KEPT.contains(&name);
        if !kept || SECRET.contains(&name) {
            SANITIZED.clone_into(&mut variable.value);
        }
    }
    for file in &mut payload.files {
        SANITIZED.clone_into(&mut file.content);
    }
    payload.logger.token = Secret::new(SANITIZED);
}
