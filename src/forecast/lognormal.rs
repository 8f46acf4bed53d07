//! The log-normal law in whole numbers: logarithms in thousandths, chances in millionths.
//!
//! Durations differ by factors and not by sums, so their logarithms are near the normal law.
//! Tables with straight lines between their points are good to a percent, which is far better than
//! what is known of any duration.

use std::time::Duration;

/// Certainty, in the unit of all chances here.
pub const CERTAIN: u64 = 1_000_000;
/// The logarithm of two, in thousandths.
const LN_2: i64 = 693;
/// The normal law's tail beyond -4, -3.5, … 8: its logarithm in thousandths.
const LOG_TAIL: [i64; 25] = [
    0, 0, -1, -6, -23, -69, -173, -369, -693, -1176, -1841, -2706, -3783, -5082, -6608, -8366,
    -10360, -12592, -15065, -17779, -20737, -23938, -27384, -31076, -35013,
];
/// Where that table begins, and from one of its points to the next.
const FROM: i64 = -4000;
const STEP: i64 = 500;

/// The natural logarithm of a span's milliseconds, in thousandths; of less than one, that of one.
pub fn ln(span: Duration) -> i64 {
    let value = u64::try_from(span.as_millis()).unwrap_or(u64::MAX).max(1);
    let whole = value.ilog2();
    // What is left over the power of two, as a share of it in 1/1024.
    let share = i64::try_from((u128::from(value) << 10 >> whole) - 1024).unwrap_or(0);
    // log2(1 + x) is x + 0.344 x (1 - x), good to one in a hundred.
    let bits = share * 1000 / 1024 + 344 * share * (1024 - share) / (1024 * 1024);
    i64::from(whole) * LN_2 + bits * LN_2 / 1000
}

/// Euler's number to the power of a logarithm in thousandths, in millionths; at most one.
pub fn exp(logarithm: i64) -> u64 {
    let below = logarithm.min(0).unsigned_abs();
    let (halvings, rest) = (below / 693, below % 693);
    if 40 <= halvings {
        return 0;
    }
    // e^-x is 1 - x + x²/2 - x³/6 + x⁴/24 for the x below 0.693 that is left.
    let x = rest * 1000;
    let square = x * x / CERTAIN;
    let (cube, fourth) = (square * x / CERTAIN, square * square / CERTAIN);
    let value = CERTAIN + square / 2 + fourth / 24 - x - cube / 6;
    value >> halvings
}

/// The logarithm of the chance that a normal number exceeds `deviations`, both in thousandths.
pub fn log_tail(deviations: i64) -> i64 {
    let last = FROM + STEP * (LOG_TAIL.len() as i64 - 1);
    let at = deviations.clamp(FROM, last) - FROM;
    let (point, rest) = (usize::try_from(at / STEP).unwrap_or(0), at % STEP);
    let here = LOG_TAIL[point];
    let next = LOG_TAIL.get(point + 1).copied().unwrap_or(here);
    here + (next - here) * rest / STEP
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn logarithms_are_those_of_the_textbook() {
        // ln 1, 2, 155000, 3600000.
        let of = |millis| ln(Duration::from_millis(millis));
        let expected = [
            (0, 0),
            (1, 0),
            (2, 693),
            (155_000, 11_951),
            (3_600_000, 15_096),
        ];
        for (millis, logarithm) in expected {
            assert!(
                (of(millis) - logarithm).abs() <= 10,
                "{millis}: {}",
                of(millis)
            );
        }
    }

    #[test]
    fn powers_are_those_of_the_textbook() {
        for (logarithm, value) in [
            (0, 1_000_000),
            (-100, 904_837),
            (-693, 500_073),
            (-1000, 367_879),
        ] {
            let is = exp(logarithm);
            assert!(is.abs_diff(value) < 2_000, "{logarithm}: {is}");
        }
        assert_eq!((exp(5), exp(-100_000), exp(i64::MIN)), (CERTAIN, 0, 0));
    }

    #[test]
    fn tails_are_those_of_the_textbook() {
        for (deviations, chance) in [
            (-9000, CERTAIN),
            (0, 500_000),
            (1000, 158_655),
            (1645, 49_985),
        ] {
            let is = exp(log_tail(deviations));
            assert!(is.abs_diff(chance) < 6_000, "{deviations}: {is}");
        }
        assert_eq!(log_tail(8000), log_tail(20_000));
    }
}
