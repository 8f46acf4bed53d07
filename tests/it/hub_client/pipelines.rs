//! What the scaler sees of pipelines, over TLS, and a whole tick that makes use of it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use dayfly::forecast::Forecast;
use dayfly::hub::client::{AgentClient, HubClient, PoolAccess};
use dayfly::hub::wire::agent::{JobResult, RegisterRequest, SyncRequest, SyncState};
use dayfly::model::id::{AgentType, BlockKind, JobId, PipelineId, PoolName};
use dayfly::model::job::QueueCounts;
use dayfly::model::pipeline::{Block, JobProgress, Look, Pipeline, Progress};
use dayfly::model::pool::{Policy, Speculation};
use dayfly::model::secret::Secret;
use dayfly::model::snapshot::{Memory, PoolView, Sighting};
use dayfly::model::time::Timestamp;
use dayfly::plan::explain;
use dayfly::ports::{Clock, Hub, SystemClock};
use dayfly::scaler::Scaler;
use dayfly_lab::emulator::hub::BlockRequest;
use dayfly_lab::emulator::hub::faults::{Before, Endpoint, Fault, Scope};

use super::{Served, agent_type};
use crate::plan::world::{machine, now, policy, pool};
use crate::scaler::doubles::World;

const TESTS: u32 = 5;

/// A pipeline of one job, then five.
struct Site {
    served: Served,
    id: PipelineId,
    agent: AgentClient,
    token: Secret,
    job: JobId,
}

impl Site {
    async fn new() -> Self {
        let served = Served::new();
        let agent = AgentClient::new(&served.settings).expect("good settings");
        Self::begun(served, agent, "i-0123456789").await
    }

    /// A pipeline whose first job runs in an agent of that name.
    async fn begun(served: Served, agent: AgentClient, name: &str) -> Self {
        let names = |count: u32| (0..count).map(|number| format!("job {number}")).collect();
        let block = |name: &str, jobs, dependencies| BlockRequest {
            name: name.to_owned(),
            jobs: names(jobs),
            dependencies,
        };
        let blocks = vec![block("Build", 1, vec![]), block("Tests", TESTS, vec![0])];
        let id = {
            let mut hub = served.server.shared().lock();
            hub.open_pipeline("Site", blocks, SystemClock.now())
        };
        let job = served.enqueue("job 0");
        served
            .server
            .shared()
            .lock()
            .place_job(&id, 0, 0, job.clone());
        let request = RegisterRequest {
            name: name.to_owned(),
            single_job: true,
            ..RegisterRequest::default()
        };
        let registered = agent.register(&served.registration_token, &request).await;
        let token = registered.expect("the hub admits it").token;
        let site = Self {
            served,
            id,
            agent,
            token,
            job,
        };
        site.sync(SyncState::WaitingForJobs).await;
        site.sync(SyncState::StartingJob).await;
        site
    }

    /// Everything that was queued is stopped, and the same pipeline begins anew.
    async fn again(self) -> Self {
        {
            let mut hub = self.served.server.shared().lock();
            let now = SystemClock.now();
            let queued: Vec<JobId> = hub.jobs().map(|job| job.id.clone()).collect();
            queued.iter().for_each(|job| hub.stop_job(job, now));
            hub.tick(now);
        }
        Self::begun(self.served, self.agent, "i-9876543210").await
    }

    async fn sync(&self, state: SyncState) {
        let has_job = state != SyncState::WaitingForJobs;
        let request = SyncRequest {
            state,
            job_id: if has_job {
                self.job.to_string()
            } else {
                String::new()
            },
            job_result: (state == SyncState::FinishedJob).then_some(JobResult::Passed),
            interrupted_at: 0,
        };
        self.agent
            .sync(&self.token, &request)
            .await
            .expect("a sync");
    }

    /// The first job passes, and the others are queued.
    async fn go_on(&self) {
        self.sync(SyncState::FinishedJob).await;
        for number in 0..TESTS as usize {
            let job = self.served.enqueue(&format!("job {number}"));
            let mut hub = self.served.server.shared().lock();
            hub.place_job(&self.id, 1, number, job);
        }
    }

    fn client(&self, api_token: Option<Secret>) -> HubClient {
        let access = PoolAccess {
            agent_type: agent_type(),
            registration_token: self.served.registration_token.clone(),
        };
        let pools = BTreeMap::from([(pool("linux"), access)]);
        HubClient::new(&self.served.settings, pools, api_token).expect("good settings")
    }

    fn seeing(&self) -> HubClient {
        self.client(Some(self.served.api_token.clone()))
    }
}

fn at(seconds: u64) -> Timestamp {
    now().plus(Duration::from_secs(seconds))
}

async fn seen(hub: &HubClient, seconds: u64) -> Arc<Look> {
    let look = hub.pipelines(at(seconds)).await.expect("an answer");
    look.expect("an API token")
}

fn of<'a>(look: &'a Look, name: &str) -> &'a Block {
    let blocks = look.pipelines.iter().flat_map(|pipeline| &pipeline.blocks);
    let mut found = blocks.filter(|block| block.kind.as_str().ends_with(name));
    found.next().expect("it is there")
}

