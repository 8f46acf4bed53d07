//! Launches machines of one order, as many as there is room for.

use super::Ec2;
use super::action::{Action, Asked};
use super::error::{self, Code, Refusal};
use super::faults::{Boot, Fault, Occasion};
use super::journal::Change;
use super::life::Wake;
use super::machine::{Health, Key, MachineRecord, MetadataOptions, State, Switch};
use super::order::Order;
use super::throttle::Throttling;
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// How many of an order fit, and why not all that were wanted.
#[derive(Debug)]
pub(super) struct Room {
    pub(super) fits: u32,
    pub(super) refusal: Option<Refusal>,
}

impl Ec2 {
    /// How many of the order can be launched now, up to `wanted`.
    pub(super) fn room(&mut self, order: &Order, wanted: u32, now: Timestamp) -> Room {
        match self.fitting(order, wanted, now) {
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
    pub(super) fn launch(&mut self, order: &Order, count: u32, now: Timestamp) -> Vec<Key> {
        if self.settings.throttling == Throttling::Real {
            self.buckets.take_launches(count, now);
        }
        let reservation = format!("r-{:017x}", self.draw());
        let keys = (0..count).map(|index| self.start(order, &reservation, index, now));
        keys.collect()
    }

    fn fitting(
        &mut self,
        order: &Order,
        wanted: u32,
        now: Timestamp,
    ) -> Result<(u32, Code), Refusal> {
        let (size, subnet) = self.checked(order)?;
        let occasion = Occasion {
            asked: Asked::Ec2(order.action),
            offer: Some((&size, &subnet, order.market)),
            machines: &[],
        };
        let struck = self.faults.strike(occasion, now, |fault| match fault {
            Fault::Offer(code) => Some(code),
            Fault::Refused(_)
            | Fault::Reset
            | Fault::BlackHole
            | Fault::Boot(_)
            | Fault::Travel(_)
            | Fault::EndsLate(_)
            | Fault::Image(_) => None,
        });
        if let Some(code) = struck.into_iter().next() {
            return Err(code.into());
        }
        let supply = self.supply(&size, &subnet, order.market);
        let capacity = self.supply_left(&supply);
        let launches = match self.settings.throttling {
            Throttling::Real => self.buckets.launches_left(now),
            Throttling::Off => u32::MAX,
        };
        let quota = match order.market {
            Market::Spot => error::SPOT_COUNT,
            Market::OnDemand => error::VCPU_LIMIT,
        };
        // The tightest limit gives the reason.
        let limits = [
            (self.quota_left(&size, order.market), quota),
            (self.addresses_left(&subnet), error::FREE_ADDRESSES),
            (capacity, error::INSUFFICIENT_CAPACITY),
            (launches, error::THROTTLED),
        ];
        let tightest = limits.into_iter().min_by_key(|(left, _)| *left);
        let (left, code) = tightest.unwrap_or((u32::MAX, error::INSUFFICIENT_CAPACITY));
        Ok((left.min(wanted), code))
    }

    fn start(&mut self, order: &Order, reservation: &str, index: u32, now: Timestamp) -> Key {
        let number = self.draw();
        let delays = self.settings.delays.clone();
        let mut machine = self.new_machine(order, reservation, index, number, now);
        let mut wake_at = now.plus(delays.pending);
        let (mut dies, mut death) = (false, None);
        for boot in self.boots(&machine, order.action, now) {
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
        self.usage.take(&machine, &self.settings);
        self.journal.write(Change::StateChanged {
            machine: machine.id.clone(),
            state: State::Pending,
            at: now,
        });
        let key = self.machines.add(machine);
        let wake = if dies {
            Wake::Fail(key)
        } else {
            Wake::Run(key)
        };
        self.wakes.insert((wake_at, wake));
        if let Some((at, reason)) = death {
            self.wakes.insert((at, Wake::Die(key, reason)));
        }
        key
    }

    fn new_machine(
        &self,
        order: &Order,
        reservation: &str,
        index: u32,
        number: u64,
        now: Timestamp,
    ) -> MachineRecord {
        let data = &order.data;
        let image = self.image(data).unwrap_or_default();
        let found = self.settings.images.get(image);
        let subnet = data.subnet.clone().unwrap_or_default();
        let size = data.instance_type.clone().unwrap_or_default();
        let supply = self.supply(&size, &subnet, order.market);
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
            seen_from: now.plus(self.settings.delays.unseen),
            spot_ends_at: None,
            rebalance_at: None,
            terminated_at: None,
        }
    }

    fn boots(&mut self, machine: &MachineRecord, action: Action, now: Timestamp) -> Vec<Boot> {
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
        self.faults.strike(occasion, now, |fault| match fault {
            Fault::Boot(boot) => Some(boot),
            Fault::Refused(_)
            | Fault::Reset
            | Fault::BlackHole
            | Fault::Offer(_)
            | Fault::Travel(_)
            | Fault::EndsLate(_)
            | Fault::Image(_) => None,
        })
    }
}
