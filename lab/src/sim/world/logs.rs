//! The log of an agent's job on its way: what `agent::pusher` does, moved by the world.
//!
//! What must stay true: one push in flight; when the log is told to be closed, nothing is pushed
//! any more.

use super::{Deed, World};
use crate::emulator::message::Response;
use crate::sim::agent::{AgentCall, FLUSH_MAX, stored};
use dayfly_agent::logbuf::Refusal;
use dayfly_agent::state::Event;

impl World {
    pub(super) fn close_log(&mut self, id: &str) {
        let now = self.agenda.now;
        if let Some(log) = self.guests.agent(id).and_then(|agent| agent.log.as_mut()) {
            log.buffer.close(now);
            log.flush_until = Some(now.plus(FLUSH_MAX));
            self.agenda.machine_after(FLUSH_MAX, id, Deed::Log);
        }
        self.tend_log(id);
    }

    /// Pushes what may be pushed, or tells that the log is closed.
    pub(super) fn tend_log(&mut self, id: &str) {
        let now = self.agenda.now;
        let Some(agent) = self.guests.agent(id) else {
            return;
        };
        let Some(log) = &mut agent.log else { return };
        let given_up = log.flush_until.is_some_and(|until| until <= now);
        if log.buffer.is_drained() || given_up {
            let job = log.job.clone();
            let is_whole = log.buffer.is_drained();
            agent.log = None;
            if !is_whole {
                self.workload.logs_given_up.insert(job.clone());
            }
            self.step(id, Event::LogClosed(job));
            return;
        }
        if log.in_flight.is_some() {
            return;
        }
        let Some(at) = log.buffer.next_push_at() else {
            return;
        };
        if now < at {
            self.agenda.machine_at(at, id, Deed::Log);
            return;
        }
        let batch = log.buffer.batch();
        log.in_flight = batch.map(|batch| (batch.start_from, batch.events));
        log.refreshed = log.token.is_none();
        let call = if log.token.is_none() {
            AgentCall::Refresh
        } else {
            AgentCall::Push
        };
        self.agent_calls(id, call);
    }

    pub(super) fn pushed(&mut self, id: &str, answer: Option<&Response>) {
        let now = self.agenda.now;
        let Some(log) = self.guests.agent(id).and_then(|agent| agent.log.as_mut()) else {
            return;
        };
        let stored = stored(answer);
        if stored == Err(Refusal::Token) && !log.refreshed {
            log.refreshed = true;
            self.agent_calls(id, AgentCall::Refresh);
            return;
        }
        if let Some((start_from, events)) = log.in_flight.take() {
            match stored {
                Ok(()) => log.buffer.acked(start_from, events, now),
                Err(refusal) => log.buffer.refused(refusal, now),
            }
        }
        self.tend_log(id);
    }

    pub(super) fn refreshed(&mut self, id: &str, answer: Option<&Response>) {
        let now = self.agenda.now;
        let Some(agent) = self.guests.agent(id) else {
            return;
        };
        if agent.refreshed(answer) {
            self.agent_calls(id, AgentCall::Push);
            return;
        }
        if let Some(log) = &mut agent.log {
            log.in_flight = None;
            log.buffer.refused(Refusal::Token, now);
        }
        self.tend_log(id);
    }
}
