//! What is left behind: by a process that was killed, by somebody who asked to stop, by others.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use dayfly::aws::bakery::build::BuildError;
use dayfly::image::build::Failure;
use dayfly::ports::Clock;
use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Fault, Making, Scope};
use tokio::sync::watch;

use crate::aws::world::UNSEEN;

use super::kitchen::{BUILDER_LIMIT, Builders, IMAGE_LIMIT, Kitchen};

/// Polls a build so many times, a second of virtual time apart where it waits, and drops it, as a
/// kill does; whether it was done before that.
async fn killed_after(polls: usize, kitchen: &Kitchen) -> bool {
    let mut build = pin!(kitchen.build("r1"));
    let mut context = Context::from_waker(Waker::noop());
    for _ in 0..polls {
        if build.as_mut().poll(&mut context).is_ready() {
            return true;
        }
        tokio::time::advance(Duration::from_millis(250)).await;
    }
    false
}

#[tokio::test(start_paused = true)]
async fn a_kill_at_any_point_is_gone_on_with_and_leaks_nothing() {
    let (mut polls, mut after_launch, mut after_image) = (0, 0, 0);
    loop {
        let kitchen = Kitchen::new(Builders::Finish);
        let is_done = killed_after(polls, &kitchen).await;
        after_launch += usize::from(0 < kitchen.launched());
        after_image += usize::from(0 < kitchen.made().1);
        let image = kitchen.build("r1").await.expect("an image");
        assert_eq!(kitchen.made(), (vec![image.to_string()], 1), "poll {polls}");
        assert_eq!(kitchen.kept(), Vec::<String>::new(), "poll {polls}");
        if is_done {
            break;
        }
        // Every point of the first seconds, in which most is done, and then larger steps.
        polls += if polls < 40 { 1 } else { 29 };
    }
    assert!(
        40 <= after_launch,
        "only {after_launch} kills met a builder"
    );
    assert!(5 <= after_image, "only {after_image} kills met an image");
}

