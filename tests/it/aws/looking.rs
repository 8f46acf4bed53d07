//! Lists, consoles, prices and ends through the real client.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use dayfly::aws::Ec2Cloud;
use dayfly::model::id::{Deployment, MachineId, PoolName};
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::model::offer::Market;
use dayfly::model::pool::Policy;
use dayfly::ports::{Clock, Cloud, CloudError};
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Boot, Fault, Scope};
use dayfly_lab::emulator::ec2::machine::Health;

use super::wire::Wire;
use super::world::{UNSEEN, account, cloud, offers, order, policy};

fn ids(machines: &[Machine]) -> Vec<MachineId> {
    machines.iter().map(|machine| machine.id.clone()).collect()
}

#[tokio::test(start_paused = true)]
async fn a_long_list_comes_in_pages_that_are_filtered() {
    let (wire, cloud) = cloud(account());
    for launch in 0..5 {
        let order = order(&format!("dayfly-{launch}"), 500);
        cloud.launch(&order).await.expect("machines");
        // The bucket of launched machines fills again.
        tokio::time::advance(Duration::from_secs(250)).await;
    }
    let listed = cloud.machines().await.expect("a list");
    assert_eq!(listed.len(), 2_500);
    assert_eq!(wire.count("DescribeInstances"), 3);
    let lists = wire.requests();
    let lists = lists
        .iter()
        .filter(|body| body.contains("Action=DescribeInstances&"));
    for body in lists {
        assert!(
            body.contains("dayfly%3Adeployment") && body.contains("MaxResults=1000"),
            "{body}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_page_that_is_refused_is_no_list() {
    let (wire, cloud) = cloud(account());
    for launch in 0..3 {
        let order = order(&format!("dayfly-{launch}"), 500);
        cloud.launch(&order).await.expect("machines");
        // The bucket of launched machines fills again.
        tokio::time::advance(Duration::from_secs(250)).await;
    }
    let second = Scope::on(Action::DescribeInstances).nth(2);
    wire.ec2()
        .add_fault(second, Fault::Refused(error::INTERNAL));
    let half = cloud.machines().await;
    assert!(
        matches!(half, Err(CloudError::Failed(_))),
        "half a list is none: {half:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn machines_of_others_are_not_seen() {
    let (wire, ours) = cloud(account());
    let theirs = Policy {
        deployment: Deployment::new("other"),
        ..policy(offers(Market::OnDemand))
    };
    let theirs = Ec2Cloud::new(wire.clients(), &theirs, wire.clock);
    theirs
        .launch(&order("dayfly-1", 3))
        .await
        .expect("machines");
    ours.launch(&order("dayfly-2", 2)).await.expect("machines");
    tokio::time::advance(UNSEEN).await;
    assert_eq!(ours.machines().await.expect("a list").len(), 2);
    assert_eq!(theirs.machines().await.expect("a list").len(), 3);
}

#[tokio::test(start_paused = true)]
async fn a_tag_of_an_operator_holds_a_machine_and_broken_tags_leave_it_its_limits() {
    let (wire, cloud) = cloud(account());
    let launched = cloud.launch(&order("dayfly-1", 1)).await.expect("machines");
    let id = &launched.machines[0].id;
    tokio::time::advance(UNSEEN).await;
    let ec2 = wire.clients().ec2;
    let tag = |key: &str, value: &str| {
        let tag = aws_sdk_ec2::types::Tag::builder().key(key).value(value);
        ec2.create_tags()
            .resources(id.as_str())
            .tags(tag.build())
            .send()
    };
    tag("dayfly:held", "").await.expect("a tag");
    tag("dayfly:lifetime", "soon").await.expect("a tag");
    let listed = cloud.machines().await.expect("a list");
    assert!(listed[id].held);
    assert_eq!(listed[id].lifetime, Duration::from_secs(90_000));
    assert_eq!(listed[id].pool, PoolName::new("linux"));
}

#[tokio::test(start_paused = true)]
async fn ends_go_in_batches_and_who_is_gone_already_counts_as_ended() {
    let (wire, cloud) = cloud(account());
    let launched = cloud
        .launch(&order("dayfly-1", 700))
        .await
        .expect("machines");
    tokio::time::advance(UNSEEN).await;
    let mut wanted = ids(&launched.machines);
    wanted.insert(3, MachineId::new("i-0123456789abcdef0"));
    let answers = cloud.end(&wanted).await;
    assert_eq!(answers.len(), 701);
    assert!(answers.values().all(Result::is_ok), "{answers:?}");
    assert_eq!(
        wire.count("TerminateInstances"),
        3,
        "two batches, and one of them twice"
    );
    let listed = cloud.machines().await.expect("a list");
    assert!(
        listed
            .values()
            .all(|machine| machine.phase == Phase::Stopping)
    );
}

#[tokio::test(start_paused = true)]
async fn protected_machine_is_refused_and_the_others_are_terminated() {
    let (wire, cloud) = cloud(account());
    let launched = cloud.launch(&order("dayfly-1", 9)).await.expect("machines");
    let protect = Scope::on(Action::CreateFleet);
    let rule = wire.ec2().add_fault(protect, Fault::Boot(Boot::Protected));
    let more = cloud
        .launch(&order("dayfly-2", 1))
        .await
        .expect("a machine");
    wire.ec2().remove_fault(rule);
    tokio::time::advance(UNSEEN).await;
    let protected = ids(&more.machines);
    let wanted = [protected.clone(), ids(&launched.machines)].concat();
    let answers = cloud.end(&wanted).await;
    assert_eq!(answers.len(), 10);
    for (id, answer) in &answers {
        let is_refused =
            matches!(answer, Err(CloudError::Refused(word)) if word.contains(id.as_str()));
        let is_protected = protected.contains(id);
        assert_eq!(is_refused, is_protected, "{id}: {answer:?}");
        assert!(is_protected || answer.is_ok(), "{id}: {answer:?}");
    }
    assert_eq!(wire.count("TerminateInstances"), 2);
}

#[tokio::test(start_paused = true)]
async fn machine_refused_without_its_name_is_found_in_halves() {
    let (wire, cloud) = cloud(account());
    let launched = cloud
        .launch(&order("dayfly-1", 16))
        .await
        .expect("machines");
    tokio::time::advance(UNSEEN).await;
    let wanted = ids(&launched.machines);
    let odd = Scope::on(Action::TerminateInstances).of_machine(wanted[5].as_str());
    let refused = Fault::Refused(error::NOT_PERMITTED);
    wire.ec2().add_fault(odd, refused);
    let answers = cloud.end(&wanted).await;
    let refused = answers.iter().filter(|(_, answer)| answer.is_err());
    let refused: Vec<&MachineId> = refused.map(|(id, _)| id).collect();
    assert_eq!(refused, [&wanted[5]]);
    assert!(wire.count("TerminateInstances") <= 10);
}

#[tokio::test(start_paused = true)]
async fn consoles_tell_what_the_agent_did_and_an_empty_one_nothing() {
    let (wire, cloud) = cloud(account());
    let launched = cloud.launch(&order("dayfly-1", 2)).await.expect("machines");
    let [talks, silent] = &ids(&launched.machines)[..] else {
        panic!("two machines");
    };
    tokio::time::advance(Duration::from_secs(30)).await;
    let now = wire.clock.now();
    let text = "[ 1.0] Linux\r\ndayfly: registered i-1\r\n";
    wire.ec2().write_console(talks.as_str(), text, now);
    let consoles = cloud.consoles(&[talks.clone(), silent.clone()]).await;
    let marks = ConsoleMarks {
        registered: true,
        log_closed: false,
        ..ConsoleMarks::default()
    };
    assert_eq!(consoles[talks], Ok(Some(marks)));
    assert_eq!(consoles[silent], Ok(None));
}

#[tokio::test(start_paused = true)]
async fn impaired_machines_are_known_within_a_minute_and_asked_for_no_oftener() {
    let (wire, cloud) = cloud(account());
    let launched = cloud.launch(&order("dayfly-1", 2)).await.expect("machines");
    let sick = launched.machines[0].id.clone();
    tokio::time::advance(Duration::from_secs(10)).await;
    cloud.machines().await.expect("a list");
    wire.ec2().set_health(sick.as_str(), Health::Impaired);
    for _ in 0..7 {
        tokio::time::advance(Duration::from_secs(10)).await;
        cloud.machines().await.expect("a list");
    }
    let listed = cloud.machines().await.expect("a list");
    let impaired: BTreeSet<&MachineId> = listed
        .values()
        .filter(|machine| machine.impaired)
        .map(|machine| &machine.id)
        .collect();
    assert_eq!(impaired, BTreeSet::from([&sick]));
    assert_eq!(wire.count("DescribeInstanceStatus"), 4, "two checks, twice");
}

#[tokio::test(start_paused = true)]
async fn spot_prices_are_those_of_the_zone_and_asked_for_every_ten_minutes() {
    let wire = Wire::new(Ec2::new(account()));
    let policy = policy([offers(Market::Spot), offers(Market::OnDemand)].concat());
    let cloud = Ec2Cloud::new(wire.clients(), &policy, wire.clock);
    let prices = cloud.spot_prices().await.expect("prices");
    let size = &wire.ec2().settings().types["c7i.large"].clone();
    let place = ("c7i.large".to_owned(), "subnet-a".to_owned());
    assert_eq!(prices.get(&place), Some(&size.spot_hourly));
    assert_eq!(prices.len(), 4);
    assert_eq!(cloud.spot_prices().await, None);
    tokio::time::advance(Duration::from_secs(600)).await;
    assert!(cloud.spot_prices().await.is_some());
    assert_eq!(wire.count("DescribeSpotPriceHistory"), 2);
    // A machine that is listed costs what its offer costs now.
    let order = dayfly::model::plan::LaunchOrder {
        offers: offers(Market::Spot),
        ..order("dayfly-1", 1)
    };
    cloud.launch(&order).await.expect("a machine");
    tokio::time::advance(UNSEEN).await;
    let listed = cloud.machines().await.expect("a list");
    let costs: BTreeMap<&MachineId, _> = listed
        .iter()
        .map(|(id, machine)| (id, machine.offer.hourly))
        .collect();
    assert!(
        costs.values().all(|hourly| *hourly == size.spot_hourly),
        "{costs:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_spot_offers_nobody_asks_for_their_prices() {
    let (wire, cloud) = cloud(account());
    assert_eq!(cloud.spot_prices().await, None);
    assert!(wire.requests().is_empty());
}
