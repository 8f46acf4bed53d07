//! Images that are made of machines, and the snapshots under them.

use std::time::Duration;

use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Fault, Making, Scope};

use super::world::{Answer, World};

/// A machine that is up, in an account in which images take three minutes.
fn world() -> (World, String) {
    let mut world = World::new();
    let machine = world
        .launch_with(1, &[("InstanceInitiatedShutdownBehavior", "stop")])
        .remove(0);
    world.pass(10);
    (world, machine)
}

fn make(world: &mut World, machine: &str, name: &str) -> Answer {
    let tags = [
        ("InstanceId", machine),
        ("Name", name),
        ("TagSpecification.1.ResourceType", "image"),
        ("TagSpecification.1.Tag.1.Key", "of"),
        ("TagSpecification.1.Tag.1.Value", name),
        ("TagSpecification.2.ResourceType", "snapshot"),
        ("TagSpecification.2.Tag.1.Key", "under"),
        ("TagSpecification.2.Tag.1.Value", name),
    ];
    world.call("CreateImage", &tags)
}

fn state(world: &mut World, image: &str) -> String {
    let found = world.call("DescribeImages", &[("ImageId.1", image)]);
    match found.response.status {
        200 => found.one("imageState"),
        _ => found.one("Code"),
    }
}

#[test]
fn an_image_is_not_seen_at_once_then_pending_then_available_and_can_be_launched() {
    let (mut world, machine) = world();
    let image = make(&mut world, &machine, "baked").one("imageId");
    assert_eq!(state(&mut world, &image), "InvalidAMIID.NotFound");
    let by_tag = [("Filter.1.Name", "tag:of"), ("Filter.1.Value.1", "baked")];
    assert_eq!(
        world.call("DescribeImages", &by_tag).all("imageId").len(),
        0
    );
    world.pass(2);
    assert_eq!(state(&mut world, &image), "pending");
    let early = world.run(1, 1, &[("ImageId", &image)]);
    assert_eq!(early.one("Code"), "InvalidAMIID.Unavailable");
    world.pass(180);
    assert_eq!(state(&mut world, &image), "available");
    let found = world.call("DescribeImages", &by_tag);
    let said = ["imageId", "name", "architecture"].map(|name| found.one(name));
    assert_eq!(said, [image.as_str(), "baked", "x86_64"]);
    let launched = world.launch_with(1, &[("ImageId", &image)]).remove(0);
    assert_eq!(world.ec2.machine(&launched).unwrap().image, image);
}

#[test]
fn an_image_is_made_of_a_machine_that_runs_or_is_stopped_and_of_no_other() {
    let (mut world, machine) = world();
    assert_eq!(make(&mut world, &machine, "one").response.status, 200);
    let now = world.now;
    world.ec2.power_off(&machine, now);
    assert_eq!(world.state(&machine), "stopping");
    let stopping = make(&mut world, &machine, "two");
    assert_eq!(stopping.one("Code"), "IncorrectInstanceState");
    world.pass(20);
    assert_eq!(make(&mut world, &machine, "two").response.status, 200);
    world.end(&machine);
    let ending = make(&mut world, &machine, "three");
    assert_eq!(ending.one("Code"), "IncorrectInstanceState");
    let lost = make(&mut world, "i-none", "three");
    assert_eq!(lost.one("Code"), "InvalidInstanceID.NotFound");
}

#[test]
fn a_name_is_used_once_and_free_again_when_its_image_is_given_up() {
    let (mut world, machine) = world();
    let first = make(&mut world, &machine, "baked").one("imageId");
    let again = make(&mut world, &machine, "baked");
    assert_eq!(
        again.refusal(),
        (400, "InvalidAMIName.Duplicate".to_owned())
    );
    assert!(again.one("Message").contains(&first), "{}", again.text);
    for name in ["ab", "a/b:c", &"x".repeat(129)] {
        let malformed = make(&mut world, &machine, name);
        assert_eq!(malformed.one("Code"), "InvalidAMIName.Malformed", "{name}");
    }
    world.pass(2);
    world.call("DeregisterImage", &[("ImageId", &first)]);
    assert_eq!(make(&mut world, &machine, "baked").response.status, 200);
}