#[tokio::test]
async fn a_pipeline_is_seen_whole_and_its_blocks_as_far_as_they_are() {
    let site = Site::new().await;
    let hub = site.seeing();
    let first = seen(&hub, 0).await;
    let (build, tests) = (of(&first, "Build"), of(&first, "Tests"));
    assert!(
        build.kind.as_str().ends_with(": semaphore.yml: Build"),
        "{}",
        build.kind
    );
    assert_eq!((build.jobs, &build.after[..]), (1, &[][..]));
    assert_eq!((tests.jobs, &tests.after[..]), (TESTS, &[0][..]));
    assert_eq!((&build.pool, &tests.pool), (&Some(pool("linux")), &None));
    let running = JobProgress::Running { since: at(0) };
    assert_eq!(
        build.progress,
        Progress::Running {
            jobs: vec![running]
        }
    );
    assert_eq!(tests.progress, Progress::Waiting);

    site.go_on().await;
    assert!(
        Arc::ptr_eq(&first, &seen(&hub, 9).await),
        "the hub is not asked so soon"
    );
    let second = seen(&hub, 40).await;
    let took = vec![Duration::from_secs(40)];
    assert_eq!(of(&second, "Build").progress, Progress::Done { took });
    let tests = of(&second, "Tests");
    assert_eq!(tests.pool, Some(pool("linux")), "its jobs have told");
    let jobs = vec![JobProgress::Queued; TESTS as usize];
    assert_eq!(tests.progress, Progress::Running { jobs });
}

#[tokio::test]
async fn without_an_api_token_nothing_is_seen_and_nothing_is_asked() {
    let site = Site::new().await;
    site.served
        .server
        .shared()
        .lock()
        .add_fault(Scope::on(Endpoint::Public), Fault::Before(Before::Reset));
    assert_eq!(site.client(None).pipelines(at(0)).await, Ok(None));
}

#[tokio::test]
async fn a_look_that_fails_says_so_and_is_not_repeated_for_a_minute() {
    let site = Site::new().await;
    let hub = site.seeing();
    site.served.server.shared().lock().add_fault(
        Scope::on(Endpoint::Public),
        Fault::Before(Before::Answer {
            status: 503,
            body: "",
        }),
    );
    let error = hub.pipelines(at(0)).await.expect_err("it is down");
    assert!(
        error
            .to_string()
            .contains("answered 503 to GET /api/v1alpha/projects"),
        "{error}"
    );
    site.served.server.shared().lock().clear_faults();
    assert_eq!(hub.pipelines(at(59)).await, Err(error));
    assert_eq!(seen(&hub, 60).await.pipelines.len(), 1);
}

/// Forty seconds to boot, a hundred to build, and nobody ever pushes.
fn taught(policy: &Policy, project: &str) -> Forecast {
    let mut forecast = Forecast::default();
    let view = PoolView {
        counts: Some(QueueCounts::default()),
        jobs: Some(Vec::new()),
        agents: Some(BTreeMap::new()),
    };
    let pools = BTreeMap::from([(pool("linux"), view)]);
    let kind = |name: &str| BlockKind::new(format!("{project}: semaphore.yml: {name}"));
    for number in 0..40_u64 {
        let mut booted = machine(&format!("i-{number}"), "linux", 0);
        let looked_at = now().minus(Duration::from_secs(4000 - 10 * number));
        booted.launched_at = looked_at.minus(Duration::from_secs(40));
        let sighting = Sighting {
            registered_at: Some(looked_at),
            ..Sighting::default()
        };
        let mut memory = Memory::default();
        memory.sightings.insert(booted.id.clone(), sighting);
        let block = |name: &str, jobs, after| Block {
            kind: kind(name),
            pool: Some(pool("linux")),
            jobs,
            after,
            progress: Progress::Done {
                took: vec![Duration::from_secs(100)],
            },
        };
        let look = Look {
            at: looked_at,
            pipelines: vec![Pipeline {
                id: PipelineId::new(number.to_string()),
                blocks: vec![block("Build", 1, vec![]), block("Tests", TESTS, vec![0])],
            }],
        };
        let machines = BTreeMap::from([(booted.id.clone(), booted)]);
        forecast.see(
            policy,
            &pools,
            Some(&machines),
            Some(&look),
            &memory,
            looked_at,
        );
    }
    forecast
}

#[tokio::test]
async fn a_tick_launches_for_a_block_that_is_about_to_begin_and_says_so() {
    let site = Site::new().await;
    let mut policy = policy(100, 0);
    for pool in policy.pools.values_mut() {
        pool.agent_type = AgentType::new("s1-test");
        pool.speculation = Speculation::product();
    }
    let world = World::default();
    let hub = site.seeing();
    // Which pool the tests belong to is known from an earlier run of them.
    let project = seen(&hub, 0).await;
    let label = of(&project, "Build")
        .kind
        .as_str()
        .split(':')
        .next()
        .map(str::to_owned);
    let label = label.expect("a project's name");
    site.go_on().await;
    let mut scaler = Scaler::new(hub, world.clone(), world.clone(), policy.clone());
    scaler.set_forecast(taught(&policy, &label));
    // The first run builds for as long as those before it.
    world.elapsed_seconds.set(100);
    let tick = scaler.tick().await;
    assert_eq!(tick.silences, []);
    assert_eq!(tick.plan.pools[&pool("linux")].balance.queued, Some(TESTS));

    let site = site.again().await;
    world.elapsed_seconds.set(140);
    let tick = scaler.tick().await;
    let expected = |tick: &dayfly::scaler::Tick| tick.plan.pools[&pool("linux")].balance.expected;
    assert_eq!(expected(&tick), 0, "its first block has just begun");
    world.elapsed_seconds.set(220);
    let tick = scaler.tick().await;
    assert_eq!(expected(&tick), TESTS);
    drop(site);
    let sentence = explain::pool(&tick.plan, &PoolName::new("linux"), tick.at).expect("of it");
    let said = format!(
        "5 for the next blocks of running pipelines, above all for the 5 jobs of the block \
         \"{label}: semaphore.yml: Tests\", which begins within a boot in"
    );
    assert!(sentence.contains(&said), "{sentence}");
}
