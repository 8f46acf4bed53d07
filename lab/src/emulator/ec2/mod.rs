//! EC2 as a pure state machine: `handle(request, now)` gives a response.
//!
//! It speaks the query protocol (a form in, XML out) for the actions that a scaler uses, and
//! gives what no other emulator gives (aws.md A1): client tokens that are honored, machines that
//! are pending for a while and not seen at once, rows of errors for the offers of a fleet,
//! capacity, quotas, the real token buckets, pages by machine, spot notices, terminated machines
//! that vanish, and every error as a switch.
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
mod attribute;
mod describe;
mod end;
pub mod error;
pub mod faults;
mod filter;
mod fleet;
mod form;
mod images;
pub mod journal;
mod launch;
mod life;
mod lists;
pub mod machine;
mod order;
mod page;
mod parameter;
mod prices;
mod quota;
pub mod reason;
mod replay;
mod run;
pub mod settings;
mod snapshots;
mod status;
mod supply;
mod tags;
mod target;
pub mod template;
pub mod throttle;
mod versions;
mod xml;

use std::collections::{BTreeMap, BTreeSet};

use self::action::{Action, Asked};
use self::error::{Code, Refusal};
use self::faults::{Fault, FaultId, Faults, Occasion, Scope, Travel};
use self::form::Form;
use self::images::MadeImage;
use self::journal::Change;
use self::life::Wake;
use self::machine::{MachineRecord, Machines};
use self::parameter::History;
use self::replay::Replays;
use self::settings::Ec2Settings;
use self::snapshots::Snapshot;
use self::supply::Usage;
use self::throttle::{Breadth, Buckets, Throttling};
use self::xml::Xml;
use super::dynamo::Tables;
use super::journal::Journal;
use crate::emulator::emulated::Emulated;
use crate::emulator::message::{Delivery, Request, Response};
use dayfly::model::time::Timestamp;

pub use self::supply::Supply;
pub use self::xml::Stamp;

/// The version of the protocol that clients have to name.
const VERSION: &str = "2016-11-15";

/// The emulated EC2 of one account and region.
#[derive(Debug)]
pub struct Ec2 {
    settings: Ec2Settings,
    now: Timestamp,
    /// The number of the latest identifier.
    drawn: u64,
    machines: Machines,
    usage: Usage,
    /// How many machines of a supply may be live; what is not in it has no limit.
    capacity: BTreeMap<Supply, u32>,
    wakes: BTreeSet<(Timestamp, Wake)>,
    replays: Replays,
    /// What else calls have made: images, their snapshots, values of parameters.
    made: BTreeMap<String, MadeImage>,
    snapshots: BTreeMap<String, Snapshot>,
    histories: BTreeMap<String, History>,
    tables: Tables,
    buckets: Buckets,
    faults: Faults,
    journal: Journal<Change>,
}

impl Ec2 {
    /// An account without machines.
    pub fn new(settings: Ec2Settings) -> Self {
        Self {
            tables: Tables::new(&settings.tables),
            drawn: settings.ids_from,
            settings,
            now: Timestamp::default(),
            machines: Machines::default(),
            usage: Usage::default(),
            capacity: BTreeMap::new(),
            wakes: BTreeSet::new(),
            replays: Replays::default(),
            made: BTreeMap::new(),
            snapshots: BTreeMap::new(),
            histories: BTreeMap::new(),
            buckets: Buckets::default(),
            faults: Faults::default(),
            journal: Journal::default(),
        }
    }

