//! Where a moment stands in the week, in universal time.

use crate::model::hours::Weekday;
use crate::model::time::Timestamp;

const DAY: u64 = 86_400;

/// Days since the epoch.
pub fn day(now: Timestamp) -> u64 {
    now.as_seconds() / DAY
}

/// Whether a day since the epoch is a Saturday or a Sunday.
pub fn is_weekend(day: u64) -> bool {
    Weekday::of_day(day).is_weekend()
}

/// The half hour of its day, of a weekday from 0 to 47 and of a weekend's from 48 to 95.
pub fn half_hour(now: Timestamp) -> usize {
    let of_day = usize::from(now.minute_of_day() / 30);
    if is_weekend(day(now)) {
        of_day + 48
    } else {
        of_day
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_epoch_was_a_thursday() {
        assert!(
            !is_weekend(0) && !is_weekend(1) && is_weekend(2) && is_weekend(3) && !is_weekend(4)
        );
        let saturday = Timestamp::from_seconds(2 * DAY + 90 * 60);
        assert_eq!((saturday.minute_of_day(), half_hour(saturday)), (90, 51));
    }
}
