//! Every reason in words, as people read them after "because" or a colon.

use std::time::Duration;

use dayfly::model::id::MachineId;
use dayfly::model::outlook::{Outlook, WantedWait};
use dayfly::model::plan::{EndReason, KeepReason, MachineVerdict, UndecidedReason, WaitReason};
use dayfly::plan::explain::reasons::wait_reason;
use dayfly::plan::explain::{self, machine_verdict};

use super::ahead::{expecting, outlook, speculating};
use super::decided::plan;
use super::world::{BOOT_LIMIT, LIFETIME, World, machine, now, policy, pool, seconds_ago};

fn in_seconds(seconds: u64) -> dayfly::model::time::Timestamp {
    now().plus(Duration::from_secs(seconds))
}

#[test]
fn every_machine_that_stays_or_goes_has_its_reason() {
    let keep = |reason| machine_verdict(&MachineVerdict::Keep { reason }, now());
    let stays = [
        keep(KeepReason::Held),
        keep(KeepReason::Booting {
            until: in_seconds(90),
        }),
        keep(KeepReason::Impaired {
            until: in_seconds(30),
        }),
        keep(KeepReason::Waiting),
        keep(KeepReason::Running),
        keep(KeepReason::Registered),
        keep(KeepReason::Closing {
            until: in_seconds(59),
        }),
        keep(KeepReason::Ending),
    ];
    insta::assert_snapshot!(stays.join("\n"), @"
    stays: an operator holds it
    stays: it boots, and has 1 min 30 s left for it
    stays: the cloud's own checks of it fail; another is launched in its place, and it has 30 s left to boot
    stays: its agent waits for a job
    stays: its agent has a job
    stays: its agent has registered; no source tells whether it has a job
    stays: it has nothing left to do, and 59 s to power itself off
    stays: it is ending already
    ");
    let end = |reason| machine_verdict(&MachineVerdict::End { reason }, now());
    let since = seconds_ago(61);
    let goes = [
        end(EndReason::BootLimit { limit: BOOT_LIMIT }),
        end(EndReason::AgentLeft { since }),
        end(EndReason::Lifetime { limit: LIFETIME }),
    ];
    insta::assert_snapshot!(goes.join("\n"), @"
    is ended: no agent registered within its boot limit of 5 min
    is ended: its agent left 1 min 1 s ago, and it did not power itself off
    is ended: it is older than its lifetime of 2 h
    ");
    let undecided = |reason| machine_verdict(&MachineVerdict::Undecided { reason }, now());
    let unknown = [
        undecided(UndecidedReason::AgentUnknown),
        undecided(UndecidedReason::PoolUnknown),
    ];
    insta::assert_snapshot!(unknown.join("\n"), @"
    is left to its own timers: it is past its boot limit, and neither the hub nor its console shows whether an agent registered
    is left to its own timers: its pool is not in the configuration
    ");
}

#[test]
fn every_obstacle_names_its_setting_or_when_it_is_over() {
    let word = || "InsufficientInstanceCapacity".to_owned();
    let until = in_seconds(75);
    let obstacles = [
        WaitReason::Draining,
        WaitReason::PoolCap { machines_max: 4 },
        WaitReason::DeploymentCap { machines_max: 9 },
        WaitReason::LaunchRate {
            launches_per_hour_max: 60,
        },
        WaitReason::Budget,
        WaitReason::BreakerOpen { until, failures: 3 },
        WaitReason::BreakerProbing,
        WaitReason::NoCapacity {
            until,
            word: word(),
        },
        WaitReason::SpotPatience {
            since: seconds_ago(40),
            patience: Duration::from_secs(120),
            word: word(),
        },
        WaitReason::Refused {
            word: "no such image".to_owned(),
            until,
        },
        WaitReason::CloudSilent,
        WaitReason::HubSilent,
    ];
    let phrases = obstacles.map(|reason| wait_reason(&reason, now()));
    insta::assert_snapshot!(phrases.join("\n"), @"
    machines_max is 0: it is being drained
    the pool has as many machines as it may (machines_max = 4)
    all pools together have as many machines as they may (machines_max = 9)
    an hour may see 60 launches (launches_per_hour_max), and has
    another machine would cost more than dollars_per_hour_max allows
    the last 3 machines of this template did not boot; one is tried in 1 min 15 s
    boots of this template failed, and one machine is tried first
    no offer can be had (InsufficientInstanceCapacity); the first is tried again in 1 min 15 s
    spot has had no capacity for 40 s (InsufficientInstanceCapacity); on-demand is tried after 2 min
    the cloud refuses: no such image; it is asked again in 1 min 15 s
    the cloud did not list its machines
    the hub did not return counts
    ");
}

#[test]
fn a_machine_of_no_pool_is_explained_too() {
    let world = World::new().machine(machine("i-9", "removed", 100));
    let plan = plan(&world, &policy(10, 0));
    let sentence = explain::machine(&plan, &MachineId::new("i-9"), now()).expect("a stray");
    insta::assert_snapshot!(sentence, @"Machine i-9 is left to its own timers: its pool is not in the configuration.");
    insta::assert_snapshot!(explain::whole(&plan, now()), @"
    Pool linux: 0 queued + 0 reserve against 0 booting + 0 waiting (0 running, 0 alive); nothing is missing.
    Machine i-9 of no pool is left to its own timers: its pool is not in the configuration.
    ");
    let unknown = explain::machine(&plan, &MachineId::new("i-0"), now());
    assert_eq!(unknown, None);
}

#[test]
fn pool_of_a_silent_hub_shows_no_zero() {
    let mut world = World::new().booting("i-1").booting("i-2");
    (world.view().counts, world.view().agents) = (None, None);
    let plan = plan(&world, &policy(10, 2));
    let sentence = explain::pool(&plan, &pool("linux"), now()).expect("of the policy");
    insta::assert_snapshot!(sentence, @"Pool linux: queue unknown + 2 reserve against 2 booting, agents unknown (2 alive); nothing is launched, because the hub did not return counts.");
    let balance = plan.pools[&pool("linux")].balance;
    let unknown = [
        balance.queued,
        balance.waiting,
        balance.running,
        balance.missing,
    ];
    assert_eq!(unknown, [None; 4]);
}

#[test]
fn a_pool_says_no_more_of_its_launches_than_there_is_to_say() {
    let sentence = |world: &World, policy: &_| {
        explain::pool(&plan(world, policy), &pool("linux"), now()).expect("of the policy")
    };
    // Just as many as are missing.
    let two = World::new().queued(2);
    insta::assert_snapshot!(sentence(&two, &policy(10, 0)), @"Pool linux: 2 queued + 0 reserve against 0 booting + 0 waiting (0 running, 0 alive); launches 2.");
    // Nothing is queued, so there is no race to tell of.
    let expected = World {
        snapshot: expecting(World::new(), outlook()),
    };
    insta::assert_snapshot!(sentence(&expected, &speculating(100, 0)), @"Pool linux: 0 queued + 0 reserve against 0 booting + 0 waiting (0 running, 0 alive); nothing is missing. Keeps 5 ready (1 of them for jobs that come at this time of the day), because hours like this one bring 250 jobs, boots take 38 s, and a waiting minute is worth 10 minutes of a machine.");
    let unlearned = World {
        snapshot: expecting(World::new(), Outlook::default()),
    };
    insta::assert_snapshot!(sentence(&unlearned, &speculating(100, 0)), @"Pool linux: 0 queued + 0 reserve against 0 booting + 0 waiting (0 running, 0 alive); nothing is missing. Keeps none ready ahead of demand: too few boots have been seen.");
    let mut quiet = outlook();
    (quiet.expectation.likely, quiet.expectation.scheduled) = (0, 0);
    let quiet = World {
        snapshot: expecting(World::new(), quiet),
    };
    insta::assert_snapshot!(sentence(&quiet, &speculating(100, 0)), @"Pool linux: 0 queued + 0 reserve against 0 booting + 0 waiting (0 running, 0 alive); nothing is missing. Keeps none ready ahead of demand: hours like this one bring 250 jobs, boots take 38 s, and a waiting minute is worth 10 minutes of a machine.");
}

#[test]
fn a_pool_of_which_a_wait_is_wanted_says_what_it_takes_and_what_was_measured() {
    let sentence = |measured: Option<u64>| {
        let mut wanting = outlook();
        wanting.expectation.waiting_worth = 17;
        wanting.expectation.wanted_wait = Some(WantedWait {
            wanted: Duration::from_secs(45),
            measured: measured.map(Duration::from_secs),
        });
        let world = World {
            snapshot: expecting(World::new(), wanting),
        };
        let plan = plan(&world, &speculating(100, 0));
        let text = explain::pool(&plan, &pool("linux"), now()).expect("of the policy");
        text.split_once("because ").expect("a reason").1.to_owned()
    };
    insta::assert_snapshot!(sentence(Some(62)), @"hours like this one bring 250 jobs, boots take 38 s, and a waiting minute is worth 17 minutes of a machine (19 of 20 jobs are to wait at most 45 s, and of late waited up to 1 min 2 s).");
    insta::assert_snapshot!(sentence(None), @"hours like this one bring 250 jobs, boots take 38 s, and a waiting minute is worth 17 minutes of a machine (19 of 20 jobs are to wait at most 45 s, and too few were seen to say what that takes).");
}
