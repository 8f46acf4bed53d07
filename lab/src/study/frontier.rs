//! Which policies nobody should choose: those that another one beats in everything at once.

use dayfly::forecast::worth::WORTHS;

use super::contender::Contender;
use super::names::contenders;
use super::report::{Row, write_now};
use super::score::Score;

/// What a frontier is drawn of: our policies at many worths, without and with pipelines in sight,
/// fixed reserves, and the others. The bounds are none of them: nobody can choose these.
pub fn policies() -> Vec<String> {
    let ours = |name: &'static str| WORTHS.map(|worth| format!("{name}-{worth}"));
    let mut names = vec!["reactive".to_owned()];
    names.extend(ours("ours"));
    names.extend(ours("ours-ahead"));
    let is_other = |contender: &Contender| match contender {
        Contender::Ours { reserve, .. } => 0 < *reserve,
        Contender::Group(_) | Contender::Webhook { .. } | Contender::Taskscaler { .. } => true,
        Contender::ZeroIdle | Contender::Knowing { .. } => false,
    };
    let all = contenders().into_iter();
    let others = all.filter(|(_, contender, _)| is_other(contender));
    names.extend(others.map(|(name, _, _)| name.to_owned()));
    names
}

/// Costs that differ by less are the same: half a percent, the noise of a week.
const SAME_COST: f64 = 1.005;

/// A policy on one workload, and which one beats it, if one does.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Placed<'a> {
    /// The policy and how it did.
    #[serde(flatten)]
    pub row: &'a Row,
    /// The cheapest that costs no more and lets nobody wait longer.
    pub beaten_by: Option<&'a str>,
}

/// The rows of each workload by their cost, each with who beats it.
pub fn placed(rows: &[Row]) -> Vec<Placed<'_>> {
    let of_workloads = rows.chunk_by(|one, other| one.workload == other.workload);
    of_workloads.flat_map(of_workload).collect()
}

fn of_workload(rows: &[Row]) -> Vec<Placed<'_>> {
    let mut sorted: Vec<&Row> = rows.iter().collect();
    sorted.sort_by(|one, other| {
        one.score
            .machine_hours
            .total_cmp(&other.score.machine_hours)
    });
    let mut placed = Vec::new();
    for row in &sorted {
        let better = sorted.iter().find(|it| beats(&it.score, &row.score));
        let beaten_by = better.map(|better| better.policy.as_str());
        placed.push(Placed { row, beaten_by });
    }
    placed
}

/// Whether one is at least as good in cost, mean and p95, and better in one of them.
fn beats(one: &Score, other: &Score) -> bool {
    let is_cheaper = one.machine_hours * SAME_COST < other.machine_hours;
    one.machine_hours <= other.machine_hours * SAME_COST
        && one.wait_mean <= other.wait_mean
        && one.wait_p95 <= other.wait_p95
        && (is_cheaper || one.wait_mean < other.wait_mean || one.wait_p95 < other.wait_p95)
}

/// The frontier of each workload, from cheap to soon, and then who is beaten by whom.
pub fn text(placed: &[Placed<'_>]) -> String {
    let mut text = String::new();
    let of_workloads = placed.chunk_by(|one, other| one.row.workload == other.row.workload);
    for of_workload in of_workloads {
        write_now(
            &mut text,
            format_args!(
                "{}: cost, mean and p95 of those that no other beats in all three\n",
                of_workload[0].row.workload
            ),
        );
        for Placed { row, .. } in of_workload.iter().filter(|it| it.beaten_by.is_none()) {
            write_now(&mut text, format_args!("{}\n", line(row)));
        }
        write_now(&mut text, format_args!("beaten\n"));
        for Placed { row, beaten_by } in of_workload {
            if let Some(better) = beaten_by {
                write_now(&mut text, format_args!("{} by {better}\n", line(row)));
            }
        }
    }
    text
}

fn line(row: &Row) -> String {
    let score = &row.score;
    format!(
        "  {:<15} {:>6.2} {:>7.1} {:>7.1}",
        row.policy,
        score.ratio(),
        score.wait_mean,
        score.wait_p95
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(policy: &str, machine_hours: f64, wait_mean: f64, wait_p95: f64) -> Row {
        Row {
            workload: "w".to_owned(),
            policy: policy.to_owned(),
            score: Score {
                machine_hours,
                wait_mean,
                wait_p95,
                bound_hours: 10.0,
                ..Score::default()
            },
        }
    }

    #[test]
    fn whoever_is_beaten_in_everything_is_not_on_the_frontier() {
        let rows = [
            row("dear", 20.0, 5.0, 10.0),
            row("cheap", 10.0, 40.0, 90.0),
            row("dear and slow", 20.0, 30.0, 10.0),
            row("same", 10.04, 40.0, 90.0),
            row("soon", 12.0, 20.0, 95.0),
            row("as soon and dearer", 13.0, 20.0, 95.0),
        ];
        let placed = placed(&rows);
        let of = |it: &Placed<'_>| (it.row.policy.clone(), it.beaten_by.map(str::to_owned));
        let expected = [
            ("cheap", None),
            ("same", None),
            ("soon", None),
            ("as soon and dearer", Some("soon")),
            ("dear", None),
            ("dear and slow", Some("dear")),
        ];
        let expected = expected.map(|(name, by)| (name.to_owned(), by.map(str::to_owned)));
        assert_eq!(placed.iter().map(of).collect::<Vec<_>>(), expected);
        let text = text(&placed);
        assert!(
            text.contains("dear and slow") && text.contains("by dear"),
            "{text}"
        );
    }
}
