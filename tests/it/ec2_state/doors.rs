//! What is refused before it is looked at, and trying without doing.

use dayfly_lab::emulator::ec2::action::Action;

use super::world::{World, request};

fn check(form: &str, status: u16, code: &str) {
    let refused = World::new().send(&request(form));
    assert_eq!(refused.refusal(), (status, code.to_owned()), "{form}");
}

#[test]
fn requests_that_ec2_would_not_look_at_are_refused() {
    check("Action=Dance&Version=2016-11-15", 400, "InvalidAction");
    check("Action=DescribeInstances", 400, "NoSuchVersion");
    check("Version=2016-11-15", 400, "MissingParameter");
}

#[test]
fn a_request_without_authorization_is_refused() {
    let mut unsigned = request("Action=DescribeInstances&Version=2016-11-15");
    unsigned.authorization = None;
    let refused = World::new().send(&unsigned);
    assert_eq!(refused.refusal(), (401, "AuthFailure".to_owned()));
}

#[test]
fn a_misspelt_parameter_is_refused_and_not_ignored() {
    let mut world = World::new();
    let refused = world.run(1, 1, &[("MetadataOptions.HttpTokenz", "required")]);
    assert_eq!(refused.refusal(), (400, "UnknownParameter".to_owned()));
    assert_eq!(world.ec2.machines().count(), 0);
}

#[test]
fn every_action_can_be_tried_without_doing_it() {
    let mut world = World::new();
    let machine = world.launch(1).remove(0);
    world.pass(10);
    let made = [("InstanceId", machine.as_str()), ("Name", "an image")];
    let image = world.call("CreateImage", &made).one("imageId");
    let snapshot = world.ec2.snapshots().next();
    let snapshot = snapshot.expect("it has one").0.to_owned();
    world.pass(10);
    for action in Action::ALL {
        let parameters: Vec<(&str, &str)> = match action {
            // Until the image is given up, its snapshot cannot be removed.
            Action::DeleteSnapshot => {
                let parameters = [("SnapshotId", snapshot.as_str()), ("DryRun", "true")];
                let tried = world.call(action.name(), &parameters);
                assert_eq!(tried.one("Code"), "InvalidSnapshot.InUse");
                continue;
            }
            Action::CreateImage => vec![("InstanceId", &machine), ("Name", "another")],
            Action::DeregisterImage => vec![("ImageId", &image)],
            Action::CreateFleet | Action::RunInstances => continue,
            Action::TerminateInstances => vec![("InstanceId.1", &machine)],
            Action::GetConsoleOutput | Action::ModifyInstanceMetadataOptions => {
                vec![("InstanceId", &machine)]
            }
            Action::ModifyInstanceAttribute => vec![
                ("InstanceId", &machine),
                ("DisableApiTermination.Value", "true"),
            ],
            Action::CreateTags | Action::DeleteTags => {
                vec![("ResourceId.1", &machine), ("Tag.1.Key", "a")]
            }
            Action::DescribeLaunchTemplateVersions => vec![("LaunchTemplateId", "lt-1")],
            Action::DescribeInstances
            | Action::DescribeInstanceStatus
            | Action::DescribeSpotPriceHistory
            | Action::DescribeSubnets
            | Action::DescribeImages
            | Action::DescribeSnapshots
            | Action::DescribeInstanceTypes => vec![],
        };
        let parameters = [parameters, vec![("DryRun", "true")]].concat();
        let tried = world.call(action.name(), &parameters);
        assert_eq!(
            tried.refusal(),
            (412, "DryRunOperation".to_owned()),
            "{action:?}"
        );
    }
    let tried = world.run(1, 1, &[("DryRun", "true")]);
    assert_eq!(tried.refusal(), (412, "DryRunOperation".to_owned()));
    let tried = world.fleet(
        "spot",
        1,
        &[("c7i.large", "subnet-a")],
        &[("DryRun", "true")],
    );
    assert_eq!(tried.refusal(), (412, "DryRunOperation".to_owned()));
    assert_eq!(world.state(&machine), "running");
    assert_eq!(world.ec2.machines().count(), 1);
}

#[test]
fn a_refusal_is_written_as_ec2_writes_it() {
    let refused = World::new().call("Dance", &[]);
    insta::assert_snapshot!(refused.text, @r#"
    <?xml version="1.0" encoding="UTF-8"?>
    <Response><Errors><Error><Code>InvalidAction</Code><Message>The action Dance is not valid for this web service.</Message></Error></Errors><RequestID>00000000-0000-4000-8000-000000000001</RequestID></Response>
    "#);
}
