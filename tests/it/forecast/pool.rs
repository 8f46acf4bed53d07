//! What looks at one pool teach, and what it is then expected to need.

use std::time::Duration;

use dayfly::forecast::pipelines::Coming;
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::outlook::{Expectation, Outlook, WantedWait};
use dayfly::model::pool::{Speculation, Speed};
use dayfly::model::snapshot::{PoolView, Sighting};

use super::watched::{Watched, at, listing, machine, registered, speculation, view};

/// A pool whose boots all took forty seconds.
fn steady() -> Watched {
    Watched::booted(at(0), [40_000; 20])
}

/// Jobs that came in the first half hour, by what an hour like it brings once it is over.
fn came(mut watched: Watched) -> u32 {
    watched.see(&view(0, 0), &[], at(1800));
    watched.outlook(at(1800)).expectation.jobs_per_hour / 2
}

/// A machine whose job is seen to be over at that second.
fn ended(id: &str, second: u64) -> (Machine, Sighting) {
    let sighting = Sighting {
        registered_at: Some(at(1)),
        running_since: Some(at(2)),
        missing_since: Some(at(second)),
        ..Sighting::default()
    };
    (machine(id, "t", at(0)), sighting)
}

#[test]
fn jobs_that_are_there_and_were_not_have_come() {
    let mut watched = steady();
    watched.see(&view(3, 0), &[], at(10));
    assert_eq!(came(watched.clone()), 3);
    watched.see(&view(1, 2), &[], at(20));
    assert_eq!(came(watched.clone()), 3, "two of them have started");
    watched.see(&view(2, 4), &[], at(30));
    assert_eq!(came(watched), 6);
}

#[test]
fn jobs_that_ended_made_room_for_those_that_came() {
    let mut watched = steady();
    watched.see(&view(0, 2), &[], at(10));
    // As many are there as before, and two have ended; another had ended at the look before.
    let machines = [ended("i-1", 20), ended("i-2", 20), ended("i-3", 10)];
    watched.see(&view(0, 2), &machines, at(20));
    assert_eq!(came(watched.clone()), 4);
    // An agent that left without a job ended none.
    let mut idle = ended("i-4", 30);
    idle.1.running_since = None;
    watched.see(&view(0, 2), &[idle], at(30));
    assert_eq!(came(watched), 4);
}

#[test]
fn after_five_minutes_of_silence_nobody_knows_when_jobs_came() {
    let after = |silence: u64| {
        let mut watched = steady();
        watched.see(&view(4, 0), &[], at(silence));
        came(watched)
    };
    assert_eq!((after(299), after(300)), (4, 0));
    let mut first = Watched::new();
    first.see(&view(9, 0), &[], at(0));
    assert_eq!(
        came(first),
        0,
        "nobody knows when those at the first look came"
    );
}

#[test]
fn where_no_list_of_agents_tells_what_ended_the_jobs_that_are_listed_are_told_apart() {
    let mut watched = steady();
    watched.see(&listing(&["a", "b"]), &[], at(10));
    assert_eq!(came(watched.clone()), 2);
    // Only one more is there, but two are new.
    watched.see(&listing(&["b", "c", "d"]), &[], at(20));
    assert_eq!(came(watched), 4);
    // With the list the numbers tell, and the names are not looked at.
    let mut watched = steady();
    let both = |jobs: &[&str]| PoolView {
        agents: Some(Default::default()),
        ..listing(jobs)
    };
    watched.see(&both(&["a", "b"]), &[], at(10));
    watched.see(&both(&["b", "c"]), &[], at(20));
    assert_eq!(came(watched), 2);
}

#[test]
fn without_the_hubs_counts_a_look_teaches_nothing() {
    let mut watched = steady();
    let silent = PoolView {
        counts: None,
        ..view(5, 0)
    };
    watched.see(&silent, &[ended("i-1", 10)], at(10));
    assert_eq!(watched.forecast, steady().forecast);
}

