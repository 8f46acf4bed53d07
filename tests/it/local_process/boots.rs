//! A boot that works, one that fails, one that hangs; and what an agent finds in its machine.

use std::os::unix::fs::PermissionsExt;
use std::time::Duration;

use dayfly::model::machine::Phase;
use dayfly::ports::Cloud;

use super::*;

#[tokio::test]
async fn an_agent_finds_a_clean_environment_and_its_settings_and_no_secret_but_in_its_file() {
    let world = World::new(
        r#"say "$(env | cut -d= -f1 | grep -vx -e _ -e PWD -e SHLVL -e OLDPWD | sort | tr '\n' ' ')"
           say "$HOME"; say "$TMPDIR"; say "$PWD"; say "$*"
           register; wait_for_go; echo "dayfly: log closed j""#,
    );
    let (cloud, mut wire) = (world.cloud(), world.wire());
    let machine = launch_one(&cloud, &order("a", 1)).await;
    let folder = world.root().join(machine.as_str());
    let seen = machine_when(&cloud, &machine, |it| {
        it.console.is_some_and(|it| it.registered)
    })
    .await;
    assert_eq!(seen.phase, Phase::Running);
    assert_eq!(
        wire.line().await,
        "DAYFLY_MACHINE HOME LANG PATH TMPDIR USER "
    );
    let inside = |name: &str| folder.join(name).display().to_string();
    assert_eq!(wire.line().await, inside("home"));
    assert_eq!(wire.line().await, inside("scratch"));
    assert_eq!(wire.line().await, inside("home"));
    assert_eq!(
        wire.line().await,
        format!("start --config-file {}", inside("agent.json"))
    );
    let mode = |name: &str| {
        fs::metadata(folder.join(name))
            .expect(name)
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(["", "home", "scratch"].map(mode), [0o700; 3]);
    assert_eq!(["agent.json", "machine.json"].map(mode), [0o600; 2]);
    let config = fs::read_to_string(folder.join("agent.json")).expect("the agent's settings");
    assert!(!config.contains("the-registration-token"), "{config}");
    let waits = r#""disconnect-after-idle-timeout":60"#;
    assert!(config.contains(waits), "as its launch says: {config}");
    assert!(!folder.join("token").exists(), "the agent has removed it");
    world.go().await;
    let gone = wait_until_gone(&cloud, &machine).await;
    assert!(gone.console.expect("it was read").log_closed);
}

#[tokio::test]
async fn a_boot_that_fails_ends_the_machine_without_an_agent() {
    let world = World::new("say started; register; wait_for_go");
    let cloud = world.cloud();
    cloud.set_faults(Faults {
        boots_that_fail: 1,
        ..Faults::default()
    });
    let machine = launch_one(&cloud, &order("a", 1)).await;
    let gone = wait_until_gone(&cloud, &machine).await;
    assert!(!gone.console.is_some_and(|it| it.registered));
    world.assert_clean();
    // The next one works.
    let mut wire = world.wire();
    launch_one(&cloud, &order("b", 1)).await;
    assert_eq!(wire.line().await, "started");
    cloud.shutdown().await;
}

#[tokio::test]
async fn the_boot_limit_ends_a_boot_that_hangs_and_an_agent_that_does_not_register() {
    let world = World::new(&format!("{DAEMONS}\nwait_for_go"));
    let (cloud, wire) = (world.cloud(), world.wire());
    cloud.set_faults(Faults {
        boots_that_hang: 1,
        ..Faults::default()
    });
    let order = LaunchOrder {
        boot_limit: Duration::from_millis(300),
        ..order("a", 2)
    };
    let launched = cloud.launch(&order).await.expect("there is capacity");
    for machine in &launched.machines {
        wait_until_gone(&cloud, &machine.id).await;
    }
    wire.end().await;
    world.assert_clean();
}

#[tokio::test]
async fn an_agent_that_has_registered_outlives_the_boot_limit() {
    // On a slow computer the limit may be over before the agent runs; then a longer one is tried.
    let mut limit = Duration::from_secs(1);
    let world = World::new(
        r#"limit=$(sed -n 's/.*"boot_limit":{"secs":\([0-9]*\).*/\1/p' ../machine.json)
           register; sleep "$limit" && say still here; wait_for_go"#,
    );
    let (cloud, mut wire) = (world.cloud(), world.wire());
    loop {
        let order = LaunchOrder {
            boot_limit: limit,
            ..order(&limit.as_secs().to_string(), 1)
        };
        let machine = launch_one(&cloud, &order).await;
        let has_registered = |it: &Machine| it.console.is_some_and(|it| it.registered);
        let is_decided = |it: &Machine| has_registered(it) || it.phase == Phase::Gone;
        if has_registered(&machine_when(&cloud, &machine, is_decided).await) {
            break;
        }
        limit *= 2;
    }
    // Only the order counts: the agent speaks after the limit, however slow the computer.
    assert_eq!(wire.line().await, "still here");
    cloud.shutdown().await;
}
