//! Hours of trouble, each with its bound (peers.md 2 and 6.1 tell how others fail there).

use std::time::Duration;

use dayfly::model::offer::Market;
use dayfly::model::plan::WaitReason;
use dayfly::model::pool::Policy;
use dayfly::ports::Clock;
use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Fault, Scope};
use dayfly_lab::emulator::ec2::settings::Ec2Settings as Account;
use dayfly_lab::emulator::ec2::throttle::Throttling;

use super::site::{Site, TICK};
use super::world::{account, offers, policy, pool};

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(3600);

fn on_demand() -> Policy {
    policy(offers(Market::OnDemand))
}

/// An account whose calls are counted as EC2 counts them.
fn counted() -> Account {
    let mut account = Account {
        throttling: Throttling::Real,
        ..account()
    };
    for subnet in account.subnets.values_mut() {
        subnet.addresses_max = 65_536;
    }
    account
}

#[tokio::test(start_paused = true)]
async fn a_burst_of_two_thousand_jobs_stays_within_the_buckets_in_few_calls() {
    let site = Site::new(counted());
    site.enqueue(2_000);
    site.state().work = HOUR;
    let mut scaler = site.scaler(on_demand());
    site.pass_slowly(&mut scaler, 10 * MINUTE, 3 * TICK).await;
    assert_eq!(site.launched(), 2_000);
    let launches = site.wire.count("CreateFleet");
    assert!(launches < 10, "{launches} launch calls");
    assert_eq!(
        site.wire.refused(),
        Vec::<String>::new(),
        "nothing was one too many"
    );
    for request in site.wire.requests() {
        let is_list = request.contains("Action=DescribeInstance");
        let is_narrow = request.contains("&Filter.1.") && request.contains("&MaxResults=");
        assert!(!is_list || is_narrow, "{request}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_drought_of_an_hour_is_asked_about_every_three_minutes_and_then_over() {
    let site = Site::new(account());
    site.enqueue(50);
    let start = site.wire.clock.now();
    let dry = Scope::default().between(start, start.plus(HOUR));
    site.wire
        .ec2()
        .add_fault(dry, Fault::Offer(error::INSUFFICIENT_CAPACITY));
    let mut scaler = site.scaler(on_demand());
    let ticks = site.pass(&mut scaler, HOUR).await;
    assert_eq!(site.launched(), 0);
    let asked = site.wire.count("CreateFleet");
    assert!((19..=22).contains(&asked), "asked {asked} times in an hour");
    for tick in ticks.iter().skip(1) {
        let obstacle = tick
            .plan
            .pools
            .get(&pool())
            .and_then(|it| it.obstacle.as_ref());
        let is_said = matches!(obstacle, Some(WaitReason::NoCapacity { word, .. })
            if word.starts_with("InsufficientInstanceCapacity"));
        assert!(
            is_said || tick.plan.pools[&pool()].launch.is_some(),
            "{obstacle:?}"
        );
    }
    site.pass(&mut scaler, 6 * MINUTE).await;
    assert_eq!((site.launched(), site.state().done.len()), (50, 50));
    site.pass(&mut scaler, 2 * MINUTE).await;
    assert_eq!(site.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_throttled_window_in_a_burst_costs_few_calls_and_no_machine_too_many() {
    let site = Site::new(account());
    site.enqueue(200);
    let start = site.wire.clock.now();
    let window = start.plus(Duration::from_secs(45));
    let scope = Scope::default().between(start, window);
    site.wire
        .ec2()
        .add_fault(scope, Fault::Refused(error::THROTTLED));
    let mut scaler = site.scaler(on_demand());
    site.pass(&mut scaler, Duration::from_secs(45)).await;
    let (lists, refused) = (
        site.wire.count("DescribeInstances"),
        site.wire.refused().len(),
    );
    assert!(lists <= 6, "{lists} lists were asked for");
    assert!(refused <= 12, "{refused} calls were refused");
    site.pass(&mut scaler, Duration::from_secs(30)).await;
    assert_eq!(site.launched(), 200);
    site.pass(&mut scaler, 5 * MINUTE).await;
    assert_eq!((site.launched(), site.state().done.len()), (200, 200));
}

#[tokio::test(start_paused = true)]
async fn launches_alone_that_are_throttled_are_tried_again_with_growing_pauses() {
    let site = Site::new(account());
    site.enqueue(200);
    let start = site.wire.clock.now();
    let scope = Scope::on(Action::CreateFleet).between(start, start.plus(Duration::from_secs(45)));
    site.wire
        .ec2()
        .add_fault(scope, Fault::Refused(error::THROTTLED));
    let mut scaler = site.scaler(on_demand());
    site.pass(&mut scaler, Duration::from_secs(45)).await;
    let refused = site.wire.refused().len();
    assert!(
        (3..=5).contains(&refused),
        "{refused} launches were refused"
    );
    site.pass(&mut scaler, Duration::from_secs(30)).await;
    assert_eq!(site.launched(), 200);
}

#[tokio::test(start_paused = true)]
async fn a_wrong_image_for_ten_hours_costs_one_machine_a_pause() {
    let site = Site::new(account());
    site.enqueue(20);
    site.state().image_is_wrong = true;
    let mut scaler = site.scaler(on_demand());
    site.pass_slowly(&mut scaler, 10 * HOUR, MINUTE).await;
    // The first batch, and then one machine each time that the breaker lets one try: its boot
    // limit, its grace and the pause are eleven minutes and a tick.
    let probes = 10 * 60 / 11 + 1;
    let launched = site.launched();
    assert!(launched <= 20 + probes, "{launched} machines");
    assert!(site.live() <= 1, "{} machines are left", site.live());
    site.state().image_is_wrong = false;
    site.pass(&mut scaler, 20 * MINUTE).await;
    assert_eq!(site.state().done.len(), 20);
}

#[tokio::test(start_paused = true)]
async fn ends_that_are_throttled_for_ten_minutes_starve_no_launch_and_are_made_up_for() {
    let site = Site::new(account());
    site.enqueue(3);
    site.state().image_is_wrong = true;
    let mut scaler = site.scaler(on_demand());
    site.pass(&mut scaler, 5 * MINUTE).await;
    assert_eq!(site.live(), 3);
    let start = site.wire.clock.now();
    let scope = Scope::on(Action::TerminateInstances).between(start, start.plus(10 * MINUTE));
    site.wire
        .ec2()
        .add_fault(scope, Fault::Refused(error::THROTTLED));
    site.state().image_is_wrong = false;
    site.pass(&mut scaler, 10 * MINUTE).await;
    let refused = site.wire.refused().len();
    assert!((10..=45).contains(&refused), "{refused} ends were refused");
    assert_eq!(
        site.state().done.len(),
        3,
        "others were launched and did the work"
    );
    site.pass(&mut scaler, MINUTE).await;
    assert_eq!(site.live(), 0);
}

#[tokio::test(start_paused = true)]
async fn two_scalers_on_one_pool_launch_nothing_twice() {
    for offset in 0..10 {
        let site = Site::new(account());
        site.enqueue(30);
        let mut first = site.scaler(on_demand());
        let mut second = site.scaler(on_demand());
        for _ in 0..12 {
            site.happen();
            first.tick().await;
            tokio::time::advance(Duration::from_secs(offset)).await;
            site.happen();
            second.tick().await;
            tokio::time::advance(Duration::from_secs(10 - offset)).await;
        }
        assert_eq!(site.launched(), 30, "{offset} seconds apart");
    }
}
