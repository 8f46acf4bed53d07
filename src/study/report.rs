//! A study's results as a table for people.

use std::fmt::Write;

use super::score::Score;

/// One row: what was run, and how it did.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Row {
    /// The workload's name.
    pub workload: String,
    /// The policy's name.
    pub policy: String,
    /// The mean over the seeds.
    pub score: Score,
}

/// What a table's columns mean, in one line under it.
pub const LEGEND: &str =
    "waits in seconds; cost: machine hours over those of the schedule that knows the future\n";

/// The rows as a table. `hourly` is the price of a machine in dollars.
pub fn table(rows: &[Row], hourly: f64) -> String {
    let mut text = String::new();
    let head = [
        "workload", "policy", "jobs", "mean", "p50", "p95", "p99", "hours", "dollars", "launches",
        "wasted", "cost",
    ];
    line(&mut text, &head.map(str::to_owned));
    for row in rows {
        let score = &row.score;
        line(
            &mut text,
            &[
                row.workload.clone(),
                row.policy.clone(),
                score.jobs.to_string(),
                format!("{:.1}", score.wait_mean),
                format!("{:.1}", score.wait_p50),
                format!("{:.1}", score.wait_p95),
                format!("{:.1}", score.wait_p99),
                format!("{:.1}", score.machine_hours),
                format!("{:.2}", score.machine_hours * hourly),
                score.launches.to_string(),
                score.wasted.to_string(),
                format!("{:.2}", score.ratio()),
            ],
        );
        if 0 < score.unserved {
            write_now(
                &mut text,
                format_args!("  {} jobs never started\n", score.unserved),
            );
        }
    }
    text
}

fn line(text: &mut String, cells: &[String; 12]) {
    for (at, cell) in cells.iter().enumerate() {
        match at {
            0 => write_now(text, format_args!("{cell:<9}")),
            1 => write_now(text, format_args!(" {cell:<13}")),
            _ => write_now(text, format_args!(" {cell:>8}")),
        }
    }
    text.push('\n');
}

/// Every policy against one of them: the factors of p95, mean and cost.
pub fn against(rows: &[Row], base: &str) -> String {
    let mut text = String::new();
    for row in rows.iter().filter(|row| row.policy != base) {
        let same = |other: &&Row| other.workload == row.workload && other.policy == base;
        let Some(other) = rows.iter().find(same) else {
            continue;
        };
        let (ours, theirs) = (&row.score, &other.score);
        write_now(
            &mut text,
            format_args!(
                "{:<9} {:<13} against {base}: p95 x{:.2}, mean x{:.2}, cost x{:.2}\n",
                row.workload,
                row.policy,
                ours.wait_p95 / theirs.wait_p95,
                ours.wait_mean / theirs.wait_mean,
                ours.machine_hours / theirs.machine_hours,
            ),
        );
    }
    text
}

fn write_now(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("writing to a string cannot fail");
}
