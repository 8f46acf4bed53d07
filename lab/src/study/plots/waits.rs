//! How many jobs waited for how long, a line for each policy.

use plotters::element::PathElement;
use plotters::style::Color;

use super::Run;
use super::axis::Axis;
use super::canvas::{
    Drawing, FAINT, Ground, INK, MARGIN, Place, Plane, TOP, WIDTH, beside, line, plane, sheet,
    style, text_size, write,
};
use super::marks::{MARK, colour, mark};
use crate::study::sight::SHARES;

const HEIGHT: i32 = 560;
/// From name to name, beside the plot.
const ROW: i32 = 22;
/// The thousandth of jobs up to whose wait the axis goes: the slowest hundredth would take most of
/// the picture.
const SHOWN: usize = 990;
/// A line has a mark each so many thousandths of jobs; those of the next policy are further up, so
/// that marks lie beside each other where lines do.
const MARKED: usize = 140;
const MARKED_NEXT: usize = 53;

/// The picture.
pub(super) fn picture(workload: &str, runs: &[Run<'_>]) -> String {
    let title = format!("{workload}: how long jobs wait");
    let subtitle = "scored jobs of the first seed; the axis ends where the slowest policy has \
                    served 99 % of its own";
    let count = i32::try_from(runs.len()).unwrap_or(i32::MAX);
    let height = HEIGHT.max(TOP + count * ROW + MARGIN);
    sheet(height, &title, subtitle, |ground| {
        let names = runs.iter().map(|run| text_size(&run.row.policy).0);
        let right = WIDTH - MARGIN - names.max().unwrap_or_default() - 70;
        let place = Place {
            left: MARGIN,
            top: TOP,
            right,
            bottom: height - MARGIN,
        };
        let axes = (
            Axis::from_zero(longest(runs), 10),
            Axis::stepped(100.0, 10.0),
        );
        let mut plane = plane(
            ground,
            place,
            axes,
            ("wait in seconds", "% of jobs that waited for less"),
        )?;
        guide(ground, &mut plane, 50.0, "half")?;
        guide(ground, &mut plane, 95.0, "19 of 20")?;
        lines(ground, &mut plane, runs)?;
        legend(ground, right + 20, runs)
    })
}

/// The longest wait that is shown, in seconds.
fn longest(runs: &[Run<'_>]) -> f64 {
    let shown = runs
        .iter()
        .flat_map(|run| run.sight.waits.iter().take(SHOWN + 1));
    let finite = shown.copied().filter(|wait| wait.is_finite());
    finite.fold(0.0, f64::max)
}

/// A line across the plot, with a word at its right end, where no other line is below it.
fn guide(ground: &Ground<'_>, plane: &mut Plane<'_, '_>, share: f64, text: &str) -> Drawing {
    let end = plane.x_range().end;
    line(plane, vec![(0.0, share), (end, share)], FAINT.mix(0.6))?;
    let (x, y) = plane.backend_coord(&(end, share));
    write(
        ground,
        text,
        (x - text_size(text).0 - 6, y + 5),
        &style(FAINT),
    )
}

fn lines(ground: &Ground<'_>, plane: &mut Plane<'_, '_>, runs: &[Run<'_>]) -> Drawing {
    let end = plane.x_range().end;
    for (number, run) in runs.iter().enumerate() {
        line(
            plane,
            course(&run.sight.waits, end),
            colour(number).stroke_width(2),
        )?;
    }
    for (number, run) in runs.iter().enumerate() {
        let first = MARKED / 2 + number * MARKED_NEXT % MARKED;
        for share in (first..SHARES).step_by(MARKED) {
            let wait = run.sight.waits.get(share).copied();
            if let Some(wait) = wait.filter(|wait| *wait <= end) {
                let at = plane.backend_coord(&(wait, percent(share)));
                mark(ground, at, number)?;
            }
        }
    }
    Ok(())
}

/// The line of a law of waits up to the axis's end, and across it if jobs waited for longer.
fn course(waits: &[f64], end: f64) -> Vec<(f64, f64)> {
    let mut points = vec![(0.0, 0.0)];
    let mut last = (0.0, 0.0);
    for (share, wait) in waits.iter().enumerate() {
        last = (wait.min(end), percent(share));
        let is_new = points.last() != Some(&last);
        if is_new {
            points.push(last);
        }
        if end < *wait {
            return points;
        }
    }
    points.push((end, last.1));
    points
}

fn percent(share: usize) -> f64 {
    f64::from(u32::try_from(share).unwrap_or(u32::MAX)) / 10.0
}

fn legend(ground: &Ground<'_>, left: i32, runs: &[Run<'_>]) -> Drawing {
    let mut middle = TOP + 8;
    for (number, run) in runs.iter().enumerate() {
        let ends = vec![(left, middle), (left + 6 * MARK, middle)];
        let path = PathElement::new(ends, colour(number).stroke_width(2));
        ground.draw(&path)?;
        mark(ground, (left + 3 * MARK, middle), number)?;
        write(
            ground,
            &run.row.policy,
            (left + 6 * MARK + 8, middle),
            &beside(style(INK)),
        )?;
        middle += ROW;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_reaches_the_end_where_all_have_started_and_crosses_it_where_not() {
        assert_eq!(
            course(&[1.0, 2.0, 2.0], 9.0),
            [(0.0, 0.0), (1.0, 0.0), (2.0, 0.1), (2.0, 0.2), (9.0, 0.2)]
        );
        assert_eq!(
            course(&[1.0, f64::INFINITY, f64::INFINITY], 9.0),
            [(0.0, 0.0), (1.0, 0.0), (9.0, 0.1)]
        );
    }
}
