//! Whatever is sent in whatever order: the hub does not panic, and its invariants hold.

use std::collections::{BTreeMap, BTreeSet};

use dayfly::model::id::JobId;
use dayfly_lab::emulator::hub::DisableScope;
use dayfly_lab::emulator::hub::job::JobState;
use dayfly_lab::emulator::hub::settings::HubSettings;
use proptest::prelude::*;
use proptest::sample::Index;
use serde_json::json;

use super::world::{World, body, linux, whole_log};

/// One thing that a client, an operator or time does.
#[derive(Clone, Debug)]
enum Step {
    Enqueue,
    Register {
        name: u8,
        single_job: bool,
        job: Option<Index>,
    },
    Sync {
        agent: Index,
        state: &'static str,
        job: Option<Index>,
        interrupted: bool,
    },
    Finish {
        agent: Index,
        result: &'static str,
    },
    Payload {
        agent: Index,
    },
    Push {
        agent: Index,
        start_from: i64,
    },
    Disconnect {
        agent: Index,
    },
    Stop {
        job: Index,
    },
    DisableAll,
    Quota(Option<u32>),
    Pass(u16),
    Raw {
        path: String,
        body: String,
    },
}

fn step() -> impl Strategy<Value = Step> {
    let states = prop_oneof![
        4 => Just("waiting-for-jobs"),
        1 => Just("starting-job"),
        2 => Just("running-job"),
        1 => Just("stopping-job"),
        1 => Just("failed-to-fetch-job"),
        1 => Just("nonsense"),
    ];
    let results = prop_oneof![Just("passed"), Just("failed"), Just("stopped"), Just("")];
    let index = any::<Index>;
    let maybe = || proptest::option::weighted(0.3, any::<Index>());
    prop_oneof![
        3 => Just(Step::Enqueue),
        3 => (0..12_u8, any::<bool>(), maybe())
            .prop_map(|(name, single_job, job)| Step::Register { name, single_job, job }),
        8 => (index(), states, maybe(), prop::bool::weighted(0.05)).prop_map(
            |(agent, state, job, interrupted)| Step::Sync { agent, state, job, interrupted }
        ),
        3 => (index(), results).prop_map(|(agent, result)| Step::Finish { agent, result }),
        2 => index().prop_map(|agent| Step::Payload { agent }),
        2 => (index(), -1..8_i64)
            .prop_map(|(agent, start_from)| Step::Push { agent, start_from }),
        1 => index().prop_map(|agent| Step::Disconnect { agent }),
        1 => index().prop_map(|job| Step::Stop { job }),
        1 => Just(Step::DisableAll),
        1 => proptest::option::of(0..6_u32).prop_map(Step::Quota),
        4 => (0..400_u16).prop_map(Step::Pass),
        1 => ("[a-z0-9/?=&%_-]{0,30}", ".{0,40}").prop_map(|(path, body)| Step::Raw { path, body }),
    ]
}

/// A world with the tokens and jobs that a run has come to know.
struct Run {
    world: World,
    tokens: Vec<String>,
    /// The name that each token was given for.
    names: BTreeMap<String, String>,
    jobs: Vec<JobId>,
    ended: BTreeSet<JobId>,
}

impl Run {
    fn token(&self, index: &Index) -> String {
        let known = (!self.tokens.is_empty()).then(|| index.get(&self.tokens).clone());
        known.unwrap_or_default()
    }

    fn job(&self, index: Option<&Index>) -> String {
        let known = index.filter(|_| !self.jobs.is_empty());
        known.map_or(String::new(), |index| index.get(&self.jobs).to_string())
    }

    /// The job that an agent has, as the hub knows it.
    fn job_of(&self, token: &str) -> Option<JobId> {
        let name = self.names.get(token)?;
        self.world.hub.agent(name)?.assigned_job.clone()
    }

