//! `CreateFleet` of type `instant`: machines of several offers at once, as far as they are there.
//!
//! Overrides are tried in the order of the allocation strategy until the target is met; each
//! that falls short gets a row of errors, and the answer is still a success.

mod answer;
mod choice;
mod requirements;
mod wish;

use self::choice::Choice;
pub use self::requirements::{Requirements, Span};
use self::wish::{Wish, wishes};
use super::action::Action;
use super::api::{AllocationStrategy, CreateFleet, Execution, FleetReply};
use super::error::Refusal;
use super::launch::Launcher;
use super::machine::{Key, TagMap};
use super::order::Order;
use super::replay::LaunchAction;
use super::schedule::Wake;
use super::tags::specified;
use dayfly::model::offer::Market;

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

impl Launcher<'_> {
    pub(super) fn create_fleet(
        mut self,
        request: &CreateFleet,
        execution: Execution,
    ) -> Result<FleetReply, Refusal> {
        let token = request.client_token.as_deref();
        if let Some(first) = self.replays.fleets.find(token, request)? {
            return Ok(first);
        }
        let wishes = wishes(request)?;
        let tags = specified(&request.tags, "instance", &TAGGED)?;
        let choices = self.settings.choices(&request.configs)?;
        execution.check()?;
        let fleet = format!("fleet-{:08x}", self.ids.next());
        let mut common = Common {
            client_token: request.client_token.clone(),
            tags,
        };
        let tag = ("aws:ec2:fleet-id".to_owned(), fleet.clone());
        common.tags.extend([tag]);
        let mut outcome = Outcome::default();
        for wish in wishes {
            let ranked = self.ranked(&choices, wish);
            self.fulfil(ranked, wish, &common, &mut outcome);
        }
        let count = outcome.launched.iter().map(|(_, _, keys)| keys.len()).sum();
        let reply = self.fleet_reply(fleet, outcome);
        let fleets = &mut self.replays.fleets;
        fleets.remember(token, request, &reply, count);
        if let Some(token) = common.client_token.filter(|_| count == 0) {
            // No machine will end and take the token with it.
            let forget_at = self.now.plus(self.settings.delays.token_kept);
            let forget = Wake::Forget(LaunchAction::CreateFleet, token);
            self.lifecycle.schedule.add(forget_at, forget);
        }
        Ok(reply)
    }

    /// Launches in the order given, until the target is met.
    fn fulfil(&mut self, ranked: Vec<Choice>, wish: Wish, common: &Common, outcome: &mut Outcome) {
        let mut wanted = wish.target;
        let count = u32::try_from(ranked.len()).unwrap_or(u32::MAX);
        for (tried, choice) in (0..count).zip(ranked) {
            if wanted == 0 {
                return;
            }
            let share = match wish.strategy {
                AllocationStrategy::Diversified => wanted.div_ceil(count - tried),
                AllocationStrategy::Prioritized
                | AllocationStrategy::LowestPrice
                | AllocationStrategy::CapacityThenPriority
                | AllocationStrategy::CapacityThenPrice => wanted,
            };
            let order = common.order(&choice, wish.market);
            let room = self.room(&order, share);
            let launches = 0 < room.fits && wish.single_min.is_none_or(|min| min <= room.fits);
            if launches {
                let keys = self.launch(&order, room.fits);
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
            price_max: choice.said.price_max,
            client_token: self.client_token.clone(),
        }
    }
}
