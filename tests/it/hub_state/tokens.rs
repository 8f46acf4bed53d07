//! What is drawn follows from the seed, and nothing else.

use std::collections::BTreeSet;

use dayfly_lab::emulator::hub::settings::HubSettings;

use super::world::World;

fn drawn(seed: u64) -> Vec<String> {
    let mut world = World::with(HubSettings {
        seed,
        ..HubSettings::default()
    });
    let (token, job) = world.running("job");
    let log = world.log_token(&token, &job);
    let registration = world.registration.expose().to_owned();
    let api = world.api.expose().to_owned();
    vec![registration, api, token, job.to_string(), log]
}

#[test]
fn the_same_seed_gives_the_same_tokens_and_another_seed_others() {
    assert_eq!(drawn(7), drawn(7));
    let all: BTreeSet<String> = drawn(7).into_iter().chain(drawn(8)).collect();
    assert_eq!(all.len(), 10);
}

#[test]
fn job_identifiers_are_uuids_of_version_four() {
    let mut world = World::new();
    for _ in 0..20 {
        let id = world.enqueue("job").to_string();
        let parts: Vec<usize> = id.split('-').map(str::len).collect();
        assert_eq!(parts, [8, 4, 4, 4, 12]);
        assert_eq!(&id[14..15], "4");
        assert!("89ab".contains(&id[19..20]));
    }
}
