//! EC2 as a pure state machine: `call(call, now)` gives an outcome, and `handle(request, now)` the
//! same over the wire, where the query protocol is spoken (a form in, XML out).
//!
//! It knows the actions that a scaler uses, and gives what no other emulator gives (aws.md A1):
//! client tokens that are honored, machines that are pending for a while and not seen at once,
//! rows of errors for the offers of a fleet, capacity, quotas, the real token buckets, pages by
//! machine, spot notices, terminated machines that vanish, and every error as a switch.
//!
//! What must stay true: no clock, no randomness, no socket; the same calls give the same bytes.
//! A client token launches once. Live machines never exceed what was set. Time may stand still
//! but not go back: an earlier `now` is read as the latest one seen.
//!
//! What is not here: signatures (a request without `Authorization` is refused, and that is all),
//! permissions (set [`Fault::Refused`]), fleets that are not `instant`, requirements beyond
//! processors and memory, weights, volumes and networks, starting what was stopped, images of anything but a
//! machine's one disk, and of AWS's other services all but SSM's parameters as far as images and tokens need
//! them, the quotas of processors and the tables of [`dynamo`](super::dynamo).

pub mod action;
pub mod api;
mod end;
pub mod error;
pub mod faults;
mod filter;
mod fleet;
mod ids;
mod images;
pub mod journal;
mod launch;
mod lifecycle;
mod lists;
pub mod machine;
mod machines;
mod modify;
mod order;
mod page;
mod parameter;
mod query;
mod quota;
pub mod reason;
mod replay;
mod route;
mod run;
mod schedule;
mod selection;
pub mod settings;
mod snapshots;
mod stamp;
mod supply;
mod tags;
mod target;
pub mod template;
pub mod throttle;

use self::api::{Call, Execution, Outcome};
use self::faults::{Fault, FaultId, Faults, Scope};
use self::ids::Ids;
use self::images::{Images, MadeImage};
use self::journal::Change;
use self::lifecycle::Lifecycle;
use self::machine::{Health, MachineRecord};
use self::parameter::Parameters;
use self::query::Query;
use self::replay::Replays;
use self::settings::Ec2Settings;
use self::snapshots::{Snapshot, Snapshots};
use self::target::Target;
use self::throttle::Buckets;
use super::dynamo::Tables;
use crate::emulator::emulated::Emulated;
use crate::emulator::message::{Request, Response};
use dayfly::model::time::Timestamp;

pub use self::stamp::Stamp;
pub use self::supply::Supply;

/// The emulated EC2 of one account and region: routes what is asked for and what is due to the
/// objects that it consists of.
#[derive(Debug)]
pub struct Ec2 {
    settings: Ec2Settings,
    now: Timestamp,
    ids: Ids,
    lifecycle: Lifecycle,
    images: Images,
    snapshots: Snapshots,
    parameters: Parameters,
    tables: Tables,
    replays: Replays,
    buckets: Buckets,
    faults: Faults,
}

impl Ec2 {
    /// An account without machines.
    pub fn new(settings: Ec2Settings) -> Self {
        Self {
            tables: Tables::new(&settings.tables),
            ids: Ids::after(settings.ids_from),
            settings,
            now: Timestamp::default(),
            lifecycle: Lifecycle::default(),
            images: Images::default(),
            snapshots: Snapshots::default(),
            parameters: Parameters::default(),
            replays: Replays::default(),
            buckets: Buckets::default(),
            faults: Faults::default(),
        }
    }

