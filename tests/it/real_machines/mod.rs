//! Virtual machines with the real kernel, cloud-init and user data: the real scaler asks the AWS
//! SDK, that an emulated account, and that QEMU; the agent in the machine asks an emulated hub.
//!
//! `tests/run` builds the image and says where it is. Without it, the test is skipped with a
//! message, because `cargo test` alone may need nothing but Rust.

mod demo;
mod endings;
mod listed;
mod modes;
mod setting;
mod world;

use dayfly::hub::wire::agent::JobResult;

use self::listed::BY_REQUEST;
use self::setting::{Pool, Told};
use self::world::{System, World};

/// A pool as a user has it.
const LINUX: &str = "s1-linux";
/// One whose machines are told nothing: as if somebody had cut their user data short.
const BROKEN: &str = "s1-broken";

/// Three jobs on three machines, one of which searches for secrets as root, while the scaler is
/// killed in the middle; and a machine that never registers. One test, because a machine costs
/// half a minute of a processor.
#[tokio::test]
async fn jobs_run_on_virtual_machines_while_the_scaler_is_killed() {
    let Some(image) = System::Bookworm.image() else {
        return;
    };
    let broken = Pool {
        told: Told::Other("#cloud-config\nwrite_files: [\n"),
        boot_limit_seconds: 90,
        ..Pool::usual(BROKEN)
    };
    let mut world = World::new(&image, &[Pool::usual(LINUX), broken], 6);
    let lost = world.enqueue(BROKEN, "echo never");
    let plain = world.enqueue(
        LINUX,
        "test ! -e /run/nologin && echo from $(cloud-id) by $(id -un)",
    );
    let searching = world.search(LINUX);
    let waiting = world.enqueue(LINUX, "sleep 5; cat /sys/class/dmi/id/sys_vendor");
    world.start_scaler();
    // The first agent has come; others boot.
    world
        .until("a job has started", |world| {
            world.has_started(&plain) || world.has_started(&searching)
        })
        .await;
    world.kill_scaler();
    world.start_scaler();
    // Its user data is none, so that only its boot limit can end it.
    let machine = world.ended(BROKEN).await;
    assert_eq!(machine.reason, BY_REQUEST);
    let machine = machine.id;
    let ended = format!("ended machine={machine} reason=no agent registered within its boot limit");
    assert!(world.said().contains(&ended), "{}", world.said());
    let explained = world.explain(&machine).await;
    for words in [
        "was ended by request",
        "no agent registered within its boot limit of 1 min 30 s",
    ] {
        assert!(explained.contains(words), "{words} in {explained}");
    }
    // How far it came depends on how busy this computer is.
    let console = explained.split_once("The last lines of its console:\n");
    let (_, console) = console.expect("there is one");
    let shown = console.lines().any(|line| line.starts_with("  ["));
    assert!(shown, "{explained}");
    world.stop(&lost);
    for job in [&plain, &searching, &waiting] {
        let result = world.result(job).await;
        assert_eq!(result, JobResult::Passed, "{}", world.said());
    }
    let log = world.log(&plain);
    assert!(log.contains("from aws by semaphore"), "{log}");
    let log = world.log(&waiting);
    assert!(log.contains("Amazon EC2"), "{log}");
    let log = world.log(&searching);
    for line in [
        "the search works",
        "as user 0",
        "metadata says 403",
        "found nothing",
    ] {
        assert!(log.contains(line), "{line} in {log}");
    }
    world
        .assert_one_machine_each(LINUX, &[plain, searching, waiting])
        .await;
    world.end();
}

/// A builder of images: its script finds itself root on a machine of AWS, with the agent there.
#[tokio::test]
async fn a_builder_follows_its_recipe_on_a_virtual_machine() {
    let Some(image) = System::Bookworm.image() else {
        return;
    };
    let mut world = World::new(&image, &[Pool::usual(LINUX)], 1);
    let script = "#!/bin/sh\nset -e\ntest $(id -u) = 0\ntest $(cloud-id) = aws\n\
                  /usr/local/bin/dayfly-agent --version\n";
    let (code, image) = world.build_image(LINUX, script).await;
    assert_eq!(code, Some(0), "{}", world.said());
    assert!(image.starts_with("ami-"), "{image}");
    world
        .until("no machine is left", |world| world.processes().is_empty())
        .await;
    world.kill_account();
}

/// Everything of a machine is gone with the process that launched it, also where that is killed.
#[tokio::test]
async fn no_virtual_machine_outlives_the_account() {
    let Some(image) = System::Bookworm.image() else {
        return;
    };
    let mut world = World::new(&image, &[Pool::usual(LINUX)], 6);
    world.enqueue(LINUX, "echo never");
    world.start_scaler();
    world
        .until("a machine boots", |world| !world.processes().is_empty())
        .await;
    world.kill_account();
    world
        .until("no machine is left", |world| world.processes().is_empty())
        .await;
}
