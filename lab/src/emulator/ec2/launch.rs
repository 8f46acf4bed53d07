//! Launches machines of one order, as many as there is room for.

use super::action::{Action, Asked};
use super::error::{self, Code, Refusal};
use super::faults::{Boot, Fault, Faults, Occasion};
use super::ids::Ids;
use super::lifecycle::Lifecycle;
use super::machine::{Health, Key, MachineRecord, MetadataOptions, State, Switch};
use super::order::Order;
use super::replay::Replays;
use super::schedule::Wake;
use super::settings::Ec2Settings;
use super::supply::Supply;
use super::throttle::Buckets;
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// How many of an order fit, and why not all that were wanted.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) fits: u32,
    pub(super) refusal: Option<Refusal>,
}

/// The objects that launching machines needs.
#[derive(Debug)]
pub(super) struct Launcher<'a> {
    pub(super) settings: &'a Ec2Settings,
    pub(super) lifecycle: &'a mut Lifecycle,
    pub(super) replays: &'a mut Replays,
    pub(super) ids: &'a mut Ids,
    pub(super) buckets: &'a mut Buckets,
    pub(super) faults: &'a mut Faults,
    pub(super) now: Timestamp,
}

impl Launcher<'_> {
    /// How many of the order can be launched now, up to `wanted`.
    pub(super) fn room(&mut self, order: &Order, wanted: u32) -> Room {
        match self.fitting(order, wanted) {
            Ok((fits, code)) => Room {
                fits,
                refusal: (fits < wanted).then(|| code.into()),
            },
            Err(refusal) => Room {
                fits: 0,
                refusal: Some(refusal),
            },
        }
    }

    /// Launches; [`Self::room`] has been asked. Draws the machines' tokens.
    pub(super) fn launch(&mut self, order: &Order, count: u32) -> Vec<Key> {
        let throttling = self.settings.throttling;
        self.buckets.take_launches(throttling, count, self.now);
        let reservation = format!("r-{:017x}", self.ids.next());
        let keys = (0..count).map(|index| self.start(order, &reservation, index));
        keys.collect()
    }

    fn fitting(&mut self, order: &Order, wanted: u32) -> Result<(u32, Code), Refusal> {
        let (size, subnet) = self.settings.checked(order)?;
        let occasion = Occasion {
            asked: Asked::Ec2(order.action),
            offer: Some((&size, &subnet, order.market)),
            machines: &[],
        };
        let struck = self.faults.strike(occasion, self.now, Fault::offer);
        if let Some(code) = struck.into_iter().next() {
            return Err(code.into());
        }
        let settings = self.settings;
        let capacity = &self.lifecycle.capacity;
        let supply = Supply::of(&size, &subnet, order.market, settings);
        let launches = self.buckets.launches_left(settings.throttling, self.now);
        let quota = match order.market {
            Market::Spot => error::SPOT_COUNT,
            Market::OnDemand => error::VCPU_LIMIT,
        };
        // The tightest limit gives the reason.
        let limits = [
            (capacity.quota_left(&size, order.market, settings), quota),
            (
                capacity.addresses_left(&subnet, settings),
                error::FREE_ADDRESSES,
            ),
            (capacity.left(&supply), error::INSUFFICIENT_CAPACITY),
            (launches, error::THROTTLED),
        ];
        let tightest = limits.into_iter().min_by_key(|(left, _)| *left);
        let (left, code) = tightest.unwrap_or((u32::MAX, error::INSUFFICIENT_CAPACITY));
        Ok((left.min(wanted), code))
    }

    fn start(&mut self, order: &Order, reservation: &str, index: u32) -> Key {
        let now = self.now;
        let mut machine = self.new_machine(order, reservation, index);
        let mut wake_at = now.plus(self.settings.delays.pending);
        let (mut dies, mut death) = (false, None);
        for boot in self.boots(&machine, order.action) {
            match boot {
                Boot::Pending(delay) => wake_at = now.plus(delay),
                Boot::Unseen(delay) => machine.seen_from = now.plus(delay),
                Boot::Dies => dies = true,
                Boot::DiesOf { reason, after } => death = Some((now.plus(after), reason)),
                Boot::Protected => machine.protection = Switch::On,
                Boot::EndRefused(code) => machine.end_refused = Some(code),
                Boot::Impaired => machine.health = Health::Impaired,
            }
        }
        let key = self.lifecycle.add(machine, self.settings, now);
        let schedule = &mut self.lifecycle.schedule;
        let wake = if dies {
            Wake::Fail(key)
        } else {
            Wake::Run(key)
        };
        schedule.add(wake_at, wake);
        if let Some((at, reason)) = death {
            schedule.add(at, Wake::Die(key, reason));
        }
        key
    }

    fn new_machine(&mut self, order: &Order, reservation: &str, index: u32) -> MachineRecord {
        let (settings, now, number) = (self.settings, self.now, self.ids.next());
        let data = &order.data;
        let image = settings.image(data).unwrap_or_default();
        let found = settings.images.get(image);
        let subnet = data.subnet.clone().unwrap_or_default();
        let size = data.instance_type.clone().unwrap_or_default();
        let supply = Supply::of(&size, &subnet, order.market, settings);
        MachineRecord {
            id: format!("i-{number:017x}"),
            reservation: reservation.to_owned(),
            launch_index: index,
            instance_type: size,
            image: image.to_owned(),
            architecture: found.map_or("x86_64", |image| image.architecture),
            subnet,
            zone: supply.zone,
            market: order.market,
            address: format!(
                "10.{}.{}.{}",
                number >> 16 & 255,
                number >> 8 & 255,
                number & 255
            ),
            user_data: data.user_data.clone(),
            shutdown: data.shutdown.unwrap_or_default(),
            protection: data.protection.unwrap_or(Switch::Off),
            end_refused: None,
            metadata: data.metadata.applied(MetadataOptions::default()),
            tags: data.tags.clone(),
            client_token: order.client_token.clone(),
            state: State::Pending,
            reason: None,
            ended_at: None,
            health: Health::Ok,
            console: Vec::new(),
            launched_at: now,
            seen_from: now.plus(settings.delays.unseen),
            spot_ends_at: None,
            rebalance_at: None,
            terminated_at: None,
        }
    }

    fn boots(&mut self, machine: &MachineRecord, action: Action) -> Vec<Boot> {
        let offer = (
            machine.instance_type.as_str(),
            machine.subnet.as_str(),
            machine.market,
        );
        let occasion = Occasion {
            asked: Asked::Ec2(action),
            offer: Some(offer),
            machines: &[],
        };
        self.faults.strike(occasion, self.now, Fault::boot)
    }
}