#[test]
fn machines_that_boot_or_wait_beyond_the_queue_are_spare() {
    let percent = |machines: &[(Machine, Sighting)], idle: u32, queued: u32| {
        let mut watched = steady();
        let mut view = view(queued, 4);
        view.counts.as_mut().expect("it counts").idle = idle;
        watched.see(&view, machines, at(10));
        watched.outlook(at(10)).expectation.overhead_percent
    };
    let boots = |id: &str| (machine(id, "t", at(5)), Sighting::default());
    assert_eq!(percent(&[], 1, 0), 25);
    assert_eq!(percent(&[boots("i-1")], 1, 0), 50);
    assert_eq!(percent(&[boots("i-1"), boots("i-2")], 1, 1), 50);
    assert_eq!(percent(&[], 1, 2), 0);
    // One is gone, and one has registered: it is among the idle ones.
    let mut gone = boots("i-3");
    gone.0.phase = Phase::Gone;
    let mut waits = boots("i-4");
    waits.1.registered_at = Some(at(7));
    assert_eq!(percent(&[gone, waits], 1, 0), 25);
}

#[test]
fn a_boot_ends_when_its_agent_registered_and_not_when_that_was_seen() {
    let mut watched = Watched::booted(at(0), [40_000; 19]);
    assert_eq!(
        watched.outlook(at(0)),
        Outlook::default(),
        "nineteen teach nothing"
    );
    // The twentieth took a minute, and is seen five seconds later.
    let seen = registered(view(0, 0), "i-20", at(95));
    let sighting = Sighting {
        registered_at: Some(at(100)),
        ..Sighting::default()
    };
    let twentieth = (machine("i-20", "t", at(35)), sighting);
    watched.see(&seen, std::slice::from_ref(&twentieth), at(100));
    let expectation = watched.outlook(at(100)).expectation;
    assert_eq!(expectation.boot, Duration::from_secs(41));
    assert_eq!(expectation.waiting_worth, 10);
    // It is not counted again by the next look.
    for second in 101..140 {
        watched.see(&seen, std::slice::from_ref(&twentieth), at(second));
    }
    assert_eq!(
        watched.outlook(at(140)).expectation.boot,
        Duration::from_secs(41)
    );
}

#[test]
fn an_agent_that_may_have_been_there_for_long_teaches_nothing_of_boots() {
    let after = |took: u64| {
        let mut boots = vec![40_000; 19];
        boots.push(took);
        Watched::booted(at(1000), boots)
            .outlook(at(1000))
            .expectation
            .boot
            .as_millis()
    };
    // Nineteen times forty seconds and once the boot limit.
    assert_eq!(after(300_000), 53_000);
    assert_eq!(after(300_001), 0);
}

#[test]
fn a_boot_that_failed_since_the_last_look_is_counted_once() {
    let mut watched = Watched::booted(at(0), [40_000; 19]);
    let failed_at = |second| Sighting {
        boot_failed: true,
        boot_failed_at: Some(at(second)),
        ..Sighting::default()
    };
    let hung = machine("i-20", "t", at(0));
    watched.see(&view(0, 0), &[(hung.clone(), failed_at(0))], at(10));
    assert_eq!(
        watched.outlook(at(10)),
        Outlook::default(),
        "that was before"
    );
    watched.see(&view(0, 0), &[(hung.clone(), failed_at(305))], at(310));
    // It was waited for until its boot limit: nineteen times 40 s and once 300 s.
    let boot = watched.outlook(at(310)).expectation.boot;
    assert_eq!(boot, Duration::from_secs(53));
    let alone = |second| {
        let mut first = Watched::new();
        let failed = [(hung.clone(), failed_at(second))];
        let machines: Vec<_> = failed.iter().cycle().take(20).cloned().collect();
        first.see(&view(0, 0), &machines, at(310));
        first.outlook(at(310))
    };
    assert_eq!(
        alone(305),
        Outlook::default(),
        "before the first look nobody knows"
    );
}

