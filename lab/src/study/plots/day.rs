//! One day by the hour, policy below policy: what waits, what runs, what is paid for.

use plotters::prelude::{AreaSeries, Rectangle};
use plotters::style::{Color, RGBColor, ShapeStyle};

use super::Run;
use super::axis::Axis;
use super::canvas::{
    Drawing, FAINT, Ground, INK, LEFT, MARGIN, Place, Plane, TOP, WIDTH, beside, bold, line, plane,
    sheet, style, text_size, write,
};
use crate::study::sight::Minute;
use crate::study::workload::DAY;
use dayfly::model::hours::Weekday;

/// From light to dark, so that they differ without colour too.
const ALIVE: RGBColor = RGBColor(196, 220, 240);
const RUNNING: RGBColor = RGBColor(86, 148, 201);
const QUEUED: RGBColor = RGBColor(178, 34, 34);
/// A line around what is light.
const ALIVE_EDGE: RGBColor = RGBColor(120, 160, 195);

const PANEL: i32 = 176;
/// Above each panel: the policy's name.
const NAME: i32 = 26;
const LEGEND: i32 = 24;
const FOOT: i32 = 34;
const HOUR: f64 = 60.0;

/// The picture.
pub(super) fn picture(workload: &str, runs: &[Run<'_>]) -> String {
    let weekday = Weekday::of_day(runs[0].sight.midnight / DAY);
    let title = format!("{workload}: its busiest scored day, a {weekday:?}");
    let subtitle =
        "the most at once in each minute, of the first seed; all panels have the same axes";
    let count = i32::try_from(runs.len()).unwrap_or(i32::MAX);
    let height = TOP + LEGEND + count * PANEL + FOOT;
    let most = runs.iter().flat_map(|run| &run.sight.minutes).map(most);
    let most = most.max().unwrap_or_default();
    sheet(height, &title, subtitle, |ground| {
        legend(ground)?;
        let mut top = TOP + LEGEND;
        for run in runs {
            panel(ground, top, run, f64::from(most))?;
            top += PANEL;
        }
        let name = "hour of the day (UTC)";
        let left = (MARGIN + WIDTH) / 2 - text_size(name).0 / 2;
        write(ground, name, (left, top + 4), &style(INK))
    })
}

fn most(minute: &Minute) -> u32 {
    minute.queued.max(minute.running).max(minute.alive)
}

fn panel(ground: &Ground<'_>, top: i32, run: &Run<'_>, most: f64) -> Drawing {
    let place = Place {
        left: MARGIN,
        top: top + NAME,
        right: WIDTH - MARGIN,
        bottom: top + PANEL,
    };
    let axes = (Axis::stepped(24.0, 2.0), Axis::from_zero(most, 4));
    let mut plane = plane(ground, place, axes, ("", "number"))?;
    let minutes = &run.sight.minutes;
    area(
        &mut plane,
        minutes,
        |minute| minute.alive,
        (ALIVE, ALIVE_EDGE),
    )?;
    area(
        &mut plane,
        minutes,
        |minute| minute.running,
        (RUNNING, RUNNING),
    )?;
    let queued = course(minutes, |minute| minute.queued);
    line(&mut plane, queued, QUEUED.stroke_width(2))?;
    write(
        ground,
        &run.row.policy,
        (MARGIN + LEFT, top + 6),
        &bold(INK),
    )
}

fn area(
    plane: &mut Plane<'_, '_>,
    minutes: &[Minute],
    get: fn(&Minute) -> u32,
    (fill, edge): (RGBColor, RGBColor),
) -> Drawing {
    let area = AreaSeries::new(course(minutes, get), 0.0, fill.filled());
    let edge: ShapeStyle = edge.into();
    plane.draw_series(area.border_style(edge)).map(drop)
}

/// The hours and numbers of a day, without the points that a straight line passes anyway.
fn course(minutes: &[Minute], get: fn(&Minute) -> u32) -> Vec<(f64, f64)> {
    let numbers: Vec<u32> = minutes.iter().map(get).collect();
    let is_needed = |at: usize| {
        let before = at.checked_sub(1).and_then(|before| numbers.get(before));
        let next = numbers.get(at + 1);
        before != Some(&numbers[at]) || next != Some(&numbers[at])
    };
    let mut hour = 0.5 / HOUR;
    let mut points = Vec::new();
    for (at, number) in numbers.iter().enumerate() {
        if is_needed(at) {
            points.push((hour, f64::from(*number)));
        }
        hour += 1.0 / HOUR;
    }
    points
}

fn legend(ground: &Ground<'_>) -> Drawing {
    let mut left = MARGIN + LEFT;
    let middle = TOP + 6;
    let entries = [
        ("machines that are paid for", ALIVE, 7),
        ("jobs that run", RUNNING, 7),
        ("jobs that wait", QUEUED, 1),
    ];
    for (text, colour, half) in entries {
        let corners = [(left, middle - half), (left + 26, middle + half)];
        ground.draw(&Rectangle::new(corners, colour.filled()))?;
        write(ground, text, (left + 34, middle), &beside(style(FAINT)))?;
        left += 34 + text_size(text).0 + 34;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_course_keeps_its_ends_and_its_corners() {
        let minutes = [3, 3, 3, 3, 5, 3].map(|queued| Minute {
            queued,
            ..Minute::default()
        });
        let numbers: Vec<f64> = course(&minutes, |minute| minute.queued)
            .into_iter()
            .map(|(_, number)| number)
            .collect();
        assert_eq!(numbers, [3.0, 3.0, 5.0, 3.0]);
        assert!(course(&[], |minute| minute.queued).is_empty());
    }

    #[test]
    fn days_have_their_names() {
        // 5 January 2026, on which the made-up workloads begin.
        let weekday = Weekday::of_day(1_767_571_200_000 / DAY);
        assert_eq!(format!("{weekday:?}"), "Monday");
    }
}
