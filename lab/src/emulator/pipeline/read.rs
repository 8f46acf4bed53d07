//! A pipeline file's text into a pipeline: every key of pipeline.md, and no other.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::graph::{self, Links};
use super::notice::Notices;
use super::read_task::{Common, agent, globals, task};
use super::{BlockPlan, FailFast, Loaded, Pipeline, Task};
use dayfly::document::{Format, Problem, Reader, Report, Scalar, Table, Value, parse};

/// The keys of a pipeline.
const PIPELINE: [&str; 12] = [
    "version",
    "name",
    "agent",
    "blocks",
    "global_job_config",
    "execution_time_limit",
    "fail_fast",
    "after_pipeline",
    "promotions",
    "queue",
    "auto_cancel",
    "partial_rerun",
];
/// Known, and without effect in a local run.
const IGNORED: [&str; 4] = ["promotions", "queue", "auto_cancel", "partial_rerun"];
const BLOCK: [&str; 6] = [
    "name",
    "dependencies",
    "task",
    "run",
    "skip",
    "execution_time_limit",
];
/// How many blocks a pipeline may have (pipeline.md).
const BLOCKS: RangeInclusive<usize> = 1..=300;
/// What a pipeline gets that does not say how long it may take (pipeline.md).
const TIME_LIMIT: Duration = Duration::from_secs(3600);
/// A year: no file means more, and no sum of such spans overflows.
const HOURS_MAX: i64 = 24 * 366;

/// Reads the text of a file named by `commands_file`, or says why it cannot.
pub type Files<'a> = dyn Fn(&str) -> Result<String, String> + 'a;

/// What every part of the reading needs.
pub(super) struct Context<'a> {
    pub(super) files: &'a Files<'a>,
    pub(super) notices: Notices,
}

/// Reads a pipeline. `file` names it in problems, `files` reads what `commands_file` names.
///
/// # Errors
/// Everything that is wrong with it, in the order of the file.
pub fn read(text: &str, file: &str, files: &Files<'_>) -> Result<Loaded, Vec<Problem>> {
    let root = parse(text, file, Format::Yaml)?;
    let report = Report::new(file);
    let context = Context {
        files,
        notices: Notices::default(),
    };
    let pipeline = pipeline(&Reader::new(&root, &report), &context);
    let problems = report.into_problems();
    match pipeline {
        Some(pipeline) if problems.is_empty() => Ok(Loaded {
            pipeline,
            notices: context.notices.into_sentences(),
        }),
        Some(_) | None => Err(problems),
    }
}

fn pipeline(root: &Reader<'_>, context: &Context<'_>) -> Option<Pipeline> {
    let table = root.table(&PIPELINE)?;
    for key in IGNORED {
        if table.optional(key).is_some() {
            context.notices.ignored(key);
        }
    }
    if let Some(version) = table.required("version", "v1.0") {
        version.word(&["v1.0"]);
    }
    let name = table.optional("name").and_then(|name| name.filled_text());
    let execution_time_limit = time_limit(&table).unwrap_or(TIME_LIMIT);
    let fail_fast = table.optional("fail_fast");
    let global = table.optional("global_job_config");
    let mut common = Common {
        agent_type: table
            .required("agent", "the machine that runs the jobs")
            .and_then(|reader| agent(&reader, context)),
        execution_time_limit,
        ..Common::default()
    };
    if let Some(global) = global {
        common = globals(&global, common, context);
    }
    let blocks = table.required("blocks", "a list of blocks");
    let blocks = blocks.and_then(|blocks| self::blocks(&blocks, &common, context));
    let after_pipeline = table.optional("after_pipeline");
    let after_pipeline = after_pipeline.and_then(|after| after_task(&after, &common, context));
    Some(Pipeline {
        name: name.unwrap_or("Pipeline").to_owned(),
        execution_time_limit,
        fail_fast: fail_fast
            .and_then(|reader| self::fail_fast(&reader, context))
            .unwrap_or_default(),
        blocks: blocks?,
        after_pipeline,
        working_tree: None,
    })
}

