//! `ports::Cloud` over a line, in EC2's own words. `sim` must not know the real adapter, so this
//! is a second, smaller one; `tests/it/aws` tries the real one on the same emulator.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::future::join_all;

use super::form::Form;
use super::line::{Line, Target};
use super::row::Row;
use super::xml::{Document, Element, moment};
use crate::emulator::message::Response;
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

    async fn ask(&self, form: Form) -> Result<Response, CloudError> {
        let answer = self.line.call(Target::Ec2, form.request(), LIMIT).await;
        let answer = answer.map_err(|_| CloudError::Failed("no answer in time".to_owned()))?;
        if answer.status == 200 {
            return Ok(answer);
        }
        let (code, words) = failure(&answer);
        Err(match code.as_str() {
            "RequestLimitExceeded" => CloudError::Throttled,
            _ => CloudError::Failed(words),
        })
    }

    /// Every machine of the deployment, or those of one launch.
    pub(super) async fn list(
        &self,
        token: Option<&str>,
    ) -> Result<BTreeMap<MachineId, Machine>, CloudError> {
        let mut machines = BTreeMap::new();
        let mut next = String::new();
        loop {
            let mut form = Form::of("DescribeInstances")
                .with("MaxResults", "1000")
                .with("Filter.1.Name", "tag:dayfly:deployment")
                .with("Filter.1.Value.1", self.deployment.as_str());
            if let Some(token) = token {
                form = form
                    .with("Filter.2.Name", "tag:dayfly:launch")
                    .with("Filter.2.Value.1", token);
            }
            if !next.is_empty() {
                form = form.with("NextToken", &next);
            }
            let answer = self.ask(form).await?;
            let page = Document::read(text(&answer));
            let page = page.whole();
            let launches = page.find("reservationSet").into_iter();
            let launches = launches.flat_map(Element::items);
            let listed = launches.filter_map(|launch| launch.find("instancesSet"));
            for one in listed.flat_map(Element::items) {
                let machine = self.machine(one);
                machines.insert(machine.id.clone(), machine);
            }
            next = page.text("nextToken").into_owned();
            if next.is_empty() {
                return Ok(machines);
            }
        }
    }

    fn machine(&self, listed: Element<'_>) -> Machine {
        let Row {
            id,
            size,
            subnet,
            launched_at,
            state,
            market,
            reason,
            tags,
        } = Row::of(listed);
        let find = |key: &str| tags.iter().find(|(known, _)| known == key);
        let tag = |key: &str| find(key).map_or("", |(_, value)| value);
        let seconds = |key: &str| Duration::from_secs(tag(key).parse().unwrap_or(0));
        let instance_type = size.into_owned();
        let price = self.prices.get(&(instance_type.clone(), market));
        let phase = match &*state {
            "pending" => Phase::Pending,
            "shutting-down" if self.mutant == Some(Mutant::ForgetsEnding) => Phase::Gone,
            "shutting-down" => Phase::Stopping,
            "terminated" => Phase::Gone,
            _ => Phase::Running,
        };
        let mut machine = Machine {
            id: MachineId::new(id),
            pool: PoolName::new(tag("dayfly:pool")),
            token: LaunchToken::new(tag("dayfly:launch")),
            template: TemplateVersion::new(tag("dayfly:template")),
            offer: Offer {
                instance_type,
                subnet: subnet.into_owned(),
                market,
                hourly: price.copied().unwrap_or_default(),
            },
            phase,
            launched_at: Timestamp::from_millis(moment(&launched_at).unwrap_or_default()),
            boot_limit: seconds("dayfly:boot-limit"),
            lifetime: seconds("dayfly:lifetime"),
            held: find("dayfly:held").is_some(),
            impaired: false,
            ended_by: ended_by(&reason),
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
        let form = Form::of("DescribeInstanceStatus")
            .with("MaxResults", "1000")
            .with("Filter.1.Name", "instance-status.status")
            .with("Filter.1.Value.1", "impaired");
        if let Ok(answer) = self.ask(form).await {
            let page = Document::read(text(&answer));
            let rows = page.whole().find("instanceStatusSet").into_iter();
            let rows = rows.flat_map(Element::items);
            let ids = rows.map(|row| MachineId::new(row.text("instanceId")));
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
            let mut form = Form::of("TerminateInstances");
            for (index, id) in rest.iter().enumerate() {
                form = form.with(&format!("InstanceId.{}", index + 1), id.as_str());
            }
            match self.ask(form).await {
                Ok(_) => {
                    all(&rest, Ok(()));
                    break;
                }
                Err(CloudError::Failed(words)) => {
                    let is_named = |id: &&MachineId| words.contains(id.as_str());
                    let (named, others): (Vec<_>, Vec<_>) =
                        rest.iter().partition(|it| is_named(it));
                    if words.starts_with("InvalidInstanceID.NotFound") && !named.is_empty() {
                        all(&named, Ok(()));
                        rest = others;
                    } else if words.starts_with("OperationNotPermitted")
                        && !named.is_empty()
                        && self.mutant != Some(Mutant::EndsAllOrNone)
                    {
                        all(&named, Err(CloudError::Refused(words)));
                        rest = others;
                    } else {
                        all(&rest, Err(CloudError::Failed(words)));
                        break;
                    }
                }
                Err(error) => {
                    all(&rest, Err(error));
                    break;
                }
            }
        }
        ends
    }

    async fn console(&self, id: &MachineId) -> Result<Option<ConsoleMarks>, CloudError> {
        let form = Form::of("GetConsoleOutput")
            .with("InstanceId", id.as_str())
            .with("Latest", "true");
        let answer = self.ask(form).await?;
        let output = Document::read(text(&answer));
        let output = output.whole().text("output");
        let bytes = STANDARD.decode(output.trim()).unwrap_or_default();
        let console = String::from_utf8_lossy(&bytes);
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

/// Who ended a machine, by EC2's code; as `aws::convert` reads it.
fn ended_by(code: &str) -> Option<EndedBy> {
    Some(match code {
        "" => return None,
        "Client.UserInitiatedShutdown" => EndedBy::Request,
        "Client.InstanceInitiatedShutdown" => EndedBy::Itself,
        spot if spot.starts_with("Server.SpotInstance") => EndedBy::SpotReclaim {
            word: spot.to_owned(),
        },
        other => EndedBy::Cloud {
            word: other.to_owned(),
        },
    })
}

/// The body of an answer.
pub(super) fn text(answer: &Response) -> &str {
    std::str::from_utf8(&answer.body).unwrap_or_default()
}

/// Code and words of a refusal; no code where the connection was closed.
pub(super) fn failure(answer: &Response) -> (String, String) {
    let body = Document::read(text(answer));
    let body = body.whole();
    let code = body.text("Code").into_owned();
    if code.is_empty() {
        return (code, "the connection was closed".to_owned());
    }
    let words = format!("{code}: {}", body.text("Message"));
    (code, words)
}
