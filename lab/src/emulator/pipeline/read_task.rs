//! A task: what its jobs have in common, merged behind what the whole pipeline has in common.

use std::ops::RangeInclusive;
use std::time::Duration;

use super::read::Context;
use super::read_job::job;
use super::{Epilogue, Task, Variable};
use dayfly::document::{Reader, Table};
use dayfly::model::id::AgentType;

const TASK: [&str; 6] = [
    "agent", "prologue", "epilogue", "env_vars", "secrets", "jobs",
];
const GLOBAL: [&str; 5] = ["prologue", "epilogue", "env_vars", "secrets", "priority"];
const CONTAINER: [&str; 7] = [
    "name",
    "image",
    "command",
    "entrypoint",
    "user",
    "env_vars",
    "secrets",
];
/// How many jobs a task may have (pipeline.md).
const JOBS: RangeInclusive<usize> = 1..=50;
const ANY: RangeInclusive<usize> = 0..=usize::MAX;

/// What a task starts from: the pipeline's agent, the global settings, the limits around it.
#[derive(Clone, Debug, Default)]
pub(super) struct Common {
    /// `None` if it was wrong or missing, which is reported by then.
    pub(super) agent_type: Option<AgentType>,
    pub(super) env_vars: Vec<Variable>,
    pub(super) prologue: Vec<String>,
    pub(super) epilogue: Epilogue,
    pub(super) execution_time_limit: Duration,
}

/// Adds `global_job_config`.
pub(super) fn globals(reader: &Reader<'_>, mut common: Common, context: &Context<'_>) -> Common {
    if let Some(table) = reader.table(&GLOBAL) {
        common.add(&table, context);
        if let Some(reader) = table.optional("priority") {
            priority(&reader, context);
        }
    }
    common
}

/// Reads a task on top of what is common to all.
pub(super) fn task(reader: &Reader<'_>, mut common: Common, context: &Context<'_>) -> Option<Task> {
    let table = reader.table(&TASK)?;
    if let Some(reader) = table.optional("agent") {
        common.agent_type = agent(&reader, context);
    }
    common.add(&table, context);
    let mut jobs = Vec::new();
    let list = table.required("jobs", "a list of jobs")?.list(JOBS)?;
    for (at, item) in list.iter().enumerate() {
        jobs.extend(job(item, at, common.execution_time_limit, context));
    }
    Some(Task {
        agent_type: common.agent_type?,
        env_vars: common.env_vars,
        prologue: common.prologue,
        epilogue: common.epilogue,
        execution_time_limit: common.execution_time_limit,
        jobs,
    })
}

impl Common {
    /// Adds the keys that a task and `global_job_config` share.
    fn add(&mut self, table: &Table<'_>, context: &Context<'_>) {
        if let Some(reader) = table.optional("prologue") {
            self.prologue.extend(commands_of(&reader));
        }
        if let Some(reader) = table.optional("epilogue") {
            self.epilogue(&reader);
        }
        self.env_vars.extend(env_vars(table));
        if let Some(reader) = table.optional("secrets") {
            secrets(&reader, context);
        }
    }

    fn epilogue(&mut self, reader: &Reader<'_>) {
        let Some(table) = reader.table(&["always", "on_pass", "on_fail"]) else {
            return;
        };
        let commands = |key| {
            let reader = table.optional(key);
            reader.map_or_else(Vec::new, |reader| commands_of(&reader))
        };
        self.epilogue.always.extend(commands("always"));
        self.epilogue.on_pass.extend(commands("on_pass"));
        self.epilogue.on_fail.extend(commands("on_fail"));
    }
}

/// `{commands: [...]}`.
fn commands_of(reader: &Reader<'_>) -> Vec<String> {
    let table = reader.table(&["commands"]);
    let commands = table.and_then(|table| table.required("commands", "a list of commands"));
    commands.map_or_else(Vec::new, |commands| texts(&commands))
}

/// A list of texts, owned.
pub(super) fn texts(reader: &Reader<'_>) -> Vec<String> {
    let texts = reader.texts().unwrap_or_default();
    texts.into_iter().map(str::to_owned).collect()
}

/// `env_vars: [{name, value}]`. A value may be a secret, so no problem shows one.
pub(super) fn env_vars(table: &Table<'_>) -> Vec<Variable> {
    let list = table.optional("env_vars").and_then(|list| list.list(ANY));
    let variable = |item: Reader<'_>| {
        let table = item.table(&["name", "value"])?;
        let name = table.required("name", "the variable's name");
        let value = table.required("value", "the variable's value");
        let (name, value) = (variable_name(&name?)?, value?.hidden().text()?);
        Some(Variable {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    };
    let variables = list.unwrap_or_default().into_iter();
    variables.filter_map(variable).collect()
}

/// A name that bash can export.
pub(super) fn variable_name<'a>(reader: &Reader<'a>) -> Option<&'a str> {
    let name = reader.text()?;
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    if name.is_empty() || !is_word || name.starts_with(|c: char| c.is_ascii_digit()) {
        reader.expected("letters, digits and _, and no digit in front");
        return None;
    }
    Some(name)
}

fn secrets(reader: &Reader<'_>, context: &Context<'_>) {
    for item in reader.list(ANY).unwrap_or_default() {
        let table = item.table(&["name"]);
        let name = table.and_then(|table| table.required("name", "the secret's name"));
        if let Some(name) = name.and_then(|name| name.filled_text()) {
            context.notices.secret(name);
        }
    }
}

/// `priority: [{value, when}]`, known by shape alone.
pub(super) fn priority(reader: &Reader<'_>, context: &Context<'_>) {
    context.notices.priority();
    for item in reader.list(ANY).unwrap_or_default() {
        if let Some(table) = item.table(&["value", "when"]) {
            if let Some(value) = table.required("value", "a number from 0 to 100") {
                value.integer(0..=100);
            }
            table.required("when", "a condition");
        }
    }
}

/// `agent` of a pipeline or a task: the agent type that takes its jobs.
pub(super) fn agent(reader: &Reader<'_>, context: &Context<'_>) -> Option<AgentType> {
    let table = reader.table(&["machine", "containers"])?;
    let machine = table.required("machine", "the type of the machine");
    if let Some(reader) = table.optional("containers") {
        containers(&reader);
    }
    let table = machine?.table(&["type", "os_image"])?;
    if let Some(image) = table.optional("os_image") {
        image.text();
    }
    let machine_type = table.required("type", "an agent type, such as s1-linux")?;
    let text = machine_type.filled_text()?;
    if !text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    {
        machine_type.expected("letters, digits, '-', '_' and '.'");
        return None;
    }
    if text.starts_with("s1-") {
        return Some(AgentType::new(text));
    }
    // The hub takes agents for names with s1- alone (protocol.md 9.2).
    let agent_type = format!("s1-{text}");
    context.notices.hosted(text, &agent_type);
    Some(AgentType::new(agent_type))
}

fn containers(reader: &Reader<'_>) {
    let Some(list) = reader.list(ANY) else {
        return;
    };
    for item in &list {
        let Some(table) = item.table(&CONTAINER) else {
            continue;
        };
        for key in ["name", "image"] {
            if let Some(value) = table.required(key, "a text") {
                value.filled_text();
            }
        }
        env_vars(&table);
    }
    if !list.is_empty() {
        reader.wrong(
            format!("found {} to run the jobs in", counted(list.len())),
            "a local run has no containers: take `containers` out, and the jobs run in the machine's own shell",
        );
    }
}

fn counted(containers: usize) -> String {
    match containers {
        1 => "a container".to_owned(),
        more => format!("{more} containers"),
    }
}
