//! An axis whose ticks are chosen here, and not by the drawing library.

use std::ops::Range;

use plotters::coord::ranged1d::{
    KeyPointHint, KeyPointWeight, NoDefaultFormatting, Ranged, ValueFormatter,
};

/// Ticks of an axis of factors within a decade, from many to few.
const WITHIN_A_DECADE: [&[f64]; 3] = [
    &[1.0, 1.2, 1.5, 2.0, 3.0, 4.0, 5.0, 7.0],
    &[1.0, 2.0, 5.0],
    &[1.0],
];
/// How many ticks of an axis of factors have room.
const FACTORS_MAX: usize = 14;

/// From where to where, and where its ticks stand.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    range: Range<f64>,
    ticks: Vec<f64>,
    is_logarithmic: bool,
}

impl Axis {
    /// From zero to a round number that is `most` at least, with about so many ticks.
    pub(super) fn from_zero(most: f64, ticks: u32) -> Self {
        let most = if most.is_finite() && 0.0 < most {
            most
        } else {
            1.0
        };
        let step = round_step(most / f64::from(ticks));
        let steps = (most / step).ceil();
        Self::stepped(steps * step, step)
    }

    /// From zero to an end, with a tick every so much.
    pub(super) fn stepped(end: f64, step: f64) -> Self {
        Self {
            range: 0.0..end,
            ticks: multiples(0.0..end, step),
            is_logarithmic: false,
        }
    }

    /// Where equal distances are equal factors. Both ends are above zero.
    pub(super) fn of_factors(range: Range<f64>) -> Self {
        let ticks = if range.end < 3.0 * range.start {
            multiples(range.clone(), round_step((range.end - range.start) / 10.0))
        } else {
            let mut choices = WITHIN_A_DECADE.iter().map(|within| decades(&range, within));
            let fits = choices.find(|ticks| ticks.len() <= FACTORS_MAX);
            fits.unwrap_or_else(|| vec![1.0])
        };
        Self {
            range,
            ticks,
            is_logarithmic: true,
        }
    }
}

/// The least of 1, 2, 5, 10, 20, 50, … that is not below a number.
fn round_step(least: f64) -> f64 {
    let decade = 10_f64.powf(least.log10().floor());
    let steps = [1.0, 2.0, 5.0].map(|step| step * decade);
    let found = steps.into_iter().find(|step| least <= *step);
    found.unwrap_or(10.0 * decade)
}

fn multiples(range: Range<f64>, step: f64) -> Vec<f64> {
    // Ends that are multiples themselves have ticks, however they were rounded.
    let slack = step / 1000.0;
    let first = ((range.start - slack) / step).ceil();
    let numbers = std::iter::successors(Some(first), |number| Some(number + 1.0));
    numbers
        // Rounded up from just below it, zero would have a sign.
        .map(|number| number * step + 0.0)
        .take_while(|tick| *tick <= range.end + slack)
        .collect()
}

fn decades(range: &Range<f64>, within: &[f64]) -> Vec<f64> {
    let first = 10_f64.powf(range.start.log10().floor());
    let starts = std::iter::successors(Some(first), |decade| Some(decade * 10.0));
    let starts = starts.take_while(|decade| *decade <= range.end);
    let all = starts.flat_map(|decade| within.iter().map(move |factor| factor * decade));
    all.filter(|tick| range.contains(tick)).collect()
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (from, to): (i32, i32)) -> i32 {
        let at = |value: f64| {
            if self.is_logarithmic {
                value.ln()
            } else {
                value
            }
        };
        let (start, end) = (at(self.range.start), at(self.range.end));
        let share = (at(*value) - start) / (end - start);
        from + pixels(share * f64::from(to - from))
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight() {
            KeyPointWeight::Bold => self.ticks.clone(),
            KeyPointWeight::Any => Vec::new(),
        }
    }

    fn range(&self) -> Range<f64> {
        self.range.clone()
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        let text = format!("{value:.2}");
        text.trim_end_matches('0').trim_end_matches('.').to_owned()
    }
}

/// A length as whole pixels.
pub(super) fn pixels(length: f64) -> i32 {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "a float's cast saturates, and no picture is that large"
    )]
    let whole = length.round() as i32;
    whole
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> String {
        let texts: Vec<String> = axis
            .ticks
            .iter()
            .map(|tick| axis.format_ext(tick))
            .collect();
        texts.join(" ")
    }

    #[test]
    fn ticks_are_round_and_the_axis_ends_at_one() {
        assert_eq!(texts(&Axis::from_zero(97.0, 5)), "0 20 40 60 80 100");
        assert_eq!(texts(&Axis::from_zero(0.0, 5)), "0 0.2 0.4 0.6 0.8 1");
        assert_eq!(texts(&Axis::from_zero(f64::INFINITY, 2)), "0 0.5 1");
        assert_eq!(texts(&Axis::stepped(24.0, 6.0)), "0 6 12 18 24");
    }

    #[test]
    fn ticks_of_factors_are_few_and_lie_within_the_axis() {
        assert_eq!(
            texts(&Axis::of_factors(0.95..1.55)),
            "1 1.1 1.2 1.3 1.4 1.5"
        );
        assert_eq!(
            texts(&Axis::of_factors(0.9..11.0)),
            "1 1.2 1.5 2 3 4 5 7 10"
        );
        assert_eq!(
            texts(&Axis::of_factors(0.9..1500.0)),
            "1 2 5 10 20 50 100 200 500 1000"
        );
    }

    #[test]
    fn equal_factors_are_equally_far_from_each_other() {
        let axis = Axis::of_factors(1.0..16.0);
        let at = [1.0, 2.0, 4.0, 16.0].map(|value| axis.map(&value, (0, 400)));
        assert_eq!(at, [0, 100, 200, 400]);
    }
}
