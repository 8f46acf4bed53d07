//! A study's results as pictures: a day, the law of waits, and what costs how much.
//!
//! The same results give the same bytes. Texts are set by whoever shows the picture; how wide they
//! become is estimated here.

mod axis;
mod canvas;
mod day;
mod frontier;
mod labels;
mod marks;
mod waits;

use super::report::Row;
use super::sight::Sight;

/// One picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// The name of its file, which begins with the workload's.
    pub name: String,
    /// The picture as SVG.
    pub svg: String,
}

/// How a policy did on the workload that is drawn.
#[derive(Clone, Copy, Debug)]
struct Run<'a> {
    row: &'a Row,
    sight: &'a Sight,
}

/// Three pictures for each workload. `sights` are those of the rows, in the same order; the rows of
/// a workload follow each other.
pub fn plots(rows: &[Row], sights: &[Sight]) -> Vec<Plot> {
    let runs: Vec<Run<'_>> = rows
        .iter()
        .zip(sights)
        .map(|(row, sight)| Run { row, sight })
        .collect();
    let of_workloads = runs.chunk_by(|one, other| one.row.workload == other.row.workload);
    of_workloads.flat_map(of_workload).collect()
}

fn of_workload(runs: &[Run<'_>]) -> [Plot; 3] {
    let workload = &runs[0].row.workload;
    let plot = |what: &str, svg| Plot {
        name: format!("{workload}-{what}.svg"),
        svg,
    };
    [
        plot("day", day::picture(workload, runs)),
        plot("waits", waits::picture(workload, runs)),
        plot("frontier", frontier::picture(workload, runs)),
    ]
}
