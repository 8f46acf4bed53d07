//! A pipeline into job requests: parallelism and matrices multiplied, everything merged.

use super::variable::{encoded, of_pipeline, variable};
use super::{Axis, BlockPlan, FailFast, JobPlan, Pipeline, Spread, Task, Variable, checkout};
use crate::emulator::job_request::JobRequest;
use dayfly::hub::wire::payload::Command;

/// The ids that a run's variables carry; texts, so that a test or a seed can choose them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunIds {
    /// `SEMAPHORE_ORGANIZATION_ID`.
    pub organization: String,
    /// `SEMAPHORE_WORKFLOW_ID`.
    pub workflow: String,
    /// `SEMAPHORE_PIPELINE_ID`, and the id of its artifacts.
    pub pipeline: String,
}

/// Everything that a [`super::Run`] needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expansion {
    /// The blocks, in the order of the file.
    pub blocks: Vec<Block>,
    /// Runs when all blocks have ended; it has no dependencies.
    pub after_pipeline: Option<Block>,
    /// What the failure of a job does to the others.
    pub fail_fast: FailFast,
}

/// A block with its jobs as the hub takes them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its name.
    pub name: String,
    /// The blocks that must have passed, as positions.
    pub dependencies: Vec<usize>,
    /// Its jobs.
    pub jobs: Vec<JobRequest>,
}

/// The name of the block that `after_pipeline` makes.
const AFTER_PIPELINE: &str = "After pipeline";

/// Multiplies and merges. The same arguments give the same requests.
pub fn expand(pipeline: &Pipeline, ids: &RunIds) -> Expansion {
    let expander = Expander {
        pipeline,
        shared: shared(pipeline, ids),
    };
    let after = pipeline.after_pipeline.as_ref();
    Expansion {
        blocks: pipeline.blocks.iter().map(|b| expander.block(b)).collect(),
        after_pipeline: after.map(|task| Block {
            name: AFTER_PIPELINE.to_owned(),
            dependencies: Vec::new(),
            jobs: expander.jobs(AFTER_PIPELINE, task),
        }),
        fail_fast: pipeline.fail_fast,
    }
}

/// The variables of every job.
fn shared(pipeline: &Pipeline, ids: &RunIds) -> Vec<Variable> {
    let tree = pipeline.working_tree.as_ref();
    let git = tree.map_or_else(Vec::new, |tree| tree.env_vars.clone());
    git.into_iter().chain(of_pipeline(ids)).collect()
}

struct Expander<'p> {
    pipeline: &'p Pipeline,
    shared: Vec<Variable>,
}

impl Expander<'_> {
    fn block(&self, block: &BlockPlan) -> Block {
        Block {
            name: block.name.clone(),
            dependencies: block.dependencies.clone(),
            jobs: self.jobs(&block.name, &block.task),
        }
    }

    fn jobs(&self, block: &str, task: &Task) -> Vec<JobRequest> {
        let siblings = |job| siblings(job).into_iter().map(move |sibling| (job, sibling));
        let all = task.jobs.iter().flat_map(siblings);
        all.map(|(job, sibling)| self.request(block, task, job, sibling))
            .collect()
    }

    fn request(&self, block: &str, task: &Task, job: &JobPlan, sibling: Sibling) -> JobRequest {
        let block_name = [variable("SEMAPHORE_BLOCK_NAME", block)];
        let own = task.env_vars.iter().chain(&job.env_vars);
        let env_vars = self.shared.iter().chain(&block_name);
        let env_vars = env_vars.chain(own).chain(&sibling.env_vars);
        let texts: Vec<&String> = task.prologue.iter().chain(&job.commands).collect();
        let epilogue = &task.epilogue;
        let epilogues = [&epilogue.always, &epilogue.on_pass, &epilogue.on_fail];
        let everything = texts.iter().copied().chain(epilogues.into_iter().flatten());
        let tree = self.pipeline.working_tree.as_ref();
        let tree = tree.filter(|_| checkout::is_used(everything));
        let provided = tree.map(|_| checkout::command());
        let own = texts.into_iter().map(plain);
        JobRequest {
            name: sibling.name,
            block: block.to_owned(),
            agent_type: task.agent_type.clone(),
            executor: None,
            env_vars: env_vars.map(encoded).collect(),
            files: tree.map(checkout::file).into_iter().collect(),
            commands: provided.into_iter().chain(own).collect(),
            epilogue_always: epilogue.always.iter().map(plain).collect(),
            epilogue_on_pass: epilogue.on_pass.iter().map(plain).collect(),
            epilogue_on_fail: epilogue.on_fail.iter().map(plain).collect(),
            execution_time_limit: job.execution_time_limit,
        }
    }
}

/// A command that the log shows as it is.
fn plain(text: impl AsRef<str>) -> Command {
    Command {
        directive: text.as_ref().to_owned(),
        alias: None,
    }
}

/// One of the jobs that an entry of the file makes.
struct Sibling {
    name: String,
    env_vars: Vec<Variable>,
}

fn siblings(job: &JobPlan) -> Vec<Sibling> {
    match &job.spread {
        Spread::Single => vec![Sibling {
            name: job.name.clone(),
            env_vars: Vec::new(),
        }],
        Spread::Parallel(count) => (1..=*count)
            .map(|index| Sibling {
                name: format!("{} - {index}/{count}", job.name),
                env_vars: vec![
                    variable("SEMAPHORE_JOB_COUNT", count.to_string()),
                    variable("SEMAPHORE_JOB_INDEX", index.to_string()),
                ],
            })
            .collect(),
        Spread::Matrix(axes) => combinations(axes)
            .into_iter()
            .map(|values| Sibling {
                name: format!("{} - {}", job.name, shown(&values)),
                env_vars: values,
            })
            .collect(),
    }
}

/// Every combination of values, the last axis changing fastest.
fn combinations(axes: &[Axis]) -> Vec<Vec<Variable>> {
    let mut rows = vec![Vec::new()];
    for axis in axes {
        let longer = |row: &Vec<Variable>| {
            let with = |value: &String| {
                let mut row = row.clone();
                row.push(variable(&axis.name, value));
                row
            };
            axis.values.iter().map(with).collect::<Vec<_>>()
        };
        rows = rows.iter().flat_map(longer).collect();
    }
    rows
}

fn shown(values: &[Variable]) -> String {
    let pairs = values.iter().map(|v| format!("{}={}", v.name, v.value));
    pairs.collect::<Vec<_>>().join(", ")
}
