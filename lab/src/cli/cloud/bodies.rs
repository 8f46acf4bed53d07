//! Bodies for emulated machines: each that runs is a machine of this computer, with an agent in it.
//!
//! The emulated account decides when a machine runs and when it has to end; its body decides when
//! it is done, which powers the machine off. What must stay true: a machine that has ended has no
//! body. What is not here: spot notices and the metadata service, which a body could not ask.

use std::collections::BTreeMap;
use std::time::Duration;

use crate::emulator::ec2::Ec2;
use crate::emulator::ec2::journal::Change;
use crate::emulator::ec2::machine::{MachineRecord, State};
use crate::emulator::http::Shared;
use crate::local::process::ProcessCloud;
use dayfly::model::id::{LaunchToken, MachineId, PoolName};
use dayfly::model::machine::{ConsoleMarks, Machine, Phase, REFUSED_BY_HUB};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::Offer;
use dayfly::model::plan::LaunchOrder;
use dayfly::model::pool::Speculation;
use dayfly::model::template::LaunchTemplate;
use dayfly::ports::{Clock, Cloud, CloudError, SystemClock};

/// What machines are given that are tagged with no limits, as the scaler reads them.
const BOOT_LIMIT: Duration = Duration::from_secs(300);
const LIFETIME: Duration = Duration::from_secs(90_000);
const IDLE_TIMEOUT: Duration = Speculation::IDLE_TIMEOUT;

/// The bodies that are alive, and what their consoles were known to show.
#[derive(Debug)]
pub struct Bodies {
    account: Shared<Ec2>,
    computer: ProcessCloud<SystemClock>,
    known: BTreeMap<MachineId, ConsoleMarks>,
}

impl Bodies {
    /// For the machines that an account launches from now on. Those whose tag `dayfly:pool` names
    /// none of the computer's pools stay empty.
    pub fn new(account: Shared<Ec2>, computer: ProcessCloud<SystemClock>) -> Self {
        Self {
            account,
            computer,
            known: BTreeMap::new(),
        }
    }

    /// Follows both sides for ever.
    pub async fn follow(mut self) {
        let mut account = self.account.listen();
        let mut computer = self.computer.listen();
        loop {
            account.mark_unchanged();
            computer.mark_unchanged();
            self.follow_account().await;
            if let Err(error) = self.follow_computer().await {
                tracing::warn!(%error, "the machines of this computer cannot be listed");
            }
            tokio::select! {
                _ = account.changed() => {}
                _ = computer.changed() => {}
            }
        }
    }

    /// Does here what happened in the account.
    async fn follow_account(&mut self) {
        let changes = self.account.lock().drain_changes();
        for change in changes {
            let Change::StateChanged { machine, state, .. } = change else {
                continue;
            };
            let id = MachineId::new(&machine);
            match state {
                State::Running => self.start(&id),
                State::ShuttingDown | State::Terminated | State::Stopping | State::Stopped => {
                    self.computer.end(&[id]).await;
                }
                State::Pending => {}
            }
        }
    }

    fn start(&mut self, id: &MachineId) {
        let order = self.account.lock().machine(id.as_str()).and_then(order);
        let Some(order) = order.filter(|order| self.computer.has_pool(&order.pool)) else {
            return;
        };
        match self.computer.launch_named(id.clone(), &order) {
            Ok(_) => {
                self.known.insert(id.clone(), ConsoleMarks::default());
            }
            Err(error) => {
                tracing::error!(machine = %id, %error, "a machine has no body");
                self.power_off(id);
            }
        }
    }

    /// Does in the account what happened here.
    async fn follow_computer(&mut self) -> Result<(), CloudError> {
        if self.known.is_empty() {
            return Ok(());
        }
        let machines = self.computer.machines().await?;
        let known: Vec<MachineId> = self.known.keys().cloned().collect();
        for id in &known {
            let Some(machine) = machines.get(id) else {
                continue;
            };
            self.show(machine);
            if machine.phase == Phase::Gone {
                self.known.remove(id);
                self.power_off(id);
            }
        }
        Ok(())
    }

    /// Writes what is new on a console.
    fn show(&mut self, machine: &Machine) {
        let shown = self.known.get_mut(&machine.id);
        let (Some(shown), Some(marks)) = (shown, machine.console) else {
            return;
        };
        let lines = [
            (shown.registered, marks.registered, "dayfly: registered "),
            (shown.log_closed, marks.log_closed, "dayfly: log closed "),
            (shown.refused_by_hub, marks.refused_by_hub, REFUSED_BY_HUB),
        ];
        let id = machine.id.as_str();
        for (_, _, line) in lines.iter().filter(|(before, now, _)| !before && *now) {
            let mut account = self.account.lock();
            account.write_console(id, &format!("{line}{id}\n"), SystemClock.now());
            drop(account);
            self.account.ring();
        }
        *shown = shown.and(marks);
    }

    fn power_off(&self, id: &MachineId) {
        let mut account = self.account.lock();
        account.power_off(id.as_str(), SystemClock.now());
        drop(account);
        self.account.ring();
    }
}

/// What a body is made of, if a pool asked for the machine.
fn order(record: &MachineRecord) -> Option<LaunchOrder> {
    let tag = |key: &str| record.tags.get(key).map(String::as_str);
    let seconds = |key| Some(Duration::from_secs(tag(key)?.parse().ok()?));
    Some(LaunchOrder {
        token: LaunchToken::new(tag("dayfly:launch").unwrap_or_default()),
        pool: PoolName::new(tag("dayfly:pool")?),
        count: 1,
        template: LaunchTemplate::of_process(),
        offers: vec![Offer {
            instance_type: record.instance_type.clone(),
            subnet: record.subnet.clone(),
            market: record.market,
            hourly: MicroDollars(0),
        }],
        boot_limit: seconds("dayfly:boot-limit").unwrap_or(BOOT_LIMIT),
        lifetime: seconds("dayfly:lifetime").unwrap_or(LIFETIME),
        idle_timeout: seconds("dayfly:idle-timeout").unwrap_or(IDLE_TIMEOUT),
    })
}
