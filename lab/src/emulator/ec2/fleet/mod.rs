//! `CreateFleet` of type `instant`: machines of several offers at once, as far as they are there.
//!
//! Overrides are tried in the order of the allocation strategy until the target is met; each
//! that falls short gets a row of errors, and the answer is still a success.

mod answer;
mod choice;
mod requirements;
mod wish;

use self::choice::Choice;
use self::wish::{Strategy, Wish, wishes};
use super::Ec2;
use super::action::Action;
use super::error::Refusal;
use super::form::{Form, invalid};
use super::life::Wake;
use super::machine::{Key, TagMap};
use super::order::Order;
use super::tags::specified;
use super::xml::Xml;
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

/// What can be tagged. Only the tags of machines are kept.
const TAGGED: [&str; 4] = ["fleet", "instance", "volume", "network-interface"];

/// What came of the overrides.
#[derive(Debug, Default)]
struct Outcome {
    launched: Vec<(Choice, Market, Vec<Key>)>,
    short: Vec<(Choice, Market, Refusal)>,
}

/// What is the same for all machines of a fleet.
#[derive(Debug)]
struct Common {
    client_token: Option<String>,
    tags: TagMap,
}

impl Ec2 {
    pub(super) fn create_fleet(&mut self, form: &Form, now: Timestamp) -> Result<Xml, Refusal> {
        if let Some(first) = self.replays.find(Action::CreateFleet, form)? {
            return Ok(first);
        }
        if form.required("Type")? != "instant" {
            return Err(invalid("Type", form.required("Type")?));
        }
        let wishes = wishes(form)?;
        let tags = specified(form, "instance", &TAGGED)?;
        let choices = self.choices(form)?;
        form.check_dry_run()?;
        let fleet = format!("fleet-{:08x}", self.draw());
        let mut common = Common {
            client_token: form.text("ClientToken"),
            tags,
        };
        let tag = ("aws:ec2:fleet-id".to_owned(), fleet.clone());
        common.tags.extend([tag]);
        let mut outcome = Outcome::default();
        for wish in wishes {
            let ranked = self.ranked(&choices, wish);
            self.fulfil(ranked, wish, &common, &mut outcome, now);
        }
        let xml = self.fleet_xml(&fleet, &outcome);
        let count = outcome.launched.iter().map(|(_, _, keys)| keys.len()).sum();
        self.replays
            .remember(Action::CreateFleet, form, &xml, count);
        if let Some(token) = common.client_token.filter(|_| count == 0) {
            // No machine will end and take the token with it.
            let forget_at = now.plus(self.settings.delays.token_kept);
            let forget = Wake::Forget(Action::CreateFleet, token);
            self.wakes.insert((forget_at, forget));
        }
        Ok(xml)
    }

    /// Launches in the order given, until the target is met.
    fn fulfil(
        &mut self,
        ranked: Vec<Choice>,
        wish: Wish,
        common: &Common,
        outcome: &mut Outcome,
        now: Timestamp,
    ) {
        let mut wanted = wish.target;
        let count = u32::try_from(ranked.len()).unwrap_or(u32::MAX);
        for (tried, choice) in (0..count).zip(ranked) {
            if wanted == 0 {
                return;
            }
            let share = match wish.strategy {
                Strategy::Diversified => wanted.div_ceil(count - tried),
                Strategy::Prioritized
                | Strategy::LowestPrice
                | Strategy::CapacityThenPriority
                | Strategy::CapacityThenPrice => wanted,
            };
            let order = common.order(&choice, wish.market);
            let room = self.room(&order, share, now);
            let launches = 0 < room.fits && wish.single_min.is_none_or(|min| min <= room.fits);
            if launches {
                let keys = self.launch(&order, room.fits, now);
                wanted -= room.fits;
                outcome.launched.push((choice.clone(), wish.market, keys));
            }
            if let Some(refusal) = room.refusal {
                outcome.short.push((choice, wish.market, refusal));
            }
            if launches && wish.single_min.is_some() {
                return;
            }
        }
    }
}

impl Common {
    fn order(&self, choice: &Choice, market: Market) -> Order {
        let mut data = choice.data.clone();
        let of_template = [
            ("aws:ec2launchtemplate:id", choice.template.clone()),
            ("aws:ec2launchtemplate:version", choice.version.to_string()),
        ];
        let of_template = of_template.map(|(key, value)| (key.to_owned(), value));
        data.tags.extend(self.tags.clone());
        data.tags.extend(of_template);
        Order {
            action: Action::CreateFleet,
            data,
            market,
            price_max: choice.price_max,
            client_token: self.client_token.clone(),
        }
    }
}
