//! `ports::Cloud` over a line, by the emulated EC2's typed calls. `sim` must not know the real
//! adapter, so this is a second, smaller one; `tests/it/aws` tries the real one on the same emulator.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use futures_util::future::join_all;

use super::failure::Failure;
use super::line::{Line, Question};
use crate::emulator::ec2::api::{Call, Filter, MachineQuery, PageRequest, Reply, StatusQuery};
use crate::emulator::ec2::error::{self, Code};
use crate::emulator::ec2::machine::{MachineRecord, State};
use crate::sim::mutant::Mutant;
use dayfly::model::ending::EndedBy;
use dayfly::model::id::{Deployment, LaunchToken, MachineId, PoolName, TemplateVersion};
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::plan::LaunchOrder;
use dayfly::model::snapshot::Machines;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Cloud, CloudError, Consoles, LaunchError, Launched};

/// How long a question may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How often impaired machines are asked for.
const STATUS_EVERY: Duration = Duration::from_secs(60);

/// A controller's way to EC2.
#[derive(Clone, Debug)]
pub struct SimCloud {
    pub(super) line: Line,
    pub(super) deployment: Deployment,
    pub(super) mutant: Option<Mutant>,
    /// What an hour costs, by size and market.
    prices: Rc<BTreeMap<(String, Market), MicroDollars>>,
    known: Rc<Known>,
}

/// What the adapter remembers; a crash loses it.
#[derive(Debug, Default)]
struct Known {
    impaired_at: Cell<Option<Timestamp>>,
    impaired: RefCell<BTreeSet<MachineId>>,
    drawn: Cell<u64>,
}

impl SimCloud {
    /// A way that knows these prices.
    pub fn new(
        line: Line,
        deployment: Deployment,
        prices: BTreeMap<(String, Market), MicroDollars>,
        mutant: Option<Mutant>,
    ) -> Self {
        Self {
            line,
            deployment,
            mutant,
            prices: Rc::new(prices),
            known: Rc::default(),
        }
    }

    /// A number that no launch had before.
    pub(super) fn draw(&self) -> u64 {
        self.known.drawn.set(self.known.drawn.get() + 1);
        self.line.clock().as_millis() * 1000 + self.known.drawn.get()
    }

    pub(super) async fn ask(&self, call: Call, limit: Duration) -> Result<Reply, Failure> {
        Failure::check(self.line.call(Question::Ec2(call), limit).await)
    }

    /// Every machine of the deployment, or those of one launch.
    pub(super) async fn list(
        &self,
        token: Option<&str>,
    ) -> Result<BTreeMap<MachineId, Machine>, CloudError> {
        let deployment = self.deployment.as_str();
        let mut filters = vec![Filter::new("tag:dayfly:deployment", deployment)];
        filters.extend(token.map(|token| Filter::new("tag:dayfly:launch", token)));
        let (mut machines, mut next_token) = (BTreeMap::new(), None);
        loop {
            let call = Call::DescribeInstances(MachineQuery {
                filters: filters.clone(),
                page: page(next_token),
                ..MachineQuery::default()
            });
            let Reply::Machines(page) = self.ask(call, LIMIT).await? else {
                return Ok(machines);
            };
            let listed = page.machines.iter().map(|listed| self.machine(listed));
            machines.extend(listed.map(|machine| (machine.id.clone(), machine)));
            next_token = page.next_token;
            if next_token.is_none() {
                return Ok(machines);
            }
        }
    }