    /// Answers a request of the wire, after all that is due has been done.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        let now = self.advance(now);
        let id = self.ids.next_request();
        if let Some(target) = &request.target {
            return match Target::read(target, request) {
                Ok(target) => self.answer_target(target, &request.body, now),
                Err(refused) => refused,
            };
        }
        match Query::read(request) {
            Ok(query) => {
                let outcome = self.perform(&query.head(), query.call(), now);
                query::written(query.action, &outcome, &self.settings, id)
            }
            Err(refusal) => query::refused(&refusal, id),
        }
    }

    /// Carries out a call, after all that is due has been done.
    pub fn call(&mut self, call: &Call, now: Timestamp) -> Outcome {
        let now = self.advance(now);
        // It counts as a request, so that identifiers are the same over the wire.
        self.ids.next_request();
        self.perform(&call.head(), Ok((call, Execution::Real)), now)
    }

    /// Does all that is due.
    pub fn tick(&mut self, now: Timestamp) {
        self.advance(now);
    }

    /// When `tick` has something to do next; `None` while only a request can change anything.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.lifecycle.schedule.next()
    }

    /// What has happened since the last drain, oldest first.
    pub fn drain_changes(&mut self) -> Vec<Change> {
        self.lifecycle.journal.drain()
    }

    /// Sets a fault, until it is taken back.
    pub fn add_fault(&mut self, scope: Scope, fault: Fault) -> FaultId {
        self.faults.add(scope, fault)
    }

    /// Takes a fault back.
    pub fn remove_fault(&mut self, id: FaultId) {
        self.faults.0.remove(id);
    }

    /// Takes all faults back.
    pub fn clear_faults(&mut self) {
        self.faults.0.clear();
    }

    /// What it was set to.
    pub fn settings(&self) -> &Ec2Settings {
        &self.settings
    }

    /// Changes the account: prices, quotas, images, templates. Machines stay as they are.
    pub fn settings_mut(&mut self) -> &mut Ec2Settings {
        &mut self.settings
    }

    /// Limits how many machines of a supply may be live; `None` is without a limit. Those that
    /// are too many stay.
    pub fn set_capacity(&mut self, supply: Supply, machines_max: Option<u32>) {
        self.lifecycle.capacity.limit(supply, machines_max);
    }

    /// All machines, in the order of their launches, whether calls know them already or not.
    pub fn machines(&self) -> impl Iterator<Item = &MachineRecord> {
        self.lifecycle.machines.iter()
    }

    /// One machine by its id.
    pub fn machine(&self, id: &str) -> Option<&MachineRecord> {
        let machines = &self.lifecycle.machines;
        machines.get(machines.key(id)?)
    }

    /// The images that calls have made and nobody has given up, by their ids.
    pub fn made_images(&self) -> impl Iterator<Item = (&str, &MadeImage)> {
        self.images.iter()
    }

    /// All snapshots, by their ids.
    pub fn snapshots(&self) -> impl Iterator<Item = (&str, &Snapshot)> {
        self.snapshots.iter()
    }

    /// The tables of the account, as they are now.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    /// A machine writes on its console.
    pub fn write_console(&mut self, id: &str, text: &str, now: Timestamp) {
        let now = self.advance(now);
        self.lifecycle.write_console(id, text, now);
    }

    /// A machine powers itself off.
    pub fn power_off(&mut self, id: &str, now: Timestamp) {
        let now = self.advance(now);
        let (lifecycle, shutdown) = self.shutdown();
        lifecycle.power_off(id, shutdown, now);
    }

    /// A spot machine gets its notice, and is taken away when that is over. Others stay.
    pub fn interrupt(&mut self, id: &str, now: Timestamp) {
        let now = self.advance(now);
        let notice = self.settings.delays.spot_notice;
        self.lifecycle.interrupt(id, notice, now);
    }

    /// A spot machine is advised to be replaced.
    pub fn advise_rebalance(&mut self, id: &str, now: Timestamp) {
        let now = self.advance(now);
        self.lifecycle.advise_rebalance(id, now);
    }

    /// A machine's status checks change.
    pub fn set_health(&mut self, id: &str, health: Health) {
        self.lifecycle.set_health(id, health);
    }
}

impl Emulated for Ec2 {
    fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        Self::handle(self, request, now)
    }

    fn tick(&mut self, now: Timestamp) {
        Self::tick(self, now);
    }

    fn next_deadline(&self) -> Option<Timestamp> {
        Self::next_deadline(self)
    }
}
