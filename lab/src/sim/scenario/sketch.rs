//! How a scenario is described: by what is different from a world in which nothing goes wrong.

use super::Scenario;
use crate::sim::options::{Options, PoolOptions, Rates};
use crate::sim::weather::{Kind, Weather};

/// A world that is being described.
pub(super) struct Sketch {
    pub(super) options: Options,
}

impl Sketch {
    /// Its one pool.
    pub(super) fn pool(&mut self) -> &mut PoolOptions {
        self.options
            .pools
            .first_mut()
            .expect("a scenario has a pool")
    }

    /// What goes wrong: what, after how many seconds, and for how many.
    pub(super) fn weather(&mut self, weather: &[(Kind, u64, u64)]) {
        let each = weather.iter();
        let each = each.map(|(kind, at_seconds, for_seconds)| Weather {
            kind: *kind,
            at_seconds: *at_seconds,
            for_seconds: *for_seconds,
        });
        self.options.weather.extend(each);
    }
}

/// A world by its name and bounds, as `describe` changes the plain one.
pub(super) fn scenario(
    name: &'static str,
    source: &'static str,
    machines_max: u64,
    wait_seconds_max: u64,
    describe: impl FnOnce(&mut Sketch),
) -> Scenario {
    let mut sketch = Sketch { options: plain() };
    describe(&mut sketch);
    let mut options = sketch.options;
    for pool in &mut options.pools {
        pool.jobs = pool.arrivals.iter().map(|(_, count)| count).sum();
    }
    Scenario {
        name,
        source,
        options,
        machines_max,
        wait_seconds_max,
    }
}

/// A world in which nothing goes wrong.
fn plain() -> Options {
    Options {
        seed: 6,
        storm_seconds: 1200,
        interval_seconds: 10,
        replicas: 1,
        lease: false,
        api_token: true,
        machines_max: 12,
        launches_per_hour_max: 1000,
        hourly_cents_max: None,
        boot_limit_seconds: 180,
        lifetime_seconds: 3600,
        idle_timeout_seconds: 120,
        spare_timeout_seconds: 5,
        boot_seconds: 20,
        job_seconds_max: 60,
        travel_ms_max: 100,
        unseen_seconds: 2,
        listed_seconds: 600,
        pools: vec![PoolOptions {
            machines_max: 12,
            reserve: 0,
            reserve_hours: Vec::new(),
            ahead: false,
            jobs: 0,
            burst: 0,
            arrivals: vec![(10, 15), (300, 10), (500, 5)],
            spot_patience_seconds: None,
            failures_max: 3,
            pause_seconds: 300,
        }],
        rates: Rates::default(),
        weather: Vec::new(),
    }
}
