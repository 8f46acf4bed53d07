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

/// The row that fulfils the wish at the least cost in the other: the cheapest that is soon enough,
/// or the soonest that is cheap enough.
pub fn advised(rows: &[Row], wish: Wish, hourly: f64) -> Option<&Row> {
    let cheaper = |one: &&Row, other: &&Row| {
        one.score
            .machine_hours
            .total_cmp(&other.score.machine_hours)
    };
    let sooner = |one: &&Row, other: &&Row| one.score.wait_p95.total_cmp(&other.score.wait_p95);
    match wish {
        Wish::WaitP95(seconds) => {
            let soon_enough = rows.iter().filter(|row| row.score.wait_p95 <= seconds);
            soon_enough.min_by(cheaper)
        }
        Wish::Dollars(dollars) => {
            let cheap_enough = rows
                .iter()
                .filter(|row| row.score.machine_hours * hourly <= dollars);
            cheap_enough.min_by(sooner)
        }
    }
}

/// What somebody wants of a policy.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Wish {
    /// That nineteen in twenty jobs wait for so many seconds at most.
    WaitP95(f64),
    /// That the scored days cost so many dollars at most.
    Dollars(f64),
}

/// Appends to a text.
pub(super) fn write_now(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    text.write_fmt(arguments)
        .expect("writing to a string cannot fail");
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(policy: &str, wait_p95: f64, machine_hours: f64) -> Row {
        Row {
            workload: "w".to_owned(),
            policy: policy.to_owned(),
            score: Score {
                wait_p95,
                machine_hours,
                bound_hours: 10.0,
                ..Score::default()
            },
        }
    }

    #[test]
    fn the_cheapest_that_is_soon_enough_is_advised_or_the_soonest_that_is_cheap_enough() {
        let rows = [
            row("a", 80.0, 10.0),
            row("b", 40.0, 13.0),
            row("c", 30.0, 20.0),
        ];
        let advised = |wish| advised(&rows, wish, 0.5).map(|row| row.policy.as_str());
        assert_eq!(advised(Wish::WaitP95(45.0)), Some("b"));
        assert_eq!(advised(Wish::WaitP95(90.0)), Some("a"));
        assert_eq!(advised(Wish::WaitP95(10.0)), None);
        assert_eq!(advised(Wish::Dollars(7.0)), Some("b"));
        assert_eq!(advised(Wish::Dollars(1.0)), None);
    }

    #[test]
    fn a_policy_is_set_against_another_by_factors() {
        let text = against(&[row("ours", 40.0, 13.0), row("aas", 80.0, 26.0)], "aas");
        assert!(
            text.contains("p95 x0.50") && text.contains("cost x0.50"),
            "{text}"
        );
    }
}
