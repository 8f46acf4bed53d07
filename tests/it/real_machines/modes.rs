//! What the other settings of a machine promise, in machines that have them.

use dayfly::hub::wire::agent::JobResult;

use super::setting::{Pool, Told};
use super::world::{System, World};

const GUARDED: Pool = Pool {
    told: Told::Product(&[("metadata", "guarded")]),
    ..Pool::usual("s1-guarded")
};
/// The official agent's archive and configuration, with our agent for it, which takes both: its
/// releases cannot be had here.
const OFFICIAL: Pool = Pool {
    told: Told::Product(&[("agent", "semaphore"), ("sudo", "false")]),
    ..Pool::usual("s1-official")
};

/// Tries to get a session of the metadata service, and prints what came of it.
const ASKS: &str = "python3 -c \"import urllib.request as it; \
                    header = {'X-aws-ec2-metadata-token-ttl-seconds': '60'}; \
                    url = 'http://169.254.169.254/latest/api/token'; \
                    request = it.Request(url, method='PUT', headers=header); \
                    print(it.urlopen(request, timeout=10).status)\" 2>&1 | tail -n 1";

#[tokio::test]
async fn guarded_metadata_answers_root_alone_and_an_official_agents_settings_are_its_users() {
    let Some(image) = System::Trixie.image() else {
        return;
    };
    let mut world = World::new(&image, &[GUARDED, OFFICIAL], 2);
    let command = format!("echo as user $({ASKS}); echo as root $(sudo {ASKS})");
    let guarded = world.enqueue(GUARDED.name, &command);
    let command = "stat -c '%a %U %n' /run/dayfly /run/dayfly/*; sudo -n true || echo no root; \
                   grep idle-timeout /run/dayfly/agent.yaml";
    let official = world.enqueue(OFFICIAL.name, command);
    world.start_scaler();
    for job in [&guarded, &official] {
        let result = world.result(job).await;
        assert_eq!(result, JobResult::Passed, "{}", world.said());
    }
    let log = world.log(&guarded);
    let refused = "as user urllib.error.URLError: <urlopen error [Errno 13] Permission denied>";
    for words in [refused, "as root 200"] {
        assert!(log.contains(words), "{words} in {log}");
    }
    let log = world.log(&official);
    for words in [
        "700 semaphore /run/dayfly",
        "600 semaphore /run/dayfly/agent.yaml",
        "no root",
    ] {
        assert!(log.contains(words), "{words} in {log}");
    }
    // By the tag of its launch, which says five, and the minute that is paid: its user data says 600.
    let (_, waits) = log
        .split_once("disconnect-after-idle-timeout: ")
        .expect("its settings are in the log");
    let digits = waits.split(|it: char| !it.is_ascii_digit()).next();
    let waits: u64 = digits.unwrap_or_default().parse().expect("seconds");
    assert!((5..=50).contains(&waits), "{waits} in {log}");
    world
        .assert_one_machine_each(GUARDED.name, &[guarded])
        .await;
    world
        .assert_one_machine_each(OFFICIAL.name, &[official])
        .await;
    world.end();
}