#[test]
fn machines_of_one_launch_that_are_slow_together_are_not_raced() {
    // One launch in five is slow. Each has five machines, or every machine a launch of its own.
    let took = |slow: bool| if slow { 120_000 } else { 30_000 };
    let together = (0..100).map(|at| (format!("dayfly-{:02x}", at / 5), took(at / 5 % 5 == 0)));
    let alone = (0..100).map(|at| (format!("dayfly-{at:02x}"), took(at / 5 % 5 == 0)));
    let race = |boots: Vec<(String, u64)>| Watched::booted_by(at(0), boots).outlook(at(0)).race;
    let none = vec![0; 40];
    assert_eq!(race(together.collect()), none);
    assert!(1 < race(alone.collect())[9]);
}

#[test]
fn an_exhausted_day_has_no_race_and_expects_nothing() {
    let mut watched = Watched::booted(
        at(0),
        (0..100).map(|at| if at < 90 { 30_000 } else { 120_000 }),
    );
    let raced = |watched: &Watched, race| {
        let speculation = Speculation {
            race,
            ..speculation(40)
        };
        watched.clone().outlook_for(speculation, at(2000)).race
    };
    assert!(!raced(&watched, true).is_empty());
    assert!(raced(&watched, false).is_empty());
    // Forty spare machines for a minute are more than half an hour.
    let mut idle = view(0, 0);
    idle.counts.as_mut().expect("it counts").idle = 40;
    watched.see(&idle, &[], at(60));
    assert!(raced(&watched, true).is_empty());
    let expectation = watched.outlook(at(60)).expectation;
    assert!(expectation.exhausted && expectation.reserve() == 0);
}

/// Two jobs every 200 s and each fifth time three, looked at every ten seconds for three hours.
fn now_and_then() -> Watched {
    let mut watched = steady();
    for look in 1..=1080_u64 {
        let came = match look % 20 {
            10 if look % 100 == 10 => 3,
            10 => 2,
            _ => 0,
        };
        watched.see(&view(came, 0), &[], at(look * 10));
    }
    watched
}

#[test]
fn a_machine_is_kept_ready_if_its_job_comes_often_enough_to_pay_for_its_boots() {
    // Within a boot of 40 s and a tick of 10 s two jobs come in a quarter of the moments, and three
    // in one of twenty. A machine that waits 80 s and boots 40 s is paid one and a half times: at a
    // waiting worth of ten it pays from 180 · 1.5 / 11, 24.5 percent, on.
    let watched = now_and_then();
    let likely = |idle, blocks: Option<&[Coming]>| {
        let mut forecast = watched.forecast.clone();
        let outlook = forecast.outlook(speculation(idle), blocks, at(10_800));
        outlook.expectation.likely
    };
    assert_eq!(likely(80, None), 2);
    // One that waits for 70 s is paid 1.57 times, and would have to be used by 25.7 percent.
    assert_eq!(likely(70, None), 0);
    // Where pipelines are seen it is 130 · 2 / 11, 23.6 percent, with 40 s, and 27.5 with 30 s.
    assert_eq!([40, 30].map(|idle| likely(idle, Some(&[]))), [2, 0]);
    assert_eq!(watched.outlook(at(10_800)).expectation.scheduled, 0);
}

/// Forty jobs at 02:00 of every weekday until Friday, looked at once a minute, and on the last of
/// these days eighty.
fn nightly(boots: impl IntoIterator<Item = u64>) -> Watched {
    let mut watched = Watched::booted(at(0), boots);
    for minute in 1..4 * 1440 + 1440_u64 {
        let came = match (minute % 1440, minute / 1440) {
            (120, 4) => 80,
            (120, _) => 40,
            _ => 0,
        };
        watched.see(&view(came, 0), &[], at(minute * 60));
    }
    watched
}

