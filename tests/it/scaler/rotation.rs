//! When tokens are read again, in virtual time.

use std::cell::RefCell;
use std::time::Duration;

use dayfly::model::plan::Plan;
use dayfly::model::snapshot::Snapshot;
use dayfly::ports::{CloudError, HubError};
use dayfly::scaler::observe::Silence;
use dayfly::scaler::{Rotation, Tick};
use tokio::time::{Instant, timeout};

use crate::plan::world::{now, pool};

fn tick(silences: Vec<Silence>) -> Tick {
    Tick {
        at: now(),
        snapshot: Snapshot::default(),
        plan: Plan::default(),
        outcomes: Vec::new(),
        silences,
        violations: Vec::new(),
        standing: dayfly::scaler::lease::Standing::Alone,
        took: Duration::ZERO,
    }
}

fn silent(error: HubError) -> Silence {
    Silence::Hub {
        pool: pool("linux"),
        question: "counts",
        error,
    }
}

fn unknown() -> Tick {
    tick(vec![silent(HubError::UnknownToken {
        endpoint: "hub.test".to_owned(),
        token: "registration_token",
        pool: pool("linux"),
    })])
}

/// Ticks every ten seconds, for as long as it gives one, and says at which seconds tokens were read.
async fn reads(rotation: &Rotation, ticks: impl IntoIterator<Item = Tick>) -> Vec<u64> {
    let (start, reads) = (Instant::now(), RefCell::new(Vec::new()));
    for tick in ticks {
        rotation.see(&tick);
        let read = async || reads.borrow_mut().push(start.elapsed().as_secs());
        let kept = timeout(Duration::from_secs(10), rotation.keep(read)).await;
        assert!(kept.is_err(), "it goes on for ever");
    }
    reads.into_inner()
}

#[tokio::test(start_paused = true)]
async fn an_unknown_token_is_read_again_at_once_and_then_once_a_minute() {
    let ticks = (0..20).map(|_| unknown());
    assert_eq!(reads(&Rotation::default(), ticks).await, [0, 60, 120, 180]);
}

#[tokio::test(start_paused = true)]
async fn what_is_known_again_is_not_read_again() {
    let rotation = Rotation::default();
    let ticks = [unknown()]
        .into_iter()
        .chain((0..20).map(|_| tick(Vec::new())));
    assert_eq!(reads(&rotation, ticks).await, [0]);
    assert_eq!(reads(&rotation, [unknown()]).await, [0], "another time");
}

#[tokio::test(start_paused = true)]
async fn no_other_silence_asks_for_tokens() {
    let endpoint = "hub.test".to_owned();
    let away = HubError::Unreachable {
        endpoint: endpoint.clone(),
        reason: "no route".to_owned(),
    };
    let strange = HubError::Unexpected {
        endpoint,
        call: "GET /metrics".to_owned(),
        status: 500,
        body: String::new(),
    };
    let cloud = Silence::Cloud(CloudError::Throttled);
    let ticks = [tick(vec![silent(away), silent(strange), cloud])];
    assert_eq!(reads(&Rotation::default(), ticks).await, Vec::<u64>::new());
}
