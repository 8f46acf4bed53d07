//! Launching: once for each token, within the capacity, and never before all that is needed is there.

use std::error::Error;

use dayfly::model::snapshot::Machines;
use dayfly::ports::{Cloud, CloudError, LaunchError};
use dayfly_lab::local::process::ProcessCloudError;

use super::*;

fn ids(machines: &[Machine]) -> Vec<MachineId> {
    machines.iter().map(|machine| machine.id.clone()).collect()
}

#[tokio::test]
async fn the_same_token_gives_the_same_machines_also_when_the_answer_was_lost() {
    let world = World::new("wait_for_go");
    let cloud = world.cloud();
    cloud.set_faults(Faults {
        launch_answers_lost: 1,
        ..no_faults()
    });
    let lost = cloud.launch(&order("a", 3)).await;
    assert!(matches!(lost, Err(LaunchError::Unknown { .. })), "{lost:?}");
    let again = cloud.launch(&order("a", 3)).await.expect("they came");
    let other = cloud
        .launch(&order("b", 1))
        .await
        .expect("there is capacity");
    let listed = cloud.machines().await.expect("a list");
    let mut expected = ids(&again.machines);
    expected.extend(ids(&other.machines));
    expected.sort();
    assert_eq!(listed.keys().cloned().collect::<Vec<_>>(), expected);
    assert_eq!(cloud.totals(), (4, 4, 4));
    for id in listed.keys() {
        let digits = id.as_str().strip_prefix("i-").expect("EC2's form");
        assert_eq!(digits.len(), 17);
        assert!(digits.chars().all(|digit| digit.is_ascii_hexdigit()));
    }
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_full_computer_gives_a_part_and_then_nothing() {
    let world = World::new("wait_for_go");
    let cloud = world.cloud();
    cloud.set_faults(Faults {
        capacity: Some(2),
        ..no_faults()
    });
    let part = cloud.launch(&order("a", 3)).await.expect("a part of them");
    assert_eq!((part.machines.len(), part.unavailable.len()), (2, 1));
    let none = cloud.launch(&order("b", 1)).await;
    assert!(
        matches!(none, Err(LaunchError::NoCapacity { .. })),
        "{none:?}"
    );
    // Room that has become free can be used.
    let first = part.machines[0].id.clone();
    cloud.end(std::slice::from_ref(&first)).await;
    wait_until_gone(&cloud, &first).await;
    launch_one(&cloud, &order("c", 1)).await;
    cloud.shutdown().await;
}

#[tokio::test]
async fn a_list_that_was_made_to_fail_fails_once() {
    let world = World::new("");
    let cloud = world.cloud();
    cloud.set_faults(Faults {
        listings_that_fail: 1,
        ..no_faults()
    });
    let failed = cloud.machines().await;
    assert!(matches!(failed, Err(CloudError::Failed(_))), "{failed:?}");
    assert_eq!(cloud.machines().await, Ok(Machines::default()));
}

#[tokio::test]
async fn a_held_machine_is_listed_as_held() {
    let world = World::new("wait_for_go");
    let cloud = world.cloud();
    let machine = launch_one(&cloud, &order("a", 1)).await;
    fs::write(world.root().join(machine.as_str()).join("held"), "").expect("a file");
    let listed = cloud.machines().await.expect("a list");
    assert!(listed[&machine].held);
    cloud.shutdown().await;
}

#[tokio::test]
async fn what_is_missing_is_said_before_anything_is_launched() {
    let world = World::new("");
    let refused = |settings| {
        let error = ProcessCloud::new(settings, SystemClock).expect_err("something is missing");
        assert!(!error.to_string().contains('\n'));
        error
    };
    let no_bash = refused(ProcessSettings {
        path: "/nowhere".into(),
        ..world.settings()
    });
    assert!(
        matches!(no_bash, ProcessCloudError::NoBash { .. }),
        "{no_bash}"
    );
    let agent_command = vec!["/nowhere/agent".into()];
    let no_agent = refused(ProcessSettings {
        agent_command,
        ..world.settings()
    });
    assert_eq!(
        no_agent.to_string(),
        "a machine runs /nowhere/agent, which is not a program"
    );
    let root = Path::new("/proc/machines").to_owned();
    let no_folder = refused(ProcessSettings {
        root,
        ..world.settings()
    });
    assert_eq!(
        no_folder.to_string(),
        "the folder /proc/machines for machines cannot be written"
    );
    assert!(no_folder.source().is_some());
}