/// How many seconds before 02:00 of Friday its jobs are first expected.
fn expected_before(watched: &Watched, idle: u64) -> Option<u64> {
    let two = (4 * 1440 + 120) * 60;
    let mut watched = watched.clone();
    (0..400).rev().find(|before| {
        let outlook = watched.outlook_for(speculation(idle), at(two - before));
        outlook.expectation.scheduled == 40
    })
}

#[test]
fn what_comes_every_night_is_launched_for_so_early_that_the_wait_left_is_worth_the_idling() {
    // Fifty boots of two to a hundred seconds, and a tick of nearly a minute. Of eleven boots ten take
    // 92 s at most.
    let mut watched = Watched::booted(at(0), (1..=50).map(|at| at * 2000));
    for minute in 1..4 * 1440 + 118_u64 {
        let came = if minute % 1440 == 120 { 40 } else { 0 };
        watched.see(&view(came, 0), &[], at(minute * 60));
    }
    assert_eq!(expected_before(&watched, 600), Some(151));
    // An agent that waits for twenty seconds is not sent away before: nine tenths of that after the
    // fastest boots, which take six seconds.
    assert_eq!(expected_before(&watched, 20), Some(24));
}

#[test]
fn jobs_that_were_expected_are_no_surprise() {
    let watched = nightly([40_000; 20]);
    // Forty came unexpectedly from Monday to Thursday. On Friday forty of eighty were expected:
    // 40 · 0.8 + 40 · 0.2, and the half hours beside it had none.
    let expectation = watched.outlook(at(4 * 86_400 + 7200)).expectation;
    assert_eq!(expectation.jobs_per_hour, 40_000 / 3 / 500);
}

#[test]
fn what_is_doubted_gives_way_to_what_is_seen() {
    let mut watched = Watched::booted(at(0), [40_000; 100]);
    watched.forecast.doubt();
    let unchanged = Expectation {
        boot: Duration::from_secs(40),
        ..watched.outlook(at(0)).expectation
    };
    assert_eq!(watched.outlook(at(0)).expectation, unchanged);
    let mut idle = view(0, 100);
    idle.counts.as_mut().expect("it counts").idle = 50;
    (1..=60).for_each(|minute| watched.see(&idle, &[], at(minute * 60)));
    assert!(!watched.outlook(at(3600)).expectation.exhausted);
    // Fifty of a hundred machines were spare. Of that an hour and its half are believed.
    watched.forecast.doubt();
    idle.counts = view(0, 0).counts;
    idle.counts.as_mut().expect("it counts").idle = 1;
    (61..=120).for_each(|minute| watched.see(&idle, &[], at(minute * 60)));
    assert!(watched.outlook(at(7200)).expectation.exhausted);
}

#[test]
fn where_a_wait_is_wanted_its_measure_decides_what_waiting_is_worth() {
    let wanted = Duration::from_secs(30);
    let speculation = Speculation {
        speed: Speed::WaitP95(wanted),
        ..speculation(40)
    };
    let mut pool = Watched::booted(at(0), [40_000; 40]);
    let first = pool.outlook_for(speculation, at(0)).expectation;
    assert_eq!(first.waiting_worth, 10);
    let unknown = WantedWait {
        wanted,
        measured: None,
    };
    assert_eq!(first.wanted_wait, Some(unknown));
    // A job each seven minutes, that waits for forty seconds and runs for ten.
    for job in 0..206 {
        for (queued, running, second) in [(1, 0, 0), (1, 0, 40), (0, 1, 40), (0, 0, 50)] {
            pool.see(&view(queued, running), &[], at(job * 420 + second));
        }
    }
    let then = pool.outlook_for(speculation, at(86_400)).expectation;
    assert_eq!(then.waiting_worth, 17);
    // At seventeen nothing was measured.
    assert_eq!(then.wanted_wait, Some(unknown));
    let balanced = pool.outlook(at(86_400)).expectation;
    assert_eq!((balanced.waiting_worth, balanced.wanted_wait), (10, None));
}
