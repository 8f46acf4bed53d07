//! How many syncs per second the emulated hub answers with 1,000 registered agents.

use std::hint::black_box;

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use dayfly::hub::wire::AGENT_API;
use dayfly::model::id::AgentType;
use dayfly::model::time::Timestamp;
use dayfly_lab::emulator::hub::Hub;
use dayfly_lab::emulator::hub::settings::HubSettings;
use dayfly_lab::emulator::message::Request;

const AGENTS: usize = 1_000;

fn request(path: &str, token: &str, body: &str) -> Request {
    Request {
        method: "POST".to_owned(),
        path: format!("{AGENT_API}{path}"),
        authorization: Some(format!("Token {token}")),
        body: body.as_bytes().to_vec(),
        ..Request::default()
    }
}

/// A hub with its agents registered, and a sync of each of them.
fn crowd(now: Timestamp) -> (Hub, Vec<Request>) {
    let mut hub = Hub::new(HubSettings::default());
    let token = hub.create_agent_type(AgentType::new("s1-bench"), now);
    let token = token.expect("the name is a good one");
    let syncs = (0..AGENTS).map(|index| {
        let body = format!(r#"{{"name":"agent-{index}","single_job":true}}"#);
        let registered = hub.handle(&request("/register", token.expose(), &body), now);
        let answer: serde_json::Value =
            serde_json::from_slice(&registered.body).expect("a register answer is JSON");
        let access = answer["token"].as_str().unwrap_or_default().to_owned();
        request(
            "/sync",
            &access,
            r#"{"state":"waiting-for-jobs","job_id":""}"#,
        )
    });
    let syncs = syncs.collect();
    (hub, syncs)
}

fn hub_syncs(criterion: &mut Criterion) {
    let now = Timestamp::from_seconds(1_790_000_000);
    let (mut hub, syncs) = crowd(now);
    let mut group = criterion.benchmark_group("emulated_hub");
    group.throughput(Throughput::Elements(
        u64::try_from(AGENTS).unwrap_or(u64::MAX),
    ));
    group.bench_function("a_sync_of_each_of_1000_agents", |bencher| {
        bencher.iter(|| {
            for sync in &syncs {
                black_box(hub.handle(black_box(sync), now));
            }
        });
    });
    group.finish();
}

criterion_group!(benches, hub_syncs);
criterion_main!(benches);