    fn machine(&self, listed: &MachineRecord) -> Machine {
        let tag = |key: &str| listed.tags.get(key).map_or("", String::as_str);
        let seconds = |key: &str| Duration::from_secs(tag(key).parse().unwrap_or(0));
        let instance_type = listed.instance_type.clone();
        let price = self.prices.get(&(instance_type.clone(), listed.market));
        let phase = match listed.state {
            State::Pending => Phase::Pending,
            State::ShuttingDown if self.mutant == Some(Mutant::ForgetsEnding) => Phase::Gone,
            State::ShuttingDown => Phase::Stopping,
            State::Terminated => Phase::Gone,
            State::Running | State::Stopping | State::Stopped => Phase::Running,
        };
        let mut machine = Machine {
            id: MachineId::new(&*listed.id),
            pool: PoolName::new(tag("dayfly:pool")),
            token: LaunchToken::new(tag("dayfly:launch")),
            template: TemplateVersion::new(tag("dayfly:template")),
            offer: Offer {
                instance_type,
                subnet: listed.subnet.clone(),
                market: listed.market,
                hourly: price.copied().unwrap_or_default(),
            },
            phase,
            launched_at: listed.launched_at,
            boot_limit: seconds("dayfly:boot-limit"),
            lifetime: seconds("dayfly:lifetime"),
            held: listed.tags.contains_key("dayfly:held"),
            impaired: false,
            ended_by: listed.reason.map(|reason| ended_by(reason.code)),
            console: None,
        };
        self.mutate(&mut machine);
        machine
    }

    fn mutate(&self, machine: &mut Machine) {
        const FOR_EVER: Duration = Duration::from_secs(1_000_000);
        match self.mutant {
            Some(Mutant::ForgetsHeld) => machine.held = false,
            Some(Mutant::ForgetsTracelessBoots) if machine.ended_by.is_some() => {
                machine.ended_by = Some(EndedBy::Request);
            }
            Some(Mutant::ForgetsBootLimit) => machine.boot_limit = FOR_EVER,
            Some(Mutant::ForgetsLifetime) => machine.lifetime = FOR_EVER,
            Some(Mutant::ForgetsGrace) => {
                let grace = dayfly::plan::census::SELF_END_GRACE + Duration::from_secs(30);
                machine.boot_limit = machine.boot_limit.saturating_sub(grace);
            }
            Some(_) | None => {}
        }
    }

    /// Asks who fails EC2's checks, if nobody has for a while.
    async fn look_for_impaired(&self) {
        let now = self.line.clock();
        let asked_at = self.known.impaired_at.get();
        if asked_at.is_some_and(|at| now.since(at) < STATUS_EVERY) {
            return;
        }
        self.known.impaired_at.set(Some(now));
        let call = Call::DescribeInstanceStatus(StatusQuery {
            machines: MachineQuery {
                filters: vec![Filter::new("instance-status.status", "impaired")],
                page: page(None),
                ..MachineQuery::default()
            },
            include_all: false,
        });
        if let Ok(Reply::Statuses(page)) = self.ask(call, LIMIT).await {
            let ids = page.machines.iter().map(|it| MachineId::new(&*it.id));
            *self.known.impaired.borrow_mut() = ids.collect();
        }
    }

    /// One call for all. EC2 refuses it whole because of one machine that is protected or that it does
    /// not know (any more): that one is set apart, and the rest is asked for again.
    async fn end_all(&self, machines: &[MachineId]) -> Ends {
        let mut rest: Vec<&MachineId> = machines.iter().collect();
        let mut ends = Ends::new();
        let mut all = |rest: &[&MachineId], answer: Result<(), CloudError>| {
            ends.extend(rest.iter().map(|id| ((*id).clone(), answer.clone())));
        };
        while !rest.is_empty() {
            let machines = rest.iter().map(|id| id.to_string()).collect();
            let call = Call::TerminateInstances { machines };
            let failure = match self.ask(call, LIMIT).await {
                Ok(_) => {
                    all(&rest, Ok(()));
                    break;
                }
                Err(failure) => failure,
            };
            let (named, others) = named_by(&failure, &rest);
            let apart = match failure_code(&failure) {
                Some(error::MACHINE_NOT_FOUND) => Some(Ok(())),
                Some(error::NOT_PERMITTED) if self.mutant != Some(Mutant::EndsAllOrNone) => {
                    Some(Err(CloudError::Refused(failure.to_string())))
                }
                _ => None,
            };
            match apart.filter(|_| !named.is_empty()) {
                Some(answer) => {
                    all(&named, answer);
                    rest = others;
                }
                None => {
                    all(&rest, Err(failure.into()));
                    break;
                }
            }
        }
        ends
    }

