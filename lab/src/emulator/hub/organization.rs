//! The organization: what it was set to, and what it draws and signs.

use std::collections::BTreeSet;
use std::time::Duration;

use super::settings::HubSettings;
use super::token::{Draws, LogAction, Purpose, SigningKey, TokenHash};
use crate::emulator::message::Request;
use dayfly::model::id::JobId;
use dayfly::model::secret::Secret;
use dayfly::model::time::Timestamp;

/// What the hub knows besides agents and jobs.
#[derive(Debug)]
pub(super) struct Organization {
    pub(super) settings: HubSettings,
    pub(super) project_id: String,
    pub(super) draws: Draws,
    pub(super) key: SigningKey,
    api_tokens: BTreeSet<TokenHash>,
}

impl Organization {
    pub(super) fn new(settings: HubSettings) -> Self {
        let mut draws = Draws::new(settings.seed);
        Self {
            project_id: draws.uuid(Purpose::Project),
            key: draws.signing_key(),
            draws,
            settings,
            api_tokens: BTreeSet::new(),
        }
    }

    /// Makes a token for the public API.
    pub(super) fn create_api_token(&mut self) -> Secret {
        let token = self.draws.token(Purpose::ApiToken);
        self.api_tokens.insert(TokenHash::of(token.expose()));
        token
    }

    /// Whether a request may use the public API.
    pub(super) fn is_operator(&self, request: &Request) -> bool {
        let header = request.authorization.as_deref().unwrap_or_default();
        let token = header
            .strip_prefix("Token ")
            .or_else(|| header.strip_prefix("Bearer "));
        token.is_some_and(|token| self.api_tokens.contains(&TokenHash::of(token)))
    }

    /// A token that pushes to the log of a job.
    pub(super) fn push_token(&self, job: &str, now: Timestamp) -> Secret {
        let life = self.settings.limits.push_token_life;
        self.key.log_token(job, LogAction::Push, life, now)
    }

    /// The same, expired.
    pub(super) fn expired_push_token(&self, job: &JobId, now: Timestamp) -> Secret {
        let life = self.settings.limits.push_token_life;
        let issued_at = now.minus(life + Duration::from_secs(1));
        self.push_token(job.as_str(), issued_at)
    }
}
