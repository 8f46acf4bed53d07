//! Every call once, in the order in which an agent, a scaler and an operator make them.

use std::collections::BTreeMap;

use dayfly::hub::client::{AgentClient, HubClient, PoolAccess, PublicClient};
use dayfly::hub::wire::agent::{
    JobResult, RegisterRequest, ShutdownReason, SyncAction, SyncRequest, SyncState,
};
use dayfly::hub::wire::log::LogEvent;
use dayfly::hub::wire::payload::Payload;
use dayfly::model::id::{JobId, MachineId, PoolName};
use dayfly::model::job::{AgentState, QueueCounts};
use dayfly::ports::Hub;
use dayfly_lab::emulator::http::Transport;

use super::{Served, agent_type};

fn registration(name: &str) -> RegisterRequest {
    RegisterRequest {
        name: name.to_owned(),
        single_job: true,
        ..RegisterRequest::default()
    }
}

#[tokio::test]
async fn an_agent_lives_its_whole_life_through_the_client() {
    let served = Served::new();
    let job = served.enqueue("unit tests");
    let client = AgentClient::new(&served.settings).expect("good settings");
    let registered = client
        .register(&served.registration_token, &registration("i-0123456789"))
        .await
        .expect("the hub admits it");
    assert_eq!(registered.name, "i-0123456789");
    let token = &registered.token;

    let offer = client
        .sync(token, &SyncRequest::default())
        .await
        .expect("a sync");
    assert_eq!(
        (offer.action, offer.job_id.as_str()),
        (SyncAction::RunJob, job.as_str())
    );
    let body = client.payload(token, &job).await.expect("the payload");
    let payload: Payload = serde_json::from_slice(&body).expect("JSON");
    assert_eq!(payload.commands[0].directive, "true");

    let events = [
        LogEvent::JobStarted { timestamp: 1 },
        LogEvent::JobFinished {
            timestamp: 2,
            result: JobResult::Passed,
        },
    ];
    let lines: Vec<String> = events
        .iter()
        .map(|it| serde_json::to_string(it).expect("plain data"))
        .collect();
    let url = &payload.logger.url;
    let push = |token, from, line: &str| client.push_log(url, token, from, line.into());
    push(&payload.logger.token, 0, &lines[0])
        .await
        .expect("a first batch");
    let fresh = client.refresh(token).await.expect("a fresh log token");
    push(&fresh, 1, &lines[1]).await.expect("a second batch");

    let finished = SyncRequest {
        state: SyncState::FinishedJob,
        job_id: job.to_string(),
        job_result: Some(JobResult::Passed),
        interrupted_at: 0,
    };
    let answer = client.sync(token, &finished).await.expect("a sync");
    assert_eq!(answer.shutdown_reason, Some(ShutdownReason::JobFinished));
    client.disconnect(token).await.expect("a goodbye");
    assert_eq!(
        client
            .disconnect(token)
            .await
            .expect_err("already gone")
            .status(),
        Some(404)
    );

    assert_operator_sees(&served, &job, &events).await;
    assert_eq!(served.server.shared().lock().violations(), []);
}

/// What the public API tells of a job that has passed, and of its archived log.
async fn assert_operator_sees(served: &Served, job: &JobId, events: &[LogEvent]) {
    let operator =
        PublicClient::new(&served.settings, served.api_token.clone()).expect("good settings");
    let seen = operator.job(job).await.expect("the job");
    assert_eq!(
        (seen.status.state.as_str(), seen.status.result.as_str()),
        ("FINISHED", "PASSED")
    );
    assert_eq!(seen.status.agent.name, "i-0123456789");
    assert_eq!(
        operator.log(job, 0).await.expect("the log"),
        (events.to_vec(), None)
    );
    // A reader that has some of it already gets the rest, although the log is archived.
    assert_eq!(
        operator.log(job, 1).await.expect("the log"),
        (events[1..].to_vec(), None)
    );
}

#[tokio::test]
async fn the_scaler_sees_counts_jobs_oldest_first_and_agents() {
    let served = Served::new();
    let jobs: Vec<_> = ["one", "two", "three"]
        .map(|name| served.enqueue(name))
        .to_vec();
    let agent = AgentClient::new(&served.settings).expect("good settings");
    for name in ["i-waiting-1", "i-running-1"] {
        let request = registration(name);
        let registered = agent.register(&served.registration_token, &request).await;
        let token = registered.expect("the hub admits it").token;
        if name == "i-running-1" {
            let offer = agent
                .sync(&token, &SyncRequest::default())
                .await
                .expect("a sync");
            let (state, job_id) = (SyncState::StartingJob, offer.job_id);
            let starting = SyncRequest {
                state,
                job_id,
                ..SyncRequest::default()
            };
            agent.sync(&token, &starting).await.expect("a sync");
        }
    }
    let pool = PoolName::new("linux");
    let access = PoolAccess {
        agent_type: agent_type(),
        registration_token: served.registration_token.clone(),
    };
    let pools = BTreeMap::from([(pool.clone(), access)]);
    let hub = HubClient::new(&served.settings, pools, Some(served.api_token.clone()));
    let hub = hub.expect("good settings");
    let counts = QueueCounts {
        queued: 2,
        running: 1,
        idle: 1,
        occupied: 1,
    };
    assert_eq!(hub.counts(&pool).await, Ok(counts));
    assert_eq!(hub.jobs(&pool).await, Ok(jobs[1..].to_vec()));
    let agents = hub
        .agents(&pool)
        .await
        .expect("the agents")
        .expect("an API token");
    let state = |name: &str| agents[&MachineId::new(name)].state;
    assert_eq!(state("i-waiting-1"), AgentState::Waiting);
    assert_eq!(state("i-running-1"), AgentState::Running);
}

#[tokio::test]
async fn an_operator_lists_and_stops_jobs() {
    let served = Served::new();
    let job = served.enqueue("to be stopped");
    let operator =
        PublicClient::new(&served.settings, served.api_token.clone()).expect("good settings");
    let queued = operator
        .jobs(&["QUEUED", "RUNNING"])
        .await
        .expect("the jobs");
    assert_eq!(queued.len(), 1);
    assert_eq!(queued[0].spec.agent.machine.machine_type, "s1-test");
    operator.stop_job(&job).await.expect("it can be stopped");
    let types = operator.agent_types().await.expect("the agent types");
    assert_eq!(types[0].metadata.name, "s1-test");
    assert_eq!(
        types[0].status.registration_token, None,
        "a token is shown once"
    );
}

#[tokio::test]
async fn plain_http_works_for_who_asks_for_it() {
    let served = Served::over(Transport::Plain);
    let client = AgentClient::new(&served.settings).expect("good settings");
    let request = registration("i-plain-0001");
    client
        .register(&served.registration_token, &request)
        .await
        .expect("the hub admits it");
}