    fn take(&mut self, step: &Step) {
        match step {
            Step::Enqueue => {
                let job = self.world.enqueue("job");
                self.jobs.push(job);
            }
            Step::Register {
                name,
                single_job,
                job,
            } => self.register(*name, *single_job, job.as_ref()),
            Step::Sync {
                agent,
                state,
                job,
                interrupted,
            } => {
                let token = self.token(agent);
                let job = self.job(job.as_ref());
                let at = if *interrupted {
                    self.world.now.as_seconds()
                } else {
                    0
                };
                let report = json!({"state": state, "job_id": job, "interrupted_at": at});
                self.world.sync_with(&token, report);
            }
            Step::Finish { agent, result } => {
                let token = self.token(agent);
                if let Some(job) = self.job_of(&token) {
                    self.world.finish(&token, &job, result);
                }
            }
            Step::Payload { agent } => self.fetch(agent),
            Step::Push { agent, start_from } => {
                let token = self.token(agent);
                if let Some(job) = self.job_of(&token) {
                    let refreshed = body(&self.world.agent("POST", "/refresh", &token, ""));
                    let log = refreshed["token"].as_str().unwrap_or_default().to_owned();
                    self.world.push(&log, &job, *start_from, &whole_log());
                }
            }
            Step::Disconnect { agent } => {
                let token = self.token(agent);
                self.world.agent("POST", "/disconnect", &token, "");
            }
            Step::Stop { job } => {
                let job = JobId::new(self.job(Some(job)));
                self.world.hub.stop_job(&job, self.world.now);
            }
            Step::DisableAll => {
                self.world
                    .hub
                    .disable_all(&linux(), DisableScope::All, self.world.now);
            }
            Step::Quota(agents_max) => self.world.hub.set_agents_max(*agents_max),
            Step::Pass(seconds) => self.world.pass(u64::from(*seconds)),
            Step::Raw { path, body } => {
                self.world.typed("POST", &format!("/{path}"), body);
                self.world.public("GET", &format!("/{path}"), body);
            }
        }
    }

    fn register(&mut self, name: u8, single_job: bool, job: Option<&Index>) {
        let job = self.job(job);
        let fields = json!({"name": format!("agent-{name}"), "single_job": single_job,
            "idle_timeout": 200, "job_id": job});
        let response = self.world.try_register(fields);
        if let Some(token) = body(&response)["token"].as_str() {
            assert!(
                !self.tokens.contains(&token.to_owned()),
                "tokens are unique"
            );
            self.tokens.push(token.to_owned());
            self.names.insert(token.to_owned(), format!("agent-{name}"));
        }
    }

    fn fetch(&mut self, agent: &Index) {
        let token = self.token(agent);
        if let Some(job) = self.job_of(&token) {
            self.world.agent("GET", &format!("/jobs/{job}"), &token, "");
        }
    }

    /// What holds between any two steps.
    fn check(&mut self) {
        let rows: Vec<_> = self.world.hub.agents().collect();
        let names: BTreeSet<&String> = rows.iter().map(|row| &row.name).collect();
        assert_eq!(names.len(), rows.len(), "names are unique");
        let assigned: Vec<&JobId> = rows
            .iter()
            .filter_map(|row| row.assigned_job.as_ref())
            .collect();
        let distinct: BTreeSet<&JobId> = assigned.iter().copied().collect();
        assert_eq!(
            distinct.len(),
            assigned.len(),
            "a job is assigned to one row"
        );
        for job in self.world.hub.jobs() {
            let is_ended = job.state == JobState::Finished;
            assert_eq!(is_ended, job.result.is_some());
            assert!(is_ended || !self.ended.contains(&job.id), "a job ends once");
        }
        let ended = self
            .world
            .hub
            .jobs()
            .filter(|job| job.state == JobState::Finished);
        self.ended = ended.map(|job| job.id.clone()).collect();
        let deadline = self.world.hub.next_deadline();
        assert!(
            deadline.is_none_or(|at| self.world.now < at),
            "nothing overdue is left"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_sequence_of_requests_breaks_the_hub(
        steps in proptest::collection::vec(step(), 1..120),
        parallelism_max in proptest::option::of(1..4_u32),
    ) {
        let settings = HubSettings { parallelism_max, ..HubSettings::default() };
        let mut run = Run {
            world: World::with(settings),
            tokens: Vec::new(),
            names: BTreeMap::new(),
            jobs: Vec::new(),
            ended: BTreeSet::new(),
        };
        for step in &steps {
            run.take(step);
            run.check();
        }
        // Left alone for long enough, everything ends, and nothing is left to wait for.
        (0..5).for_each(|_| run.world.pass(24 * 3600));
        run.check();
        let open = run.world.hub.jobs().filter(|job| job.state != JobState::Finished).count();
        prop_assert_eq!(open, 0);
        prop_assert_eq!(run.world.hub.agents().count(), 0);
    }
}