#[tokio::test(start_paused = true)]
async fn whoever_asks_to_stop_leaves_no_builder() {
    for seconds in [0, 1, 3, 20, 45] {
        let kitchen = Kitchen::new(Builders::Finish);
        let (asking, stop) = watch::channel(false);
        let asked = async {
            kitchen.wire.clock.sleep(Duration::from_secs(seconds)).await;
            asking.send(true).expect("the build listens");
            std::future::pending::<()>().await;
        };
        let error = tokio::select! {
            biased;
            done = kitchen.build_until("r1", stop) => done.expect_err("it was stopped"),
            () = asked => unreachable!("it waits for ever"),
        };
        let failure = Failure::Interrupted;
        let left = Vec::new();
        assert_eq!(error, BuildError::Failed { failure, left }, "{seconds} s");
        assert_eq!(kitchen.kept(), Vec::<String>::new(), "{seconds} s");
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_that_is_being_made_outlives_the_wish_to_stop_and_is_taken_up() {
    let kitchen = Kitchen::new(Builders::Finish);
    let (asking, stop) = watch::channel(false);
    let watched = async {
        while kitchen.made().1 == 0 {
            kitchen.wire.clock.sleep(Duration::from_secs(1)).await;
        }
        asking.send(true).expect("the build listens");
        std::future::pending::<()>().await;
    };
    tokio::select! {
        biased;
        done = kitchen.build_until("r1", stop) => drop(done.expect_err("it was stopped")),
        () = watched => unreachable!("it waits for ever"),
    }
    assert_eq!((kitchen.made().1, kitchen.kept().len()), (1, 0));
    tokio::time::advance(UNSEEN).await;
    kitchen.build("r1").await.expect("an image");
    assert_eq!((kitchen.launched(), kitchen.made().1), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_too_old_is_cleared_away_by_the_next_build_of_any_recipe() {
    let kitchen = Kitchen::new(Builders::Hang);
    let fails = Scope::on(Action::CreateImage).times(1);
    kitchen
        .wire
        .ec2()
        .add_fault(fails, Fault::Image(Making::Fails));
    // Two processes that were killed: a builder that hangs, and an image that failed.
    assert!(!killed_after(100, &kitchen).await);
    *kitchen.builders.borrow_mut() = Builders::Finish;
    let killed = async {
        while kitchen.made().1 == 0 {
            kitchen.wire.clock.sleep(Duration::from_secs(1)).await;
        }
    };
    tokio::select! {
        biased;
        _ = kitchen.build("r2") => unreachable!("it was killed"),
        () = killed => {}
    }
    *kitchen.builders.borrow_mut() = Builders::Hang;
    assert_eq!((kitchen.made().1, kitchen.kept().len()), (1, 2));
    // A young builder of another recipe is another process's.
    *kitchen.builders.borrow_mut() = Builders::Finish;
    kitchen.build("r3").await.expect("an image");
    let others = kitchen.kept().len();
    assert!(1 <= others, "somebody may still wait for them");
    tokio::time::advance(BUILDER_LIMIT + IMAGE_LIMIT + Duration::from_secs(601)).await;
    let image = kitchen.build("r4").await.expect("an image");
    assert_eq!(kitchen.kept(), Vec::<String>::new());
    let (images, snapshots) = kitchen.made();
    assert!(images.contains(&image.to_string()));
    assert_eq!((images.len(), snapshots), (2, 2), "those of r3 and r4");
    let said = kitchen.steps.borrow().join("\n");
    assert!(said.contains("an earlier build left it behind"), "{said}");
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_under_no_image_is_removed_once_it_is_old() {
    let kitchen = Kitchen::new(Builders::Finish);
    let image = kitchen.build("r1").await.expect("an image");
    let images = kitchen.bakery().images().await.expect("a list");
    let refused = Fault::Refused(error::INTERNAL);
    let scope = Scope::on(Action::DeleteSnapshot);
    kitchen.wire.ec2().add_fault(scope, refused);
    // Killed, in effect, between the two calls.
    kitchen.bakery().remove(&images[0]).await.expect_err("half");
    kitchen.wire.ec2().clear_faults();
    assert_eq!(kitchen.made(), (vec![], 1));
    tokio::time::advance(IMAGE_LIMIT + Duration::from_secs(601)).await;
    let other = kitchen.build("r1").await.expect("an image");
    assert_ne!(image, other);
    assert_eq!(kitchen.made(), (vec![other.to_string()], 1));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_cleared_away_is_named() {
    let kitchen = Kitchen::new(Builders::Fail);
    let refused = Fault::Refused(error::UNAUTHORIZED);
    let scope = Scope::on(Action::TerminateInstances);
    kitchen.wire.ec2().add_fault(scope, refused);
    let error = kitchen.build("r1").await.expect_err("it fails").to_string();
    let [builder] = kitchen.kept().try_into().expect("it is still there");
    let named = format!("; and {builder} could not be cleared away");
    assert!(error.ends_with(&named), "{error}");
}

#[tokio::test(start_paused = true)]
async fn two_processes_with_one_recipe_make_one_image() {
    let kitchen = Kitchen::new(Builders::Finish);
    let (one, other) = tokio::join!(kitchen.build("r1"), kitchen.build("r1"));
    assert_eq!(one.expect("an image"), other.expect("the same"));
    assert_eq!((kitchen.made().1, kitchen.kept().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn nothing_of_others_is_ended_or_removed() {
    let kitchen = Kitchen::new(Builders::Finish);
    let theirs = Kitchen {
        builders: kitchen.builders.clone(),
        ..kitchen.clone()
    };
    let deployment = dayfly::model::id::Deployment::new("theirs");
    let bakery =
        dayfly::aws::bakery::Bakery::new(theirs.wire.clients(), deployment, theirs.wire.clock);
    let (_asking, stop) = watch::channel(false);
    let (order, launch) = (super::kitchen::order("r1"), super::kitchen::launch());
    let built = async {
        tokio::select! {
            biased;
            done = bakery.build(&order, &launch, stop, |_| {}) => done.expect("an image"),
            () = theirs.live() => unreachable!("builders live for ever"),
        }
    };
    let foreign = built.await;
    tokio::time::advance(BUILDER_LIMIT * 10 + IMAGE_LIMIT * 10).await;
    let ours = kitchen.build("r1").await.expect("an image");
    assert_ne!(ours, foreign);
    assert_eq!(kitchen.made().0.len(), 2);
}
