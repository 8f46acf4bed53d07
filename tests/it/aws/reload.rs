//! A configuration that is read again while a tick is under way.

use std::cell::Cell;
use std::collections::BTreeMap;

use dayfly::aws::Ec2Cloud;
use dayfly::model::id::{JobId, MachineId, PoolName};
use dayfly::model::job::{AgentReport, QueueCounts};
use dayfly::model::offer::Market;
use dayfly::model::pool::Policy;
use dayfly::model::template::LaunchTemplate;
use dayfly::model::time::Timestamp;
use dayfly::ports::{Hub, HubError};
use dayfly::scaler::Scaler;

use super::site::Site;
use super::world::{account, offers, policy, pool};

/// A hub that is asked for its time once its other answers are in: at that moment, after the
/// observation and before the decision, the configuration is read again.
struct ReloadingHub<F> {
    site: Site,
    reload: Cell<Option<F>>,
}

impl<F: FnOnce()> Hub for ReloadingHub<F> {
    async fn counts(&self, pool: &PoolName) -> Result<QueueCounts, HubError> {
        self.site.counts(pool).await
    }

    async fn jobs(&self, pool: &PoolName) -> Result<Vec<JobId>, HubError> {
        self.site.jobs(pool).await
    }

    async fn agents(
        &self,
        pool: &PoolName,
    ) -> Result<Option<BTreeMap<MachineId, AgentReport>>, HubError> {
        self.site.agents(pool).await
    }

    fn time(&self) -> Option<Timestamp> {
        if let Some(reload) = self.reload.take() {
            reload();
        }
        None
    }
}

/// An account whose only template has versions 3 and 4.
fn site() -> Site {
    let mut account = account();
    let template = account.templates.get_mut("lt-1").expect("it has one");
    let data = template.versions[&1].clone();
    template.versions = [(3, data.clone()), (4, data)].into();
    Site::new(account)
}

fn of_version(version: u32) -> Policy {
    let mut policy = policy(offers(Market::OnDemand));
    let linux = policy.pools.get_mut(&pool()).expect("its only pool");
    linux.template = LaunchTemplate::new("lt-1", version);
    policy
}

/// The launches that EC2 was asked for: version, tag, and client token of each.
fn launches(site: &Site) -> Vec<[String; 3]> {
    let value = |body: &str, before: &str| {
        let rest = body.split_once(before).expect(before).1;
        rest.split('&').next().unwrap_or_default().to_owned()
    };
    let requests = site.wire.requests().into_iter();
    let launches = requests.filter(|body| body.starts_with("Action=CreateFleet&"));
    let parts = |body: String| {
        [
            "LaunchTemplateSpecification.Version=",
            "Key=dayfly%3Atemplate&TagSpecification.1.Tag.5.Value=",
            "ClientToken=",
        ]
        .map(|before| value(&body, before))
    };
    launches.map(parts).collect()
}

#[tokio::test(start_paused = true)]
async fn reload_within_a_tick_launches_the_tagged_version() {
    let site = site();
    site.enqueue(1);
    let (before, after) = (of_version(3), of_version(4));
    let cloud = Ec2Cloud::new(site.wire.clients(), &before, site.wire.clock);
    let (reloaded, told) = (cloud.clone(), after.clone());
    let hub = ReloadingHub {
        site: site.clone(),
        reload: Cell::new(Some(move || reloaded.set_policy(&told))),
    };
    let mut scaler = Scaler::new(hub, cloud, site.wire.clock, before);
    let tick = scaler.tick().await;
    let order = tick.plan.pools[&pool()].launch.as_ref();
    let token = format!("{}-demand", order.expect("a launch").token);
    let of_three = ["3".to_owned(), "lt-1%3A3".to_owned(), token];
    assert_eq!(launches(&site), std::slice::from_ref(&of_three));

    scaler.set_policy(after);
    site.enqueue(1);
    let tick = scaler.tick().await;
    let order = tick.plan.pools[&pool()].launch.as_ref();
    let token = format!("{}-demand", order.expect("another launch").token);
    let of_four = ["4".to_owned(), "lt-1%3A4".to_owned(), token];
    assert_eq!(launches(&site), [of_three, of_four]);
}
