//! `RunInstances`: up to `count_max` machines of one offer, or fewer than `count_min` and none.

use std::sync::Arc;

use super::action::Action;
use super::api::{Execution, RunInstances};
use super::error::{self, Refusal};
use super::launch::Launcher;
use super::machine::MachineRecord;
use super::order::Order;
use super::settings::Ec2Settings;
use super::tags::specified;
use super::template::TemplateData;
use dayfly::model::offer::Market;

/// What can be tagged by a launch. Only the tags of machines are kept.
const TAGGED: [&str; 4] = [
    "instance",
    "volume",
    "network-interface",
    "spot-instances-request",
];

impl Launcher<'_> {
    pub(super) fn run(
        mut self,
        request: &RunInstances,
        execution: Execution,
    ) -> Result<Vec<Arc<MachineRecord>>, Refusal> {
        let token = request.client_token.as_deref();
        if let Some(first) = self.replays.runs.find(token, request)? {
            return Ok(first);
        }
        request.check_counts()?;
        let order = self.settings.run_order(request)?;
        let room = self.room(&order, request.count_max);
        let is_short = room.fits < request.count_min;
        if let Some(refusal) = room.refusal.filter(|_| is_short) {
            return Err(refusal);
        }
        execution.check()?;
        let keys = self.launch(&order, room.fits);
        let machines = keys
            .iter()
            .filter_map(|key| self.lifecycle.machines.shared(*key));
        let machines: Vec<_> = machines.map(|(_, machine)| Arc::clone(machine)).collect();
        let runs = &mut self.replays.runs;
        runs.remember(token, request, &machines, machines.len());
        Ok(machines)
    }
}

impl Ec2Settings {
    fn run_order(&self, request: &RunInstances) -> Result<Order, Refusal> {
        let data = TemplateData {
            tags: specified(&request.tags, "instance", &TAGGED)?,
            ..request.data.clone()
        };
        let data = match self.named_version(&request.template)? {
            Some((_, _, base)) => data.inherit(base),
            None => data,
        };
        Ok(Order {
            action: Action::RunInstances,
            market: data.market.unwrap_or(Market::OnDemand),
            data,
            price_max: request.price_max,
            client_token: request.client_token.clone(),
        })
    }
}

impl RunInstances {
    fn check_counts(&self) -> Result<(), Refusal> {
        let (count_min, count_max) = (self.count_min, self.count_max);
        if 1 <= count_min && count_min <= count_max {
            return Ok(());
        }
        let text = format!("MinCount {count_min} and MaxCount {count_max} do not go together");
        Err(Refusal::new(error::VALUE, text))
    }
}