fn blocks(reader: &Reader<'_>, common: &Common, context: &Context<'_>) -> Option<Vec<BlockPlan>> {
    let mut plans = Vec::new();
    let mut links = Vec::new();
    for (at, item) in reader.list(BLOCKS)?.iter().enumerate() {
        let Some(table) = item.table(&BLOCK) else {
            continue;
        };
        let name = table.optional("name").and_then(|name| name.filled_text());
        let name = name.map_or_else(|| format!("Nameless block {}", at + 1), str::to_owned);
        links.push(Links::read(&table, &name));
        for key in ["run", "skip"] {
            condition(&table, key, context);
        }
        let mut common = common.clone();
        if let Some(limit) = time_limit(&table) {
            common.execution_time_limit = common.execution_time_limit.min(limit);
        }
        let reader = table.required("task", "the jobs of the block");
        plans.push((
            name,
            reader.and_then(|reader| task(&reader, common, context)),
        ));
    }
    let dependencies = graph::resolve(&links);
    let plan = |((name, task), dependencies): ((String, Option<Task>), Vec<usize>)| {
        Some(BlockPlan {
            name,
            dependencies,
            task: task?,
        })
    };
    plans.into_iter().zip(dependencies?).map(plan).collect()
}

fn after_task(reader: &Reader<'_>, common: &Common, context: &Context<'_>) -> Option<Task> {
    let table = reader.table(&["task"])?;
    let reader = table.required("task", "the jobs to run at the end")?;
    task(&reader, common.clone(), context)
}

/// `run` or `skip`: known by shape alone.
fn condition(table: &Table<'_>, key: &str, context: &Context<'_>) {
    let Some(reader) = table.optional(key) else {
        return;
    };
    if let Some(table) = reader.table(&["when"])
        && let Some(when) = table.required("when", "a condition")
    {
        is_condition(&when);
        context.notices.condition(reader.path());
    }
}

fn is_condition(when: &Reader<'_>) -> bool {
    let fits = matches!(
        when.value(),
        Value::Scalar(Scalar::Text(_) | Scalar::Boolean(_))
    );
    if !fits {
        when.expected("a condition, in quotes");
    }
    fits
}

fn fail_fast(reader: &Reader<'_>, context: &Context<'_>) -> Option<FailFast> {
    let table = reader.table(&["stop", "cancel"])?;
    let (stop, cancel) = (table.optional("stop"), table.optional("cancel"));
    let (policy, reader) = match (stop, cancel) {
        (Some(stop), None) => (FailFast::Stop, stop),
        (None, Some(cancel)) => (FailFast::Cancel, cancel),
        (Some(_), Some(_)) => {
            reader.wrong("found both stop and cancel", "expected one of them");
            return None;
        }
        (None, None) => {
            reader.wrong("found neither stop nor cancel", "expected one of them");
            return None;
        }
    };
    let table = reader.table(&["when"])?;
    let when = table.required("when", "a condition")?;
    if !is_condition(&when) {
        return None;
    }
    match when.value() {
        Value::Scalar(Scalar::Boolean(true)) => Some(policy),
        Value::Scalar(Scalar::Boolean(false)) => None,
        Value::Scalar(Scalar::Text(text)) if text == "true" => Some(policy),
        Value::Scalar(Scalar::Text(text)) if text == "false" => None,
        Value::Scalar(_) | Value::List(_) | Value::Map(_) => {
            context.notices.fail_fast();
            Some(policy)
        }
    }
}

/// `execution_time_limit` of a pipeline, a block or a job: hours or minutes.
pub(super) fn time_limit(table: &Table<'_>) -> Option<Duration> {
    let reader = table.optional("execution_time_limit")?;
    let table = reader.table(&["hours", "minutes"])?;
    let (hours, minutes) = (table.optional("hours"), table.optional("minutes"));
    let (reader, most, seconds) = match (hours, minutes) {
        (Some(hours), None) => (hours, HOURS_MAX, 3600),
        (None, Some(minutes)) => (minutes, HOURS_MAX * 60, 60),
        (Some(_), Some(_)) => {
            reader.wrong("found both hours and minutes", "expected one of them");
            return None;
        }
        (None, None) => {
            reader.wrong("found neither hours nor minutes", "expected one of them");
            return None;
        }
    };
    let number = u64::try_from(reader.integer(1..=most)?).ok()?;
    Some(Duration::from_secs(number * seconds))
}
