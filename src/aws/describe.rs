//! What is there: one filtered, paged list for all pools, and now and then who is impaired.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use aws_sdk_ec2::types::{Filter, Instance, InstanceStatus, SummaryStatus};
use tokio::time::Instant;

use super::cloud::Ec2Cloud;
use super::convert;
use super::failure::{Class, Failure};
use super::tags;
use super::throttle::Bucket;
use crate::model::id::MachineId;
use crate::model::machine::Machine;
use crate::ports::{Clock, CloudError};

/// Machines a page: EC2's most.
const PAGE: i32 = 1000;
/// How long a look may wait for its bucket: as long as a tick can be late.
const PATIENCE: Duration = Duration::from_secs(5);
/// How often impaired machines are asked for: EC2 finds them once a minute.
const STATUS_EVERY: Duration = Duration::from_secs(60);

impl<K: Clock> Ec2Cloud<K> {
    /// Every machine of the deployment, ended ones too as long as EC2 lists them.
    pub(super) async fn list(&self) -> Result<BTreeMap<MachineId, Machine>, CloudError> {
        let filter = filter("tag:dayfly:deployment", [self.deployment.as_str()]);
        let ((), listed) = tokio::join!(self.look_for_impaired(), self.list_all(vec![filter]));
        let mut machines = listed?;
        for id in &self.known().impaired {
            if let Some(machine) = machines.get_mut(id) {
                machine.impaired = true;
            }
        }
        Ok(machines)
    }

    /// The machines of one launch.
    pub(super) async fn list_launch(
        &self,
        token: &str,
    ) -> Result<BTreeMap<MachineId, Machine>, CloudError> {
        let ours = filter("tag:dayfly:deployment", [self.deployment.as_str()]);
        self.list_all(vec![ours, filter("tag:dayfly:launch", [token])])
            .await
    }

    async fn list_all(
        &self,
        filters: Vec<Filter>,
    ) -> Result<BTreeMap<MachineId, Machine>, CloudError> {
        let mut machines = BTreeMap::new();
        let mut next: Option<String> = None;
        loop {
            let asked_at = self.may(Bucket::Lists).await?;
            let call = self.ec2.describe_instances().max_results(PAGE);
            let call = call.set_filters(Some(filters.clone())).set_next_token(next);
            let page = call.send().await.map_err(Failure::from);
            let page = page.map_err(|failure| self.failed(Bucket::Lists, asked_at, failure))?;
            self.throttle.went_well(Bucket::Lists);
            let known = self.known();
            let listed = page.reservations().iter().flat_map(|it| it.instances());
            for listed in listed.filter(|listed| self.is_ours(listed)) {
                let machine = convert::machine(listed, &known.prices)?;
                machines.insert(machine.id.clone(), machine);
            }
            drop(known);
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(machines);
            }
        }
    }

    /// The filter says so already; what is ended is worth a second look.
    fn is_ours(&self, listed: &Instance) -> bool {
        tags::value(listed.tags(), tags::DEPLOYMENT) == Some(self.deployment.as_str())
    }

    /// Asks who fails EC2's checks, if nobody has for a while. No answer changes nothing: a
    /// machine that is impaired is only explained by it, and replaced sooner.
    async fn look_for_impaired(&self) {
        {
            let mut known = self.known();
            if known
                .impaired_at
                .is_some_and(|at| at.elapsed() < STATUS_EVERY)
            {
                return;
            }
            known.impaired_at = Some(Instant::now());
        }
        let (machine, system) = tokio::join!(
            self.impaired("instance-status.status"),
            self.impaired("system-status.status")
        );
        match (machine, system) {
            (Ok(mut impaired), Ok(more)) => {
                impaired.extend(more);
                self.known().impaired = impaired;
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::debug!(%error, "impaired machines are not known");
            }
        }
    }

    async fn impaired(&self, check: &str) -> Result<BTreeSet<MachineId>, CloudError> {
        let mut found = BTreeSet::new();
        let mut next: Option<String> = None;
        loop {
            let asked_at = self.may(Bucket::Statuses).await?;
            let call = self.ec2.describe_instance_status().max_results(PAGE);
            let call = call
                .filters(filter(check, ["impaired"]))
                .set_next_token(next);
            let page = call.send().await.map_err(Failure::from);
            let page = page.map_err(|failure| self.failed(Bucket::Statuses, asked_at, failure))?;
            self.throttle.went_well(Bucket::Statuses);
            let rows = page.instance_statuses().iter();
            let ids = rows.filter(|row| is_impaired(row));
            found.extend(ids.filter_map(|it| it.instance_id()).map(MachineId::new));
            next = page.next_token.filter(|token| !token.is_empty());
            if next.is_none() {
                return Ok(found);
            }
        }
    }

    /// Waits for a call's turn, and tells when it was made.
    pub(super) async fn may(&self, bucket: Bucket) -> Result<Instant, CloudError> {
        self.throttle
            .take(bucket, 1, PATIENCE)
            .await
            .map_err(|_| CloudError::Throttled)?;
        Ok(Instant::now())
    }

    /// What a call's failure means to whoever asked; a throttled one slows all callers down.
    pub(super) fn failed(&self, bucket: Bucket, asked_at: Instant, failure: Failure) -> CloudError {
        if failure.class == Class::Throttled {
            self.throttle.slow_down(bucket, asked_at);
            return CloudError::Throttled;
        }
        CloudError::Failed(failure.word)
    }
}

/// The filter says so already; what makes another machine come is worth a second look.
fn is_impaired(row: &InstanceStatus) -> bool {
    let summaries = [row.instance_status(), row.system_status()];
    let mut said = summaries.into_iter().flatten().filter_map(|it| it.status());
    said.any(|status| *status == SummaryStatus::Impaired)
}

pub(in crate::aws) fn filter<'a>(name: &str, values: impl IntoIterator<Item = &'a str>) -> Filter {
    let values = values.into_iter().map(str::to_owned).collect();
    Filter::builder()
        .name(name)
        .set_values(Some(values))
        .build()
}
