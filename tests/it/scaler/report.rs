//! The log of hours in virtual time: a trouble that lasts is said when it begins, when its reason
//! changes and when it ends, and not once every tick.

use std::time::Duration;

use dayfly::model::id::MachineId;
use dayfly::model::machine::{ConsoleMarks, Machine, Phase};
use dayfly::model::pool::Policy;
use dayfly::ports::LaunchError;
use dayfly::scaler::report::Reporter;
use dayfly::scaler::{Pace, run};
use tokio::sync::{Notify, oneshot, watch};

use super::doubles::World;
use super::log::Log;
use crate::plan::world::{machine, policy};

const PACE: Pace = Pace {
    interval: Duration::from_secs(10),
    spacing: Duration::from_secs(1),
};

/// The log of that many ticks, ten seconds apart; `before` sets the world for the tick that
/// follows, by its second.
async fn log(world: &World, policy: Policy, ticks: u64, before: impl Fn(u64)) -> Vec<String> {
    let (log, _guard) = Log::start();
    let (stop, stopped) = oneshot::channel::<()>();
    let mut stop = Some(stop);
    let stopped = async { stopped.await.unwrap_or(()) };
    let mut scaler = world.scaler(10);
    scaler.set_policy(policy.clone());
    let (_change, policy) = watch::channel(policy);
    before(0);
    run(&mut scaler, PACE, &Notify::new(), policy, stopped, |_| {
        let second = world.elapsed_seconds.get() + 10;
        world.elapsed_seconds.set(second);
        before(second);
        if second == 10 * ticks {
            stop.take();
        }
    })
    .await;
    assert_eq!(u64::from(world.looks.get()), ticks);
    log.lines()
}

fn refused(word: &str) -> Option<LaunchError> {
    let reason = word.to_owned();
    Some(LaunchError::Refused { reason })
}

