//! Calls of controllers, on their way to the emulators and back.

use std::time::Duration;

use super::{Happening, World};
use crate::emulator::ec2::action::Action;
use crate::emulator::message::{Delivery, Request, Response};
use crate::sim::door::line::{Sent, Target};
use crate::sim::oracle::economy::FleetCall;
use crate::sim::oracle::safety::Attempt;
use dayfly::model::time::Timestamp;

impl World {
    /// How long a message is on its way.
    pub(super) fn travel(&mut self) -> Duration {
        self.chances.travel.millis(1, self.options.travel_ms_max)
    }

    /// Sends what a controller wants to send, and notes when it wants to be woken.
    pub(super) fn carry(&mut self, process: u64) {
        let Some(line) = self.line(process) else {
            return;
        };
        for sent in line.take_sent() {
            let travel = self.travel();
            self.after(travel, Happening::Arrive { process, sent });
        }
        for at in line.take_alarms() {
            self.at(at, Happening::Wake { process });
        }
    }

    /// A call has arrived, and is answered. Whoever sent it may be gone.
    pub(super) fn arrive(&mut self, process: u64, sent: Sent) {
        let Sent {
            call,
            target,
            request,
        } = sent;
        let response = match target {
            Target::Hub => self.hub.handle(&request, self.now),
            Target::Ec2 => self.ask_ec2(process, call, &request),
            Target::Claim {
                replica,
                now,
                until,
            } => self.claim(replica, now, until),
        };
        self.take_changes();
        let travel = self.travel();
        let (delay, response) = match response.delivery {
            Delivery::Prompt => (travel, response),
            Delivery::Delayed(delay) => (travel + delay, response),
            Delivery::Dropped => (travel, closed()),
            // The caller gives up by itself.
            Delivery::BlackHole => return,
        };
        self.after(
            delay,
            Happening::Answer {
                process,
                call,
                response,
            },
        );
    }

    fn ask_ec2(&mut self, process: u64, call: u64, request: &Request) -> Response {
        let attempt = match action(request) {
            Some(Action::CreateFleet) => Attempt::Launch,
            Some(Action::TerminateInstances) => Attempt::End,
            Some(Action::DescribeInstances) => return self.list(process, call, request),
            Some(Action::GetConsoleOutput) => {
                self.oracles.economy.reads_console(process);
                return self.ec2.handle(request, self.now);
            }
            _ => return self.ec2.handle(request, self.now),
        };
        let trial = self.before_attempt(process, attempt, request);
        let response = self.ec2.handle(request, self.now);
        self.take_changes();
        let fleet = self.after_attempt(process, trial, request);
        if attempt == Attempt::Launch {
            self.fleet_calls.insert((process, call), fleet);
        }
        response
    }

    fn list(&mut self, process: u64, call: u64, request: &Request) -> Response {
        self.oracles.economy.lists(process);
        let response = self.ec2.handle(request, self.now);
        let form = std::str::from_utf8(&request.body).unwrap_or_default();
        if form.contains("tag%3Adayfly%3Alaunch") {
            // What one launch gave: an answer to it as good as its own.
            let process_alone = FleetCall {
                process,
                ..FleetCall::default()
            };
            self.fleet_calls.insert((process, call), process_alone);
        } else if response.status == 200 {
            self.listed_at.insert(process, self.now);
        }
        response
    }

    /// An answer has been taken by the process that asked.
    pub(super) fn heard(&mut self, process: u64, call: u64, response: &Response) {
        if let Some(fleet) = self.fleet_calls.remove(&(process, call)) {
            self.hear_launch(&fleet, response);
        }
    }

    /// The table of leases: one row, written if it is free or ours.
    fn claim(&mut self, replica: String, now: Timestamp, until: Timestamp) -> Response {
        let free = self
            .lease
            .as_ref()
            .is_none_or(|(holder, ends)| *holder == replica || *ends <= now);
        if free {
            self.lease = Some((replica, until));
        }
        Response {
            status: if free { 200 } else { 409 },
            ..closed()
        }
    }
}

/// What comes where a connection was closed in place of an answer.
fn closed() -> Response {
    Response {
        status: 0,
        content_type: "",
        location: None,
        body: Vec::new(),
        delivery: Delivery::Prompt,
    }
}

/// The action of a form.
fn action(request: &Request) -> Option<Action> {
    let form = std::str::from_utf8(&request.body).ok()?;
    let name = form.strip_prefix("Action=")?.split('&').next()?;
    Action::find(name)
}
