//! However a machine ends, no process and no folder of it is left when the list says `Gone`.

use std::time::Duration;

use dayfly::model::machine::Phase;
use dayfly::ports::Cloud;

use super::*;

#[tokio::test]
async fn an_agent_that_exits_takes_everything_with_it() {
    let world = World::new(&format!("{DAEMONS}\nwait_for_go\nexit 3"));
    let (cloud, mut wire) = (world.cloud(), world.wire());
    let machine = launch_one(&cloud, &order("a", 1)).await;
    let daemons = wire.lines(DAEMONS_COUNT).await;
    world.go().await;
    wait_until_gone(&cloud, &machine).await;
    assert_dead(&daemons);
    world.assert_clean();
    assert!(cloud.gone_at(&machine).is_some());
    assert_eq!(cloud.totals(), (1, 1, 0));
    assert_eq!(wire.end().await, Vec::<String>::new());
}

#[tokio::test]
async fn a_machine_that_is_ended_takes_everything_with_it_once() {
    let world = World::new(&format!("register\n{DAEMONS}{CHAIN}\nwait_for_go"));
    let (cloud, mut wire) = (world.cloud(), world.wire());
    let machine = launch_one(&cloud, &order("a", 1)).await;
    let told = wire.lines(DAEMONS_COUNT + 1).await;
    let daemons: Vec<String> = told.into_iter().filter(|line| line != "chain").collect();
    let has_registered = |it: &Machine| it.console.is_some_and(|it| it.registered);
    machine_when(&cloud, &machine, has_registered).await;
    for _ in 0..2 {
        let ended = cloud.end(std::slice::from_ref(&machine)).await;
        assert_eq!(ended[&machine], Ok(()));
    }
    let listed = cloud.machines().await.expect("a list");
    assert_eq!(listed[&machine].phase, Phase::Stopping);
    let gone = wait_until_gone(&cloud, &machine).await;
    assert!(gone.console.expect("it was read").registered);
    assert_dead(&daemons);
    wire.end().await;
    world.assert_clean();
    // What is gone already, or never was, counts as ended.
    let stranger = MachineId::new("i-00000000000000000");
    let ended = cloud.end(&[machine, stranger]).await;
    assert!(ended.values().all(Result::is_ok), "{ended:?}");
}

#[tokio::test]
async fn a_lifetime_ends_a_machine_that_has_registered() {
    let world = World::new(&format!("register\n{DAEMONS}\nwait_for_go"));
    let (cloud, wire) = (world.cloud(), world.wire());
    let order = LaunchOrder {
        lifetime: Duration::from_millis(300),
        ..order("a", 1)
    };
    let machine = launch_one(&cloud, &order).await;
    wait_until_gone(&cloud, &machine).await;
    wire.end().await;
    world.assert_clean();
}

#[tokio::test]
async fn shutdown_returns_when_nothing_is_left() {
    let world = World::new(&format!("{DAEMONS}\nwait_for_go"));
    let (cloud, mut wire) = (world.cloud(), world.wire());
    cloud
        .launch(&order("a", 4))
        .await
        .expect("there is capacity");
    let daemons = wire.lines(4 * DAEMONS_COUNT).await;
    cloud.shutdown().await;
    assert_dead(&daemons);
    assert!(!world.root().exists(), "the folder was ours");
    assert_eq!(cloud.totals(), (4, 4, 0));
}

#[tokio::test]
async fn a_folder_that_a_job_has_closed_is_removed() {
    let closes = r#"mkdir -p ~/a/b; touch ~/a/b/c; chmod 000 ~/a/b ~/a; chmod 500 ~"#;
    let world = World::new(closes);
    let (cloud, wire) = (world.cloud(), world.wire());
    let machine = launch_one(&cloud, &order("a", 1)).await;
    wait_until_gone(&cloud, &machine).await;
    wire.end().await;
    world.assert_clean();
}

#[tokio::test]
async fn machines_end_with_the_last_clone_of_their_cloud() {
    let world = World::new(&format!("{DAEMONS}\nwait_for_go"));
    let (cloud, mut wire) = (world.cloud(), world.wire());
    launch_one(&cloud, &order("a", 1)).await;
    wire.lines(DAEMONS_COUNT).await;
    drop(cloud);
    wire.end().await;
}

#[tokio::test]
async fn orphans_that_have_ended_do_not_pile_up_while_their_machine_lives() {
    let world = World::new(
        r#"
        for round in $(seq 20); do
          for _ in $(seq 100); do (: &); done
          children=$(ps -o pid= --ppid "$PPID" | wc -l)
          [ "$children" -ge 50 ] || break
        done
        say "$children"; wait_for_go"#,
    );
    let (cloud, mut wire) = (world.cloud(), world.wire());
    launch_one(&cloud, &order("a", 1)).await;
    // The agent is one of them; the others are orphans that nobody has waited for yet.
    let children: u32 = wire.line().await.trim().parse().expect("a number");
    assert!(
        (1..50).contains(&children),
        "the init has {children} children"
    );
    cloud.shutdown().await;
}
