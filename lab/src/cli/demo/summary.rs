//! The table at the end of a demo: one line for each job, and what it all took.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::record::{JobRow, Record};
use crate::cli::output::Style;

/// The summary, for people.
pub(super) fn summary(record: &Record, style: Style) -> String {
    let mut text = String::from("\n");
    let width = |of: fn(&JobRow) -> &str, title: &str| {
        let longest = record.jobs.iter().map(|job| of(job).chars().count()).max();
        longest.unwrap_or(0).max(title.len())
    };
    let (block, name) = (
        width(|job| &job.block, "block"),
        width(|job| &job.name, "job"),
    );
    line(
        &mut text,
        format_args!(
            "{:block$}  {:name$}  {:>7}  {:>7}  {:<10}  machine",
            "block", "job", "wait", "run", "result"
        ),
    );
    for job in &record.jobs {
        let result = style.paint(colour(job.result), &format!("{:<10}", job.result));
        line(
            &mut text,
            format_args!(
                "{:block$}  {:name$}  {:>7}  {:>7}  {result}  {}",
                job.block,
                job.name,
                spoken(job.waited_ms()),
                spoken(job.ran_ms()),
                job.machine.as_deref().unwrap_or("-")
            ),
        );
    }
    text.push('\n');
    line(&mut text, format_args!("{}", totals(record)));
    for notice in &record.notices {
        line(&mut text, format_args!("notice: {notice}"));
    }
    text
}

/// One sentence about jobs, waits and machines.
fn totals(record: &Record) -> String {
    let passed = record
        .jobs
        .iter()
        .filter(|job| job.result == "passed")
        .count();
    let machines: BTreeSet<&str> = record
        .jobs
        .iter()
        .filter_map(|job| job.machine.as_deref())
        .collect();
    let waits = record.waits_seconds;
    format!(
        "{passed} of {} jobs passed, on {} machines of their own; waits: half under {:.1} s, \
         the longest {:.1} s.\n{} machines launched, {} at once, {} left over.",
        record.jobs.len(),
        machines.len(),
        waits.p50,
        waits.max,
        record.machines.launched,
        record.machines.peak,
        record.machines.alive
    )
}

fn spoken(milliseconds: Option<u64>) -> String {
    milliseconds.map_or_else(
        || "-".to_owned(),
        |time| format!("{}.{} s", time / 1000, time % 1000 / 100),
    )
}

/// The ANSI colour of a result.
fn colour(result: &str) -> &'static str {
    match result {
        "passed" => "32",
        "failed" => "31",
        _ => "33",
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    writeln!(text, "{arguments}").expect("writing to a string cannot fail");
}
