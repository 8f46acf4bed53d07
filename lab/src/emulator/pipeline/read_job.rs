//! One job of a file.

use std::collections::BTreeSet;
use std::time::Duration;

use super::read::{Context, time_limit};
use super::read_task::{env_vars, priority, texts, variable_name};
use super::{Axis, JobPlan, Spread};
use dayfly::document::{Reader, Table};

const JOB: [&str; 8] = [
    "name",
    "commands",
    "commands_file",
    "env_vars",
    "parallelism",
    "matrix",
    "priority",
    "execution_time_limit",
];
/// How many jobs `parallelism` may make (pipeline.md).
const PARALLELISM_MAX: i64 = 50;
/// How many jobs a matrix may make: a bound of our own, so that five lists of fifty values are
/// refused instead of filling the memory.
const PRODUCT_MAX: usize = 1000;

/// Reads the job at a position of its task.
pub(super) fn job(
    reader: &Reader<'_>,
    at: usize,
    limit: Duration,
    context: &Context<'_>,
) -> Option<JobPlan> {
    let table = reader.table(&JOB)?;
    let name = table.optional("name").and_then(|name| name.filled_text());
    let commands = commands(&table, context);
    if let Some(reader) = table.optional("priority") {
        priority(&reader, context);
    }
    let own_limit = time_limit(&table).unwrap_or(limit);
    let spread = spread(&table);
    Some(JobPlan {
        name: name.map_or_else(|| format!("Nameless job {}", at + 1), str::to_owned),
        env_vars: env_vars(&table),
        execution_time_limit: own_limit.min(limit),
        commands: commands?,
        spread: spread?,
    })
}

fn commands(table: &Table<'_>, context: &Context<'_>) -> Option<Vec<String>> {
    let list = table.optional("commands");
    let file = table.optional("commands_file");
    match (list, file) {
        (Some(list), None) => Some(texts(&list)),
        (None, Some(file)) => commands_file(&file, context),
        (Some(_), Some(_)) => {
            let found = "found both commands and commands_file";
            table.reader().wrong(found, "expected one of them");
            None
        }
        (None, None) => {
            table.missing("commands", "a list of commands, or commands_file beside it");
            None
        }
    }
}

/// Every line of the file that is not empty is a command.
fn commands_file(reader: &Reader<'_>, context: &Context<'_>) -> Option<Vec<String>> {
    let path = reader.filled_text()?;
    if path.starts_with('/') {
        reader.expected("a path relative to the folder of the pipeline file");
        return None;
    }
    match (context.files)(path) {
        Ok(text) => {
            let lines = text.lines().map(str::trim_end);
            let filled = lines.filter(|line| !line.is_empty());
            Some(filled.map(str::to_owned).collect())
        }
        Err(reason) => {
            let found = format!("cannot read {path:?}: {reason}");
            let expected = "expected a file with a command in each line, relative to the folder of the pipeline file";
            reader.wrong(found, expected);
            None
        }
    }
}

fn spread(table: &Table<'_>) -> Option<Spread> {
    let parallelism = table.optional("parallelism");
    let matrix = table.optional("matrix");
    match (parallelism, matrix) {
        (None, None) => Some(Spread::Single),
        (Some(parallelism), None) => {
            let count = parallelism.integer(1..=PARALLELISM_MAX)?;
            Some(Spread::Parallel(u32::try_from(count).ok()?))
        }
        (None, Some(matrix)) => self::matrix(&matrix).map(Spread::Matrix),
        (Some(_), Some(_)) => {
            let found = "found both parallelism and matrix";
            table.reader().wrong(found, "expected one of them");
            None
        }
    }
}

fn matrix(reader: &Reader<'_>) -> Option<Vec<Axis>> {
    let mut axes = Vec::new();
    let mut names = BTreeSet::new();
    let list = reader.list(1..=usize::MAX)?;
    for item in &list {
        let Some(axis) = axis(item) else {
            continue;
        };
        if !names.insert(axis.name.clone()) {
            let found = format!("the variable {} is in the matrix already", axis.name);
            item.wrong(found, "expected each variable once");
        }
        axes.push(axis);
    }
    let sizes = axes.iter().map(|axis| axis.values.len());
    let product = sizes.fold(1_usize, usize::saturating_mul);
    if product > PRODUCT_MAX {
        let found = format!("the matrix makes {product} jobs");
        reader.wrong(found, format!("expected at most {PRODUCT_MAX}"));
        return None;
    }
    (axes.len() == list.len()).then_some(axes)
}

fn axis(reader: &Reader<'_>) -> Option<Axis> {
    let table = reader.table(&["env_var", "values"])?;
    let name = table.required("env_var", "the variable's name");
    let values = table.required("values", "a list of texts");
    let (name, values) = (variable_name(&name?)?, values?);
    values.list(1..=usize::MAX)?;
    let texts = texts(&values);
    (!texts.is_empty()).then(|| Axis {
        name: name.to_owned(),
        values: texts,
    })
}
