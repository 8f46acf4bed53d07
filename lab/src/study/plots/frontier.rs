//! What each policy costs and how long its jobs wait; those that no other beats in both are joined.

use plotters::element::PathElement;
use plotters::style::Color;

use super::Run;
use super::axis::Axis;
use super::canvas::{
    Drawing, FAINT, Ground, INK, MARGIN, Place, Plane, TOP, WIDTH, beside, bold, line, plane,
    sheet, style, text_size, write,
};
use super::labels::{Label, placed};
use super::marks::mark;

const HEIGHT: i32 = 660;

/// A policy's place: its cost, and its p95 wait in seconds.
type Point = (f64, f64);

/// The picture.
pub(super) fn picture(workload: &str, runs: &[Run<'_>]) -> String {
    let title = format!("{workload}: what costs how much, and who waits");
    let subtitle = "lower and further left is better; what no other policy beats in both is joined";
    sheet(HEIGHT, &title, subtitle, |ground| {
        let points: Vec<Point> = runs.iter().map(point).collect();
        let place = Place {
            left: MARGIN,
            top: TOP,
            right: WIDTH - MARGIN,
            bottom: HEIGHT - MARGIN,
        };
        let names = (
            "cost: machine hours over those of the schedule that knows the future",
            "wait that 5 % of jobs exceed, in seconds (p95)",
        );
        let mut plane = plane(ground, place, axes(&points), names)?;
        let frontier = undominated(&points);
        let path: Vec<Point> = frontier.iter().map(|number| points[*number]).collect();
        line(&mut plane, path, FAINT.stroke_width(2))?;
        named(ground, &plane, runs, &points, &frontier)
    })
}

fn point(run: &Run<'_>) -> Point {
    (run.row.score.ratio(), run.row.score.wait_p95)
}

/// Costs are compared by factors, so that one that keeps ten machines ready leaves room for others.
fn axes(points: &[Point]) -> (Axis, Axis) {
    let costs = points.iter().map(|(cost, _)| *cost);
    let costs = costs.filter(|cost| cost.is_finite() && 0.0 < *cost);
    let (least, most) = costs.fold((f64::INFINITY, 0.0), |(least, most): Point, cost| {
        (least.min(cost), most.max(cost))
    });
    let ends = if least <= most {
        (least, most)
    } else {
        (1.0, 1.0)
    };
    let waits = points.iter().map(|(_, wait)| *wait).fold(0.0, f64::max);
    (
        Axis::of_factors(ends.0 / 1.1..ends.1 * 1.15),
        Axis::from_zero(waits * 1.05, 8),
    )
}

/// The numbers of the points that no other beats in cost and wait, the cheapest first. Of equal
/// points all are.
fn undominated(points: &[Point]) -> Vec<usize> {
    let beats = |one: &Point, other: &Point| {
        one.0 <= other.0 && one.1 <= other.1 && (one.0 < other.0 || one.1 < other.1)
    };
    let is_placed = |(cost, wait): &Point| cost.is_finite() && wait.is_finite();
    let mut found: Vec<usize> = (0..points.len())
        .filter(|number| is_placed(&points[*number]))
        .filter(|number| !points.iter().any(|other| beats(other, &points[*number])))
        .collect();
    found.sort_by(|one, other| points[*one].0.total_cmp(&points[*other].0));
    found
}

/// Marks and names, and a line from each name to its mark where the name had to stand far away.
fn named(
    ground: &Ground<'_>,
    plane: &Plane<'_, '_>,
    runs: &[Run<'_>],
    points: &[Point],
    frontier: &[usize],
) -> Drawing {
    let pixels: Vec<(i32, i32)> = points
        .iter()
        .map(|point| plane.backend_coord(point))
        .collect();
    let labels: Vec<Label> = runs
        .iter()
        .zip(&pixels)
        .map(|(run, at)| Label {
            at: *at,
            size: text_size(&run.row.policy),
        })
        .collect();
    let path: Vec<(i32, i32)> = frontier.iter().map(|number| pixels[*number]).collect();
    let (x, y) = plane.plotting_area().get_pixel_range();
    let bounds = Place {
        left: x.start,
        top: y.start,
        right: x.end,
        bottom: y.end,
    };
    let places = placed(&labels, &path, bounds);
    for (number, place) in places.iter().enumerate() {
        if let Some(end) = place.far_end {
            let leader = PathElement::new(vec![pixels[number], end], FAINT.mix(0.7));
            ground.draw(&leader)?;
        }
    }
    for (number, place) in places.iter().enumerate() {
        mark(ground, pixels[number], number)?;
        let letters = if frontier.contains(&number) {
            bold(INK)
        } else {
            style(FAINT)
        };
        let middle = (place.at.top + place.at.bottom) / 2;
        let at = (place.at.left, middle);
        write(ground, &runs[number].row.policy, at, &beside(letters))?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_another_beats_in_both_is_not_on_the_frontier() {
        let points = [
            (1.5, 40.0),
            (1.0, 90.0),
            (1.5, 41.0),
            (2.0, 40.0),
            (3.0, 10.0),
            (1.0, 90.0),
            (f64::NAN, 1.0),
        ];
        assert_eq!(undominated(&points), [1, 5, 0, 4]);
    }
}
