//! Calls of controllers, on their way to the emulators and back.

use std::time::Duration;

use super::{Happening, World};
use crate::emulator::ec2::api::{Call, MachineQuery, Outcome};
use crate::emulator::message::Delivery;
use crate::sim::door::line::{Answer, Question, Sent};
use crate::sim::oracle::economy::FleetCall;

impl World {
    /// How long a message is on its way.
    pub(super) fn travel(&mut self) -> Duration {
        self.chances.travel.millis(1, self.options.travel_ms_max)
    }

    /// Sends what a controller wants to send, and notes when it wants to be woken.
    pub(super) fn carry(&mut self, process: u64) {
        let Some(line) = self.controllers.line(process) else {
            return;
        };
        for sent in line.take_sent() {
            let travel = self.travel();
            self.agenda
                .after(travel, Happening::Arrive { process, sent });
        }
        for at in line.take_alarms() {
            self.agenda.at(at, Happening::Wake { process });
        }
    }

    /// A call has arrived, and is answered. Whoever sent it may be gone.
    pub(super) fn arrive(&mut self, process: u64, sent: Sent) {
        let Sent { call, question } = sent;
        let (answer, delivery) = match question {
            Question::Hub(request) => {
                let response = self.hub.handle(&request, self.agenda.now);
                let delivery = response.delivery;
                (Answer::Hub(response), delivery)
            }
            Question::Ec2(asked) => match self.ask_ec2(process, call, &asked) {
                Outcome::Answered(result, delivery) => (Answer::Ec2(result), delivery),
                Outcome::Unanswered(delivery) => (Answer::Closed, delivery),
            },
            Question::Claim {
                replica,
                now,
                until,
            } => (
                Answer::Claim(self.lease.claim(replica, now, until)),
                Delivery::Prompt,
            ),
        };
        self.take_changes();
        let travel = self.travel();
        let (delay, answer) = match delivery {
            Delivery::Prompt => (travel, answer),
            Delivery::Delayed(delay) => (travel + delay, answer),
            Delivery::Dropped => (travel, Answer::Closed),
            // The caller gives up by itself.
            Delivery::BlackHole => return,
        };
        self.agenda.after(
            delay,
            Happening::Answer {
                process,
                call,
                answer,
            },
        );
    }

    fn ask_ec2(&mut self, process: u64, number: u64, call: &Call) -> Outcome {
        match call {
            Call::CreateFleet(fleet) => {
                let trial = self.before_launch(process, fleet);
                let outcome = self.ec2.call(call, self.agenda.now);
                self.take_changes();
                let fleet = self.after_launch(process, trial);
                self.calls.launching(process, number, fleet);
                outcome
            }
            Call::TerminateInstances { machines } => {
                let victims = self.before_end(process, machines);
                let outcome = self.ec2.call(call, self.agenda.now);
                self.take_changes();
                self.after_end(&victims);
                outcome
            }
            Call::DescribeInstances(query) => {
                self.oracles.economy.lists(process);
                let outcome = self.ec2.call(call, self.agenda.now);
                self.listed(process, number, query, &outcome);
                outcome
            }
            Call::GetConsoleOutput { .. } => {
                self.oracles.economy.reads_console(process);
                self.ec2.call(call, self.agenda.now)
            }
            _ => self.ec2.call(call, self.agenda.now),
        }
    }

    /// A process has listed machines.
    fn listed(&mut self, process: u64, call: u64, query: &MachineQuery, outcome: &Outcome) {
        if query
            .filters
            .iter()
            .any(|it| it.name == "tag:dayfly:launch")
        {
            // What one launch gave: an answer to it as good as its own.
            let process_alone = FleetCall {
                process,
                ..FleetCall::default()
            };
            self.calls.launching(process, call, process_alone);
        } else if outcome.is_success() {
            self.calls.listed(process, self.agenda.now);
        }
    }

    /// An answer has been taken by the process that asked.
    pub(super) fn heard(&mut self, process: u64, call: u64, answer: &Answer) {
        if let Some(fleet) = self.calls.answered(process, call) {
            self.hear_launch(&fleet, answer);
        }
    }
}