/// Ten hours: the cloud is asked again every five minutes and refuses every time.
#[tokio::test(start_paused = true)]
async fn a_refusal_is_said_once_however_often_it_is_repeated() {
    let world = World::default();
    world.queued.set(1);
    let log = log(&world, policy(10, 0), 3600, |second| {
        *world.refusal.borrow_mut() = match second {
            0..18_000 => refused("no such image"),
            18_000..35_990 => refused("no such subnet"),
            _ => None,
        };
    })
    .await;
    assert!(100 < world.orders.borrow().len());
    assert_eq!(
        log,
        [
            "WARN launches less than is missing pool=linux reason=the cloud refuses: no such image",
            "WARN launches less than is missing pool=linux reason=the cloud refuses: no such subnet",
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_launch_that_comes_ends_the_trouble() {
    let world = World::default();
    world.queued.set(1);
    let log = log(&world, policy(10, 0), 40, |second| {
        let is_refused = second < 100;
        *world.refusal.borrow_mut() = is_refused.then(|| refused("no such image")).flatten();
    })
    .await;
    assert_eq!(log.len(), 3, "{log:#?}");
    assert!(log[0].starts_with("WARN launches less than is missing"));
    assert!(log[1].starts_with("INFO launched pool=linux"));
    assert_eq!(
        log[2],
        "INFO launches what is missing again pool=linux \
         was=the cloud refuses: no such image lasted=5 min"
    );
}

/// An hour without capacity, with two calls that failed by the way.
#[tokio::test(start_paused = true)]
async fn a_drought_is_said_once() {
    let world = World::default();
    world.queued.set(1);
    let log = log(&world, policy(10, 0), 360, |second| {
        *world.refusal.borrow_mut() = Some(match second {
            0..600 | 1200..2000 => LaunchError::NoCapacity {
                reason: "InsufficientInstanceCapacity".into(),
            },
            600..1200 => LaunchError::Throttled,
            _ => LaunchError::Unknown {
                reason: "connection reset".into(),
            },
        });
    })
    .await;
    assert_eq!(
        log,
        ["WARN launches less than is missing pool=linux \
          reason=no offer can be had: InsufficientInstanceCapacity"]
    );
}

/// A template whose machines never register: the breaker opens, tries one, opens again, for
/// three hours. Then it is mended.
#[tokio::test(start_paused = true)]
async fn boots_that_keep_failing_are_said_once_and_the_first_that_registers_ends_it() {
    let world = World::default();
    world.queued.set(1);
    world.lists_at_once.set(true);
    let log = log(&world, policy(10, 0), 1080, |second| {
        let is_mended = 9000 < second;
        for machine in world.machines.borrow_mut().values_mut() {
            let console = ConsoleMarks {
                registered: is_mended && machine.phase == Phase::Running,
                ..ConsoleMarks::default()
            };
            machine.console = Some(console);
            if !console.registered {
                machine.phase = Phase::Gone;
            }
        }
    })
    .await;
    let told: Vec<&String> = log
        .iter()
        .filter(|line| line.contains("launches"))
        .collect();
    assert!(20 < world.orders.borrow().len());
    assert_eq!(told.len(), 2, "{told:#?}");
    assert!(told[0].contains("the last 3 machines of this template did not boot"));
    assert!(told[1].starts_with("INFO launches what is missing again"));
}

#[tokio::test(start_paused = true)]
async fn a_cap_is_said_when_it_holds_back_and_when_it_does_not() {
    let world = World::default();
    let log = log(&world, policy(2, 0), 30, |second| {
        let is_busy = (50..150).contains(&second) || 200 <= second;
        world.queued.set(if is_busy { 5 } else { 0 });
    })
    .await;
    let told: Vec<&str> = log
        .iter()
        .filter(|line| !line.starts_with("INFO launched"))
        .map(|line| line.split(" pool=").next().unwrap())
        .collect();
    let begins = "WARN launches less than is missing";
    let ends = "INFO launches what is missing again";
    assert_eq!(told, [begins, ends, begins]);
}

#[tokio::test(start_paused = true)]
async fn a_silence_is_said_once_and_ends_no_other_trouble() {
    let world = World::default();
    world.queued.set(1);
    *world.refusal.borrow_mut() = refused("no such image");
    let log = log(&world, policy(10, 0), 60, |second| {
        world.hub_is_silent.set((100..200).contains(&second));
    })
    .await;
    assert_eq!(log.len(), 3, "{log:#?}");
    assert!(log[0].contains("no such image"));
    assert!(log[1].contains("a question was not answered"));
    assert!(log[2].contains("all questions are answered again"));
}

#[tokio::test(start_paused = true)]
async fn tick_without_an_answer_logs_no_count() {
    let world = World::default();
    let mut scaler = world.scaler(10);
    let (log, _guard) = Log::start();
    world.hub_is_dead.set(true);
    Reporter::default().report(&scaler.tick().await);
    world.hub_is_dead.set(false);
    world.cloud_is_silent.set(true);
    Reporter::default().report(&scaler.tick().await);
    let ticks = log.ticks();
    for unknown in ["queued=", "missing=", "waiting=", "running="] {
        assert!(!ticks[0].contains(unknown), "{}", ticks[0]);
    }
    assert!(ticks[0].contains("booting=0 alive=0"), "{}", ticks[0]);
    assert!(ticks[1].contains("queued=0 launched=0"), "{}", ticks[1]);
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_cannot_be_ended_is_said_once() {
    let world = World::default();
    world.refuses_to_end.set(true);
    let old = Machine {
        console: Some(ConsoleMarks::default()),
        ..machine("i-1", "linux", 400)
    };
    world
        .machines
        .borrow_mut()
        .insert(MachineId::new("i-1"), old);
    let log = log(&world, policy(10, 0), 60, |second| {
        world.refuses_to_end.set(second < 500);
    })
    .await;
    assert_eq!(log.len(), 2, "{log:#?}");
    assert!(log[0].starts_with("WARN cannot end a machine machine=i-1"));
    assert!(log[1].starts_with("INFO ended machine=i-1"));
}