#[test]
fn a_snapshot_outlives_its_image_and_is_removed_after_it() {
    let (mut world, machine) = world();
    let image = make(&mut world, &machine, "baked").one("imageId");
    world.pass(200);
    let found = world.call("DescribeImages", &[("ImageId.1", &image)]);
    let snapshot = found.one("snapshotId");
    let by_tag = [
        ("Filter.1.Name", "tag:under"),
        ("Filter.1.Value.1", "baked"),
    ];
    let listed = world.call("DescribeSnapshots", &by_tag);
    assert_eq!(listed.all("snapshotId"), [snapshot.as_str()]);
    assert_eq!(listed.one("status"), "completed");
    let used = world.call("DeleteSnapshot", &[("SnapshotId", &snapshot)]);
    assert_eq!(used.one("Code"), "InvalidSnapshot.InUse");
    world.call("DeregisterImage", &[("ImageId", &image)]);
    assert_eq!(state(&mut world, &image), "InvalidAMIID.NotFound");
    assert_eq!(
        world
            .call("DescribeSnapshots", &by_tag)
            .all("snapshotId")
            .len(),
        1
    );
    let gone = world.call("DeleteSnapshot", &[("SnapshotId", &snapshot)]);
    assert_eq!(gone.response.status, 200, "{}", gone.text);
    let again = world.call("DeleteSnapshot", &[("SnapshotId", &snapshot)]);
    assert_eq!(again.one("Code"), "InvalidSnapshot.NotFound");
    let again = world.call("DeregisterImage", &[("ImageId", &image)]);
    assert_eq!(again.one("Code"), "InvalidAMIID.NotFound");
}

#[test]
fn an_image_given_up_while_it_is_made_does_not_come_back() {
    let (mut world, machine) = world();
    let image = make(&mut world, &machine, "baked").one("imageId");
    world.pass(5);
    world.call("DeregisterImage", &[("ImageId", &image)]);
    world.pass(300);
    assert_eq!(state(&mut world, &image), "InvalidAMIID.NotFound");
}

#[test]
fn faults_make_an_image_late_or_let_it_fail_or_refuse_it() {
    let (mut world, machine) = world();
    let scope = || Scope::on(Action::CreateImage).times(1);
    let refused = Fault::Refused(error::THROTTLED);
    world.ec2.add_fault(scope(), refused);
    assert_eq!(make(&mut world, &machine, "one").response.status, 503);
    world.ec2.clear_faults();
    world.ec2.add_fault(scope(), Fault::Image(Making::Fails));
    let failed = make(&mut world, &machine, "one").one("imageId");
    world.ec2.clear_faults();
    let late = Making::Takes(Duration::from_secs(3600));
    world.ec2.add_fault(scope(), Fault::Image(late));
    let late = make(&mut world, &machine, "two").one("imageId");
    world.pass(3000);
    assert_eq!(state(&mut world, &failed), "failed");
    assert_eq!(state(&mut world, &late), "pending");
    let launch = world.run(1, 1, &[("ImageId", &failed)]);
    assert_eq!(launch.one("Code"), "InvalidAMIID.Unavailable");
    world.pass(700);
    assert_eq!(state(&mut world, &late), "available");
}

#[test]
fn images_and_snapshots_are_tagged_later_and_filtered_by_owner_and_state() {
    let (mut world, machine) = world();
    let image = make(&mut world, &machine, "baked").one("imageId");
    world.pass(200);
    let tag = [
        ("ResourceId.1", image.as_str()),
        ("Tag.1.Key", "verdict"),
        ("Tag.1.Value", "good"),
    ];
    assert_eq!(world.call("CreateTags", &tag).response.status, 200);
    let good = [
        ("Filter.1.Name", "tag:verdict"),
        ("Filter.1.Value.1", "good"),
    ];
    let found = world.call("DescribeImages", &good);
    assert_eq!(found.all("imageId"), [image.as_str()]);
    let owner = |world: &mut World, owner: &str| {
        let found = world.call("DescribeImages", &[("Owner.1", owner)]);
        found.all("imageId").len()
    };
    assert_eq!(
        (owner(&mut world, "self"), owner(&mut world, "amazon")),
        (3, 0)
    );
    let pending = [("Filter.1.Name", "state"), ("Filter.1.Value.1", "pending")];
    assert_eq!(
        world.call("DescribeImages", &pending).all("imageId").len(),
        0
    );
    world.call("DeleteTags", &tag);
    assert_eq!(world.call("DescribeImages", &good).all("imageId").len(), 0);
    let lost = [("ResourceId.1", "vol-1"), ("Tag.1.Key", "a")];
    assert_eq!(world.call("CreateTags", &lost).one("Code"), "InvalidID");
}
