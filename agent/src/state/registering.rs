//! Becoming known to the hub, or giving up in good time (protocol.md 3.1, quirks S2, S3, S18, A3).

use super::denials::{CONFIRMED_AFTER, Denials};
use super::{CallFailure, Effect, Phase, Reason, State};
use dayfly::model::time::Timestamp;

/// The call is under way, or a pause before the next one.
#[derive(Clone, Debug)]
pub(super) struct Registering {
    since: Timestamp,
    /// Calls that failed.
    failures: u32,
    /// A call may have registered us without our knowing.
    in_doubt: bool,
    /// The hub says that it does not know the token, or that it cannot accept the request at all.
    denials: Denials,
    /// The next call, while a pause lasts.
    pub(super) retry_at: Option<Timestamp>,
}

impl State {
    pub(super) fn start(&mut self, now: Timestamp) -> Vec<Effect> {
        let Phase::New = self.phase else {
            return Vec::new();
        };
        self.phase = Phase::Registering(Registering {
            since: now,
            failures: 0,
            in_doubt: false,
            denials: Denials::default(),
            retry_at: None,
        });
        vec![Effect::Register]
    }

    pub(super) fn registered(&mut self, now: Timestamp) -> Vec<Effect> {
        let Phase::Registering(_) = self.phase else {
            return Vec::new();
        };
        self.phase = Phase::Waiting;
        self.sync.last_success_at = now;
        self.sync_soon(now)
    }

    pub(super) fn register_failed(&mut self, failure: CallFailure, now: Timestamp) -> Vec<Effect> {
        let Phase::Registering(registering) = &mut self.phase else {
            return Vec::new();
        };
        registering.failures += 1;
        let failures = registering.failures;
        registering.denials.add(failure, &[401, 404], now);
        let is_denied = registering.denials.are_confirmed(CONFIRMED_AFTER, now);
        let pause = match failure {
            CallFailure::Hopeless | CallFailure::Refused(401 | 404) if is_denied => None,
            // With a job of our own a repeat after a lost answer is refused for good: the first one took the job.
            CallFailure::Refused(400) if self.settings.preassigned && registering.in_doubt => None,
            // A name becomes free when the hub has cleaned up: minutes, not seconds.
            CallFailure::Refused(400) => Some(self.spread.growing(failures, 2_000, 60_000)),
            // A slot of the quota becomes free as soon as another agent leaves.
            CallFailure::Refused(422) => Some(self.spread.growing(failures, 2_000, 15_000)),
            // A load balancer that is being reloaded shows another certificate, or answers 400.
            CallFailure::Hopeless | CallFailure::Refused(401 | 404) => {
                Some(self.spread.growing(failures, 1_000, 15_000))
            }
            CallFailure::Unanswered | CallFailure::Foreign(_) | CallFailure::Refused(_) => {
                registering.in_doubt = true;
                Some(self.spread.growing(failures, 1_000, 15_000))
            }
        };
        let give_up_at = registering.since.plus(self.settings.registration_timeout);
        match pause.map(|pause| now.plus(pause)) {
            Some(retry_at) if retry_at <= give_up_at => {
                registering.retry_at = Some(retry_at);
                Vec::new()
            }
            Some(_) | None => self.shut_down(Reason::NotRegistered(failure)),
        }
    }
}