    /// Answers a request, after all that is due has been done.
    pub fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        let now = self.advance(now);
        let id = self.draw_request_id();
        if let Some(target) = &request.target {
            return self.answer_target(target, request, now);
        }
        let form = Form::read(&request.body);
        match understood(request, &form) {
            Ok(action) => self.answer(action, &form, &id, now),
            Err(refusal) => refused(&refusal, &id),
        }
    }

    /// Does all that is due.
    pub fn tick(&mut self, now: Timestamp) {
        self.advance(now);
    }

    /// When `tick` has something to do next; `None` while only a request can change anything.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.wakes.first().map(|(at, _)| *at)
    }

    /// What has happened since the last drain, oldest first.
    pub fn drain_changes(&mut self) -> Vec<Change> {
        self.journal.drain()
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
        match machines_max {
            Some(max) => self.capacity.insert(supply, max),
            None => self.capacity.remove(&supply),
        };
    }

    /// All machines, in the order of their launches, whether calls know them already or not.
    pub fn machines(&self) -> impl Iterator<Item = &MachineRecord> {
        self.machines.iter().map(|(_, machine)| machine)
    }

    /// One machine by its id.
    pub fn machine(&self, id: &str) -> Option<&MachineRecord> {
        self.machines.get(self.machines.key(id)?)
    }

    /// The tables of the account, as they are now.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }

    fn answer(&mut self, action: Action, form: &Form, id: &str, now: Timestamp) -> Response {
        let refuse = |code: Code| refused(&code.into(), id);
        let machines = form.machines();
        let occasion = Occasion::naming(Asked::Ec2(action), &machines);
        if let Some(instead) = self.struck_before(occasion, now, refuse) {
            return instead;
        }
        let done = self.act(action, form, now);
        let mut response = match &done {
            Ok(xml) => answered(action, xml.clone(), id),
            Err(refusal) => refused(refusal, id),
        };
        for travel in self.faults.strike(occasion, now, travel) {
            delivered(&mut response, travel, |code| refused(&code.into(), id));
        }
        response
    }

    /// What comes instead of an answer, while nothing is done.
    fn struck_before(
        &mut self,
        occasion: Occasion<'_>,
        now: Timestamp,
        refused: impl Fn(Code) -> Response,
    ) -> Option<Response> {
        let answers = self.faults.strike(occasion, now, |fault| match fault {
            Fault::Refused(code) => Some(refused(code)),
            Fault::Reset => Some(undelivered(Delivery::Dropped)),
            Fault::BlackHole => Some(undelivered(Delivery::BlackHole)),
            Fault::Offer(_)
            | Fault::Boot(_)
            | Fault::Travel(_)
            | Fault::EndsLate(_)
            | Fault::Image(_) => None,
        });
        answers.into_iter().next()
    }

    fn act(&mut self, action: Action, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        let breadth = breadth(form);
        let is_throttled = self.settings.throttling == Throttling::Real
            && !self.buckets.take_request(action, breadth, now);
        if is_throttled {
            return Err(error::THROTTLED.into());
        }
        form.check_known(action.parameters())?;
        match action {
            Action::CreateFleet => self.create_fleet(form, now),
            Action::RunInstances => self.run(form, now),
            Action::DescribeInstances => self.describe(form, now),
            Action::DescribeInstanceStatus => self.describe_status(form, now),
            Action::TerminateInstances => self.end(form, now),
            Action::GetConsoleOutput => self.console_output(form, now),
            Action::ModifyInstanceMetadataOptions => self.modify_metadata(form, now),
            Action::ModifyInstanceAttribute => self.modify_attribute(form, now),
            Action::CreateTags => self.create_tags(form, now),
            Action::DeleteTags => self.delete_tags(form, now),
            Action::DescribeLaunchTemplateVersions => self.describe_templates(form),
            Action::DescribeSpotPriceHistory => self.describe_prices(form, now),
            Action::DescribeSubnets => self.describe_subnets(form),
            Action::DescribeImages => self.describe_images(form, now),
            Action::CreateImage => self.create_image(form, now),
            Action::DeregisterImage => self.deregister_image(form, now),
            Action::DescribeSnapshots => self.describe_snapshots(form),
            Action::DeleteSnapshot => self.delete_snapshot(form),
            Action::DescribeInstanceTypes => self.describe_sizes(form),
        }
    }

    /// The faults of one kind that strike an action.
    fn struck<T>(
        &mut self,
        asked: Asked,
        now: Timestamp,
        choose: impl Fn(Fault) -> Option<T>,
    ) -> Vec<T> {
        self.faults.strike(Occasion::of(asked), now, choose)
    }

    fn draw(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        self.drawn
    }

    fn draw_request_id(&mut self) -> String {
        format!(
            "00000000-0000-4000-8000-{:012x}",
            self.draw() & 0xffff_ffff_ffff
        )
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

/// The action, if the request is one that EC2 would look at.
fn understood(request: &Request, form: &Form) -> Result<Action, Refusal> {
    if request.authorization.is_none() {
        return Err(error::AUTH_FAILURE.into());
    }
    let name = form.required("Action")?;
    let unknown = || {
        let text = format!("The action {name} is not valid for this web service.");
        Refusal::new(error::INVALID_ACTION, text)
    };
    let action = Action::find(name).filter(|_| request.method == "POST");
    let action = action.ok_or_else(unknown)?;
    if form.get("Version") == Some(VERSION) {
        return Ok(action);
    }
    Err(error::VERSION.into())
}

fn travel(fault: Fault) -> Option<Travel> {
    match fault {
        Fault::Travel(travel) => Some(travel),
        Fault::Refused(_)
        | Fault::Reset
        | Fault::BlackHole
        | Fault::Offer(_)
        | Fault::Boot(_)
        | Fault::EndsLate(_)
        | Fault::Image(_) => None,
    }
}

/// Lets an answer travel as a fault says.
fn delivered(response: &mut Response, travel: Travel, refused: impl Fn(Code) -> Response) {
    match travel {
        Travel::Dropped => response.delivery = Delivery::Dropped,
        Travel::Lost => response.delivery = Delivery::BlackHole,
        Travel::Delayed(delay) => response.delivery = Delivery::Delayed(delay),
        Travel::CommittedThen(code) => *response = refused(code),
    }
}

fn breadth(form: &Form) -> Breadth {
    let narrows = ["MaxResults", "Filter.1.Name", "InstanceId.1"];
    if narrows.iter().any(|name| form.get(name).is_some()) {
        Breadth::Narrowed
    } else {
        Breadth::Everything
    }
}

fn answered(action: Action, xml: Xml, id: &str) -> Response {
    response(200, xml.into_answer(action.name(), id))
}

fn refused(refusal: &Refusal, id: &str) -> Response {
    response(refusal.code.status, xml::refusal(refusal, id))
}

fn undelivered(delivery: Delivery) -> Response {
    Response {
        delivery,
        ..response(500, Vec::new())
    }
}

fn response(status: u16, body: Vec<u8>) -> Response {
    Response {
        status,
        content_type: "text/xml;charset=UTF-8",
        location: None,
        body,
        delivery: Delivery::Prompt,
    }
}
