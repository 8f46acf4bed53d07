//! The tables of the log-normal law, beside the functions that they stand for.

use std::time::Duration;

use dayfly::forecast::lognormal::{exp, ln, log_tail};

/// How far a whole number of thousandths or millionths is from what it stands for.
fn away(is: i64, textbook: f64) -> f64 {
    let is = i32::try_from(is).expect("a small number");
    (f64::from(is) - textbook).abs()
}

/// The chance that a standard normal number is larger, by Laplace's continued fraction
/// (Abramowitz and Stegun, 26.2.14).
fn tail(z: f64) -> f64 {
    if z < 0.0 {
        return 1.0 - tail(-z);
    }
    if z == 0.0 {
        return 0.5;
    }
    let density = (-z * z / 2.0).exp() / std::f64::consts::TAU.sqrt();
    let fraction = (1..=1000)
        .rev()
        .fold(z, |rest, number| z + f64::from(number) / rest);
    density / fraction
}

#[test]
fn every_point_of_the_tail_is_that_of_the_textbook_and_between_them_it_is_nearly() {
    for step in -16..=32 {
        let deviations = step * 250;
        let is = log_tail(deviations.into());
        let textbook = 1000.0 * tail(f64::from(deviations) / 1000.0).ln();
        // The curve bends by less than one, so a line over half a deviation leaves it by 0.5² / 8.
        let most = if step % 2 == 0 { 1.0 } else { 32.0 };
        assert!(
            away(is, textbook) <= most,
            "{deviations}: {is} and {textbook}"
        );
    }
}

#[test]
fn a_power_is_good_to_a_seventh_of_a_percent_whatever_is_left_over_its_halvings() {
    for thousandths in 0..5000 {
        let is = i64::try_from(exp(-thousandths)).expect("at most a million");
        let exponent = -f64::from(i32::try_from(thousandths).expect("it is small"));
        let textbook = 1_000_000.0 * (exponent / 1000.0).exp();
        // What the next member of the series would take away is at most 0.693⁵ / 120.
        assert!(
            away(is, textbook) <= 1400.0,
            "{thousandths}: {is} and {textbook}"
        );
    }
}

#[test]
fn the_logarithm_of_three_hours_and_less_is_good_to_twelve_thousandths() {
    let small = 1..3000;
    let large = (3000..10_800_000).step_by(9973);
    for millis in small.chain(large) {
        let is = ln(Duration::from_millis(millis));
        let textbook = 1000.0 * f64::from(u32::try_from(millis).expect("it is small")).ln();
        assert!(away(is, textbook) <= 12.0, "{millis}: {is} and {textbook}");
    }
}
