//! How an image comes about.

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use dayfly::image::build::Failure;
use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Boot, Fault, Making, Scope, Travel};

use super::kitchen::{Builders, Kitchen};

#[tokio::test(start_paused = true)]
async fn a_builder_becomes_an_image_and_nothing_else_is_left() {
    let kitchen = Kitchen::new(Builders::Finish);
    let image = kitchen.build("r1").await.expect("an image");
    assert_eq!(kitchen.made(), (vec![image.to_string()], 1));
    assert_eq!(kitchen.kept(), Vec::<String>::new());
    let builder = kitchen.wire.ec2().machines().next().expect("one").clone();
    let id = builder.id.clone();
    let steps = kitchen.steps.borrow().join("\n").replace(&id, "I");
    let steps = steps.replace(image.as_str(), "A");
    insta::assert_snapshot!(steps, @"
    launching a builder
    waiting: until the cloud lists I
    waiting: until builder I has followed its recipe and powered off
    builder I is done, making its image
    waiting: until the cloud lists A
    waiting: until image A can be booted
    ending builder I: its image is there
    image A is there
    ");
    // A machine of the pool's template, told something of its own, and none of the scaler's.
    let tags = ["dayfly:images", "dayfly:pool", "dayfly:recipe"];
    let tags = tags.map(|key| builder.tags.get(key).map(String::as_str));
    assert_eq!(tags, [Some("ci"), Some("linux"), Some("r1")]);
    assert_eq!(builder.tags.get("dayfly:deployment"), None);
    let lifetime = builder.tags.get("dayfly:lifetime").map(String::as_str);
    assert_eq!(lifetime, Some("5400"));
    assert_eq!(builder.image, "ami-x86");
    assert_eq!(builder.user_data, Some(STANDARD.encode("#cloud-config\n")));
    let ec2 = kitchen.wire.ec2();
    let (_, made) = ec2.made_images().next().expect("one");
    let (_, snapshot) = ec2.snapshots().next().expect("one");
    for tags in [&made.tags, &snapshot.tags] {
        assert_eq!(tags.get("dayfly:images").map(String::as_str), Some("ci"));
        assert_eq!(tags.get("dayfly:recipe").map(String::as_str), Some("r1"));
    }
}

#[tokio::test(start_paused = true)]
async fn the_same_recipe_is_not_built_twice_and_another_one_is() {
    let kitchen = Kitchen::new(Builders::Finish);
    let first = kitchen.build("r1").await.expect("an image");
    assert_eq!(kitchen.build("r1").await.as_ref(), Ok(&first));
    assert_eq!(kitchen.launched(), 1);
    let other = kitchen.build("r2").await.expect("an image");
    assert_ne!(first, other);
    assert_eq!((kitchen.launched(), kitchen.made().1), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn calls_that_are_throttled_or_lost_are_made_again_and_do_nothing_twice() {
    let kitchen = Kitchen::new(Builders::Finish);
    let faults = [
        (Action::RunInstances, Fault::Travel(Travel::Dropped)),
        (Action::RunInstances, Fault::Refused(error::THROTTLED)),
        (Action::CreateImage, Fault::Refused(error::THROTTLED)),
        (
            Action::CreateImage,
            Fault::Travel(Travel::CommittedThen(error::INTERNAL)),
        ),
        (Action::TerminateInstances, Fault::Refused(error::THROTTLED)),
        (Action::DescribeImages, Fault::Refused(error::THROTTLED)),
        (Action::DescribeSnapshots, Fault::Reset),
        (Action::GetConsoleOutput, Fault::Refused(error::UNAVAILABLE)),
    ];
    for (action, fault) in faults {
        kitchen
            .wire
            .ec2()
            .add_fault(Scope::on(action).times(1), fault);
    }
    let image = kitchen.build("r1").await.expect("an image");
    assert_eq!(kitchen.made(), (vec![image.to_string()], 1));
    assert_eq!((kitchen.launched(), kitchen.kept().len()), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_recipe_that_fails_makes_no_image_and_says_why() {
    let kitchen = Kitchen::new(Builders::Fail);
    let error = kitchen.build("r1").await.expect_err("it fails");
    assert_eq!(
        error.to_string(),
        "the recipe failed: the script: exit-code 3"
    );
    assert_eq!((kitchen.made(), kitchen.kept()), ((vec![], 0), vec![]));
    assert_eq!(kitchen.wire.count("CreateImage"), 0);
}

#[tokio::test(start_paused = true)]
async fn a_builder_that_says_nothing_or_never_stops_makes_no_image_and_is_ended() {
    for (builders, said) in [
        (Builders::Vanish, "said for 600 s neither"),
        (Builders::Hang, "did not power itself off in its time"),
    ] {
        let kitchen = Kitchen::new(builders);
        let error = kitchen.build("r1").await.expect_err("it fails").to_string();
        assert!(error.contains(said), "{error}");
        assert_eq!((kitchen.made(), kitchen.kept()), ((vec![], 0), vec![]));
        assert_eq!(kitchen.wire.count("CreateImage"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn a_builder_that_dies_or_cannot_be_launched_is_said_in_the_clouds_words() {
    let kitchen = Kitchen::new(Builders::Finish);
    let run = Scope::on(Action::RunInstances);
    kitchen
        .wire
        .ec2()
        .add_fault(run.clone(), Fault::Boot(Boot::Dies));
    let error = kitchen.build("r1").await.expect_err("it fails").to_string();
    assert!(error.contains("was ended: Server.InternalError"), "{error}");
    kitchen.wire.ec2().clear_faults();
    let refused = Fault::Refused(error::UNAUTHORIZED);
    kitchen.wire.ec2().add_fault(run.clone(), refused);
    let error = kitchen.build("r1").await.expect_err("it fails").to_string();
    assert!(error.contains("UnauthorizedOperation"), "{error}");
    kitchen.wire.ec2().clear_faults();
    kitchen
        .wire
        .ec2()
        .add_fault(run, Fault::Refused(error::INTERNAL));
    let error = kitchen.build("r1").await.expect_err("it fails").to_string();
    assert_eq!(error, "no builder could be launched within 600 s");
    assert_eq!(kitchen.kept(), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn an_image_that_fails_or_takes_for_ever_is_removed_with_its_snapshot() {
    let never = Making::Takes(Duration::from_secs(100_000));
    for (making, said) in [
        (Making::Fails, "could not be made: Server.InternalError"),
        (never, "could not be booted in its time"),
    ] {
        let kitchen = Kitchen::new(Builders::Finish);
        let scope = Scope::on(Action::CreateImage).times(1);
        kitchen.wire.ec2().add_fault(scope, Fault::Image(making));
        let error = kitchen.build("r1").await.expect_err("it fails").to_string();
        assert!(error.contains(said), "{error}");
        assert_eq!((kitchen.made(), kitchen.kept()), ((vec![], 0), vec![]));
        // The next try starts anew.
        kitchen.build("r1").await.expect("an image");
        assert_eq!(kitchen.launched(), 2);
    }
}

#[tokio::test(start_paused = true)]
async fn an_image_can_be_refused_for_as_long_as_it_is_tried_and_no_longer() {
    let kitchen = Kitchen::new(Builders::Finish);
    let refused = Fault::Refused(error::THROTTLED);
    let scope = Scope::on(Action::CreateImage);
    kitchen.wire.ec2().add_fault(scope, refused);
    let error = kitchen.build("r1").await.expect_err("it fails").to_string();
    assert!(
        error.starts_with("no image could be made of builder"),
        "{error}"
    );
    assert_eq!(kitchen.kept(), Vec::<String>::new());
    let unseen = Scope::on(Action::DescribeImages);
    kitchen.wire.ec2().clear_faults();
    kitchen.wire.ec2().add_fault(unseen, refused);
    let error = kitchen.build("r1").await.expect_err("it fails").to_string();
    assert!(
        error.starts_with("builders and images cannot be listed"),
        "{error}"
    );
    assert_eq!(kitchen.launched(), 1, "blind means still");
    let interrupted = Failure::Interrupted.to_string();
    assert_eq!(interrupted, "somebody asked to stop");
}
