//! Trials of an image: machines of its pool boot it before the parameter names it, and are watched
//! after. They are the pool's machines like all others: they take its jobs, the scaler counts them,
//! and their own timers end them. Nothing here ends one, for it may be at work.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::Instance;
use thiserror::Error;

use super::{BLIND, Bakery, Stop, Trouble};
use crate::aws::cloud::Ec2Cloud;
use crate::aws::convert;
use crate::aws::describe::filter;
use crate::aws::prices::Prices;
use crate::image::promote::{Memory, Rejection, Step, Trials, is_bad, next};
use crate::image::trial::{Fate, Marks, Trial};
use crate::model::id::{ImageId, LaunchToken, MachineId};
use crate::model::offer::Market;
use crate::model::plan::LaunchOrder;
use crate::model::pool::Policy;
use crate::model::time::Timestamp;
use crate::ports::{Clock, Cloud, LaunchError};

/// How many consoles one look reads: as many as a tick of the scaler.
const CONSOLES_MAX: usize = 20;

/// What a trial's machines are launched by.
#[derive(Clone, Debug)]
pub struct TrialLaunch<'a> {
    /// The configuration's policy.
    pub policy: &'a Policy,
    /// For the pool, of one machine, with its offers, and from the image that is tried.
    pub order: LaunchOrder,
}

/// Why trials came to no end.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum TrialError {
    /// Somebody asked to stop.
    #[error("somebody asked to stop; machines that boot the image end as all of the pool do")]
    Interrupted,
    /// No machine can be launched.
    #[error("no machine that boots the image can be launched: {0}")]
    Launch(String),
    /// The machines cannot be listed.
    #[error("machines cannot be listed: {0}")]
    Unseen(String),
    /// The cloud took every machine away.
    #[error("the cloud took every machine away before its agent had registered")]
    AllTaken,
    /// A machine spoke against the image.
    #[error("{0}")]
    Bad(String),
}

/// What is known of machines that boot an image, from look to look.
#[derive(Debug, Default)]
struct Watch {
    marks: BTreeMap<MachineId, Marks>,
}

