//! What a pool's law of boots and its price of waiting make of a race, of the next blocks, and of
//! how long a machine is waited for.

use std::time::Duration;

use dayfly::forecast::pipelines::Coming;
use dayfly::forecast::pool::PoolForecast;
use dayfly::model::id::BlockKind;
use dayfly::model::outlook::{NextBlock, Outlook};
use dayfly::model::pool::Speculation;

use super::watched::{Watched, at, speculation};

#[test]
fn eight_boots_stand_for_all_and_each_waits_for_a_tick() {
    let watched = Watched::booted(at(0), (1..=20).map(|second| second * 1000));
    // The middles of eight equal parts of twenty boots: a sixteenth of them is the second boot,
    // three sixteenths the fourth. A tick is taken to be three seconds.
    let leads = [5, 7, 10, 12, 15, 17, 20, 22].map(Duration::from_secs);
    assert_eq!(watched.forecast.leads(), leads);
    assert!(PoolForecast::default().leads().is_empty());
}

#[test]
fn a_machine_too_many_costs_its_boot_and_its_wait_and_a_minute_at_least() {
    // Two equally likely times: 30 s in the mean, and the faster of two boots saves ten. That is a
    // hundred seconds of a machine, and has to be 15 percent more than one costs: 86.9 s. The
    // third of a race for one job saves half as much.
    let boots = (0..20).map(|at| if at % 2 == 0 { 10_000 } else { 50_000 });
    let watched = Watched::booted(at(0), boots);
    let raced = |spare_seconds| {
        let speculation = Speculation {
            spare_timeout: Duration::from_secs(spare_seconds),
            ..speculation(40)
        };
        watched.clone().outlook_for(speculation, at(0)).race[0]
    };
    assert_eq!([20, 30, 56, 57].map(raced), [1, 1, 1, 0]);
}

fn block(kind: &str, jobs: u32, percent: u64) -> Coming {
    Coming {
        kind: BlockKind::new(kind),
        jobs,
        chance: percent * 10_000,
    }
}

/// What is expected of boots that all take 40 s, where a machine waits for 40 s and pays from 22.7
/// percent on: 125 · 2 / 11.
fn expected(blocks: &[Coming]) -> Outlook {
    let mut watched = Watched::booted(at(0), [40_000; 20]);
    watched
        .forecast
        .outlook(speculation(40), Some(blocks), at(0))
}

#[test]
fn the_block_that_brings_the_most_jobs_in_the_mean_is_named() {
    // Seven in three of ten moments are more than two in nine of ten. Both come in 27 percent.
    let blocks = [block("Tests", 7, 30), block("Lint", 2, 90)];
    let outlook = expected(&blocks);
    assert_eq!(outlook.expectation.blocks, 9);
    let tests = NextBlock {
        kind: BlockKind::new("Tests"),
        jobs: 7,
        percent: 30,
    };
    assert_eq!(outlook.next_block, Some(tests));
}

#[test]
fn a_block_that_no_machine_is_kept_ready_for_is_not_named() {
    let outlook = expected(&[block("Tests", 7, 22)]);
    assert_eq!((outlook.expectation.blocks, outlook.next_block), (0, None));
    assert_eq!(expected(&[block("Tests", 7, 23)]).expectation.blocks, 7);
}
