//! The process is killed at every point at which a tick waits for something, and a new one goes on.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use dayfly::model::offer::Market;
use dayfly::model::pool::Policy;

use super::site::{Site, TICK};
use super::world::{account, offers, policy};

const JOBS: usize = 5;
const OVERDUE: usize = 2;
/// Long enough for machines to boot, to do their work and to be gone.
const REST: Duration = Duration::from_secs(4 * 60);

fn spot_first() -> Policy {
    policy([offers(Market::Spot), offers(Market::OnDemand)].concat())
}

/// A site that has machines to end and machines to launch on both markets, right before a tick.
async fn site_with_everything_to_do() -> Site {
    let site = Site::new(account());
    site.wire.ec2().settings_mut().spot_vcpus_max = 6;
    site.enqueue(OVERDUE);
    site.state().image_is_wrong = true;
    let mut scaler = site.scaler(spot_first());
    site.pass(&mut scaler, TICK).await;
    assert_eq!(site.launched(), OVERDUE);
    tokio::time::advance(Duration::from_secs(6 * 60)).await;
    site.happen();
    site.state().image_is_wrong = false;
    site.enqueue(JOBS - OVERDUE);
    site
}

/// Polls a tick so many times and drops it, as a kill does; whether it was done before that.
async fn killed_after(polls: usize, site: &Site) -> bool {
    let mut scaler = site.scaler(spot_first());
    let mut tick = pin!(scaler.tick());
    let mut context = Context::from_waker(Waker::noop());
    (0..polls).any(|_| tick.as_mut().poll(&mut context).is_ready())
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_point_launches_nothing_twice_and_leaks_nothing() {
    let mut points = 0;
    let mut after_launch = 0;
    loop {
        let site = site_with_everything_to_do().await;
        let is_done = killed_after(points, &site).await;
        after_launch += usize::from(OVERDUE < site.launched());
        let mut next = site.scaler(spot_first());
        site.pass(&mut next, REST).await;
        assert_eq!(site.launched(), OVERDUE + JOBS, "killed at point {points}");
        assert_eq!(site.state().done.len(), JOBS, "killed at point {points}");
        assert_eq!(site.live(), 0, "killed at point {points}");
        if is_done {
            break;
        }
        points += 1;
    }
    assert!(
        6 <= points,
        "only {points} points: the tick waits for less than it does"
    );
    assert!(3 <= after_launch, "only {after_launch} kills met a launch");
}