/// Hears how each machine stands, whenever one stands otherwise than before.
pub type Say<'a> = &'a mut (dyn FnMut(&[(MachineId, Fate)]) + 'a);

impl<K: Clock + Clone> Bakery<K> {
    /// Lets machines boot an image until they speak for it. Those of an earlier process count.
    ///
    /// # Errors
    /// They speak against it, or nothing could be learned.
    pub async fn try_out(
        &self,
        image: &ImageId,
        launch: &TrialLaunch<'_>,
        wanted: &Trials,
        mut stop: Stop,
        say: Say<'_>,
    ) -> Result<Vec<(MachineId, Fate)>, TrialError> {
        let clients = self.clients.clone();
        let cloud = Ec2Cloud::new(clients, launch.policy, self.clock.clone());
        let mut watch = Watch::default();
        let mut memory = Memory::default();
        let mut said = Vec::new();
        let mut seen_at = self.clock.now();
        let begun_at = seen_at;
        loop {
            if *stop.borrow() {
                return Err(TrialError::Interrupted);
            }
            let trials = match Box::pin(self.trials(image, launch.policy, &mut watch)).await {
                Ok(trials) => trials,
                Err(Trouble::Passing(_)) if self.clock.now().since(seen_at) <= BLIND => {
                    self.pause(&mut stop).await;
                    continue;
                }
                Err(Trouble::Passing(word) | Trouble::Refused(word)) => {
                    return Err(TrialError::Unseen(word));
                }
            };
            let now = self.clock.now();
            seen_at = now;
            let fates = tell(&trials, now, &mut said, &mut *say);
            match next(&trials, wanted, &mut memory, now) {
                Step::Promote => return Ok(fates),
                Step::Reject(Rejection::Bad(reason)) => return Err(TrialError::Bad(reason)),
                Step::Reject(Rejection::AllTaken) => return Err(TrialError::AllTaken),
                Step::Wait => self.pause(&mut stop).await,
                Step::Launch(count) => {
                    let order = order(launch, count, begun_at, trials.len());
                    match Box::pin(cloud.launch(&order)).await {
                        Ok(launched) => {
                            let machines = launched.machines.into_iter();
                            machines.for_each(|it| memory.launched(it.id, now));
                        }
                        Err(LaunchError::Throttled | LaunchError::Unknown { .. })
                            if now.since(begun_at) <= BLIND => {}
                        Err(error) => return Err(TrialError::Launch(error.to_string())),
                    }
                    self.pause(&mut stop).await;
                }
            }
        }
    }

    /// Watches the machines that boot a named image until a moment, and gives the reason to take
    /// it back, if there is one by then. What cannot be seen is no reason.
    pub async fn watch(
        &self,
        image: &ImageId,
        launch: &TrialLaunch<'_>,
        (failures_max, until): (u32, Timestamp),
        mut stop: Stop,
        say: Say<'_>,
    ) -> Option<String> {
        let mut watch = Watch::default();
        let mut said = Vec::new();
        while self.clock.now() < until && !*stop.borrow() {
            match Box::pin(self.trials(image, launch.policy, &mut watch)).await {
                Ok(trials) => {
                    let now = self.clock.now();
                    tell(&trials, now, &mut said, &mut *say);
                    if let Some(reason) = is_bad(&trials, failures_max, now) {
                        return Some(reason);
                    }
                }
                Err(trouble) => tracing::debug!(%trouble, "machines cannot be listed"),
            }
            self.pause(&mut stop).await;
        }
        None
    }

    /// All machines of the deployment that boot an image, with what their consoles have said.
    async fn trials(
        &self,
        image: &ImageId,
        policy: &Policy,
        watch: &mut Watch,
    ) -> Result<Vec<Trial>, Trouble> {
        let listed = self.booted(image).await?;
        let prices = Prices::of(policy);
        let mut trials: Vec<Trial> = listed
            .iter()
            .filter_map(|row| {
                let machine = convert::machine(row, &prices).ok()?;
                let marks = watch.marks.get(&machine.id).cloned().unwrap_or_default();
                let is_taken = is_taken(row);
                Some(Trial {
                    machine,
                    is_taken,
                    marks,
                })
            })
            .collect();
        trials.sort_by(|one, other| {
            let key = |it: &Trial| (it.machine.launched_at, it.machine.id.clone());
            key(one).cmp(&key(other))
        });
        let unsettled = trials.iter_mut().filter(|trial| !trial.marks.log_closed);
        for trial in unsettled.take(CONSOLES_MAX) {
            // A console that cannot be read now proves nothing, and is read again.
            if let Ok(console) = self.console(&trial.machine.id).await {
                trial.marks = trial.marks.clone().and(Marks::read(&console));
            }
            let id = trial.machine.id.clone();
            watch.marks.insert(id, trial.marks.clone());
        }
        Ok(trials)
    }

    async fn booted(&self, image: &ImageId) -> Result<Vec<Instance>, Trouble> {
        let ours = filter("tag:dayfly:deployment", [self.deployment.as_str()]);
        let of_image = filter("image-id", [image.as_str()]);
        self.instances(vec![ours, of_image]).await
    }
}

/// On demand, because what the cloud takes away shows nothing; with a token that a repeat of the
/// same launch has again.
fn order(launch: &TrialLaunch<'_>, count: u32, begun_at: Timestamp, listed: usize) -> LaunchOrder {
    let mut order = launch.order.clone();
    order.count = count;
    let mut places = BTreeSet::new();
    order
        .offers
        .retain(|it| places.insert((it.instance_type.clone(), it.subnet.clone())));
    order.offers.iter_mut().for_each(|offer| {
        offer.market = Market::OnDemand;
    });
    let token = format!("trial-{}-{listed}", begun_at.as_millis());
    order.token = LaunchToken::new(token);
    order
}

fn is_taken(row: &Instance) -> bool {
    let code = row.state_reason().and_then(|it| it.code());
    code.is_some_and(|code| code.starts_with("Server.Spot"))
}

/// How each machine stands; said aloud if one stands otherwise than before.
fn tell(
    trials: &[Trial],
    now: Timestamp,
    said: &mut Vec<(MachineId, Fate)>,
    say: Say<'_>,
) -> Vec<(MachineId, Fate)> {
    let fates = trials.iter().map(|it| (it.id().clone(), it.fate(now)));
    let fates: Vec<(MachineId, Fate)> = fates.collect();
    let news: Vec<(MachineId, Fate)> = fates
        .iter()
        .filter(|fate| !said.contains(fate))
        .cloned()
        .collect();
    if !news.is_empty() {
        say(&news);
    }
    said.clone_from(&fates);
    fates
}
