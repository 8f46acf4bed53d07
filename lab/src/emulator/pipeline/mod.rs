//! Semaphore pipeline files, as far as a local run can run them.
//!
//! [`read()`] turns a file's text into a [`Pipeline`], [`expand()`] into the job requests of its
//! blocks, and [`Run`] says which of them may be queued now. All of it is a function of its
//! arguments; [`load()`] alone touches the disk.
//!
//! What must stay true: a key that we do not know is a mistake, never ignored; what is known and
//! has no effect in a local run is named in a notice; a job is queued at most once.
//! What is not here: promotions, conditions, secrets, containers, and the toolbox except `checkout`.

mod checkout;
pub mod expand;
mod graph;
pub mod load;
mod notice;
pub mod read;
mod read_job;
mod read_task;
pub mod run;
mod variable;

use std::time::Duration;

use dayfly::model::id::AgentType;

pub use expand::{Block, Expansion, RunIds, expand};
pub use load::load;
pub use read::read;
pub use run::{JobKey, JobState, Outcome, Run};

/// A pipeline that was read and found right: global settings are merged into its tasks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pipeline {
    /// For people.
    pub name: String,
    /// How long the whole of it may take; an hour if the file does not say.
    pub execution_time_limit: Duration,
    /// What the failure of a job does to the others.
    pub fail_fast: FailFast,
    /// The blocks, in the order of the file.
    pub blocks: Vec<BlockPlan>,
    /// Runs when all blocks have ended.
    pub after_pipeline: Option<Task>,
    /// What `checkout` gives to a job; without one, there is no such command.
    pub working_tree: Option<WorkingTree>,
}

/// A block as the file has it, before its jobs are multiplied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BlockPlan {
    /// Unique in its pipeline.
    pub name: String,
    /// The blocks that must have passed, as positions in [`Pipeline::blocks`]; without a cycle.
    pub dependencies: Vec<usize>,
    /// What it does.
    pub task: Task,
}

/// Jobs, with what they have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// Which agents may take the jobs.
    pub agent_type: AgentType,
    /// Exported to every job; global ones first, a later one wins.
    pub env_vars: Vec<Variable>,
    /// In front of every job's commands; global ones first.
    pub prologue: Vec<String>,
    /// After every job's commands; global ones first.
    pub epilogue: Epilogue,
    /// No job of it may take longer.
    pub execution_time_limit: Duration,
    /// The jobs, in the order of the file.
    pub jobs: Vec<JobPlan>,
}

/// A job as the file has it, before it is multiplied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPlan {
    /// For people.
    pub name: String,
    /// What it runs, without the prologue.
    pub commands: Vec<String>,
    /// For this job alone; they win over the task's.
    pub env_vars: Vec<Variable>,
    /// How many jobs it makes.
    pub spread: Spread,
    /// It may not take longer.
    pub execution_time_limit: Duration,
}

/// How many jobs one entry of a file makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spread {
    /// Itself.
    Single,
    /// As many, numbered from 1.
    Parallel(u32),
    /// One for each combination of values.
    Matrix(Vec<Axis>),
}

/// One variable of a matrix.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Axis {
    /// The variable's name.
    pub name: String,
    /// What it is set to, one after the other; never empty.
    pub values: Vec<String>,
}

/// What runs after the commands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Epilogue {
    /// Whatever the result.
    pub always: Vec<String>,
    /// If the job passed.
    pub on_pass: Vec<String>,
    /// If the job failed.
    pub on_fail: Vec<String>,
}

/// A variable with its plain value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name.
    pub name: String,
    /// Its value, as the file has it.
    pub value: String,
}

/// What the failure of a job does to the others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum FailFast {
    /// Blocks that depend on its block are canceled, others go on.
    #[default]
    Dependants,
    /// Every block that has not started is canceled; what has started goes on.
    Cancel,
    /// As `Cancel`, and jobs that were queued or run are stopped.
    Stop,
}

/// The working tree that `checkout` copies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkingTree {
    /// Where it lies: an absolute path.
    pub folder: String,
    /// What is known of its repository: `SEMAPHORE_GIT_DIR`, `SEMAPHORE_GIT_BRANCH` and so on.
    pub env_vars: Vec<Variable>,
}

/// A pipeline, and what of its file has no effect in a local run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Loaded {
    /// What to run.
    pub pipeline: Pipeline,
    /// One sentence each.
    pub notices: Vec<String>,
}

/// The pipeline that `dayfly-lab demo` runs when it is given none.
pub fn builtin() -> Pipeline {
    let no_files = |_: &str| Err("it has no files".to_owned());
    match read(include_str!("demo.yml"), "demo.yml", &no_files) {
        Ok(loaded) => loaded.pipeline,
        // A test reads it; nobody sees this.
        Err(problems) => unreachable!("the built-in pipeline has mistakes: {problems:?}"),
    }
}