    async fn console(&self, id: &MachineId) -> Result<Option<ConsoleMarks>, CloudError> {
        let call = Call::GetConsoleOutput {
            machine: id.to_string(),
            latest: true,
        };
        let output = match self.ask(call, LIMIT).await? {
            Reply::Console(console) => console.output,
            _ => Vec::new(),
        };
        let console = String::from_utf8_lossy(&output);
        if self.mutant == Some(Mutant::TrustsEmptyConsoles) {
            return Ok(Some(ConsoleMarks::default()));
        }
        let marks = (!console.trim().is_empty()).then(|| ConsoleMarks::read(&console));
        let is_failure = self.mutant == Some(Mutant::TakesRefusalsForFailures);
        Ok(marks.map(|marks| ConsoleMarks {
            refused_by_hub: marks.refused_by_hub && !is_failure,
            ..marks
        }))
    }
}

impl Cloud for SimCloud {
    async fn machines(&self) -> Result<Machines, CloudError> {
        let ((), listed) = tokio::join!(self.look_for_impaired(), self.list(None));
        if listed.is_err() && self.mutant == Some(Mutant::ReadsSilenceAsEmpty) {
            return Ok(Machines::default());
        }
        let mut machines = listed?;
        if self.mutant != Some(Mutant::ForgetsImpaired) {
            for id in self.known.impaired.borrow().iter() {
                if let Some(machine) = machines.get_mut(id) {
                    machine.impaired = true;
                }
            }
        }
        Ok(machines.into())
    }

    async fn launch(&self, order: &LaunchOrder) -> Result<Launched, LaunchError> {
        let answer = self.launch_order(order).await;
        match (answer, self.mutant) {
            (Ok(_), Some(Mutant::ForgetsLaunched)) => Ok(Launched::default()),
            (Ok(mut launched), Some(Mutant::ForgetsShortage)) => {
                launched.unavailable.clear();
                Ok(launched)
            }
            (Err(LaunchError::NoCapacity { .. }), Some(Mutant::ForgetsShortage))
            | (Err(LaunchError::Refused { .. }), Some(Mutant::ForgetsRefusal)) => {
                Err(LaunchError::Throttled)
            }
            (answer, _) => answer,
        }
    }

    async fn end(&self, machines: &[MachineId]) -> Ends {
        self.end_all(machines).await
    }

    fn time(&self) -> Option<Timestamp> {
        let is_told = self.mutant != Some(Mutant::ForgetsOtherClocks);
        is_told.then(|| self.line.true_time())
    }

    async fn consoles(&self, machines: &[MachineId]) -> Consoles {
        let read = machines
            .iter()
            .map(async |id| (id.clone(), self.console(id).await));
        join_all(read).await.into_iter().collect()
    }
}

/// What became of each machine that was to be terminated.
type Ends = BTreeMap<MachineId, Result<(), CloudError>>;

/// The code of a refusal.
fn failure_code(failure: &Failure) -> Option<Code> {
    match failure {
        Failure::Refused(refusal) => Some(refusal.code),
        Failure::NoAnswer | Failure::Closed => None,
    }
}

/// The machines that a refusal names, and the others.
fn named_by<'a>(
    failure: &Failure,
    machines: &[&'a MachineId],
) -> (Vec<&'a MachineId>, Vec<&'a MachineId>) {
    let words = failure.to_string();
    machines.iter().partition(|id| words.contains(id.as_str()))
}

/// As much of a list as EC2 gives at once.
fn page(next_token: Option<String>) -> PageRequest {
    PageRequest {
        max_results: Some(1000),
        next_token,
    }
}

/// Who ended a machine, by EC2's code; as `aws::convert` reads it.
fn ended_by(code: &str) -> EndedBy {
    match code {
        "Client.UserInitiatedShutdown" => EndedBy::Request,
        "Client.InstanceInitiatedShutdown" => EndedBy::Itself,
        spot if spot.starts_with("Server.SpotInstance") => EndedBy::SpotReclaim {
            word: spot.to_owned(),
        },
        other => EndedBy::Cloud {
            word: other.to_owned(),
        },
    }
}
