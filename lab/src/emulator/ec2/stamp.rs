//! Moments as EC2 writes them.

use std::fmt::{self, Display};

use dayfly::model::time::Timestamp;

/// A moment as EC2 writes it: `2026-11-23T22:49:50.000Z`.
#[derive(Clone, Copy, Debug)]
pub struct Stamp(pub Timestamp);

impl Display for Stamp {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let milliseconds = self.0.as_millis();
        let seconds = self.0.as_seconds();
        let (year, month, day) = date(seconds / 86_400);
        write!(
            formatter,
            "{year:04}-{month:02}-{day:02}T{:02}:{:02}:{:02}.{:03}Z",
            seconds / 3600 % 24,
            seconds / 60 % 60,
            seconds % 60,
            milliseconds % 1000,
        )
    }
}

/// Year, month and day of a day since the epoch. Years are counted from March, so that the
/// leap day is the last of its year; 400 years have 146,097 days.
fn date(days_since_epoch: u64) -> (u64, u64, u64) {
    let days = days_since_epoch + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let years = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * years + years / 4 - years / 100);
    let from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * from_march + 2) / 5 + 1;
    let month = if from_march < 10 {
        from_march + 3
    } else {
        from_march - 9
    };
    let year = era * 400 + years + u64::from(month <= 2);
    (year, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_written_as_ec2_writes_them() {
        let stamp = |seconds| Stamp(Timestamp::from_seconds(seconds)).to_string();
        assert_eq!(stamp(0), "1970-01-01T00:00:00.000Z");
        assert_eq!(stamp(951_827_696), "2000-02-29T12:34:56.000Z");
        assert_eq!(stamp(1_790_000_000), "2026-09-21T14:13:20.000Z");
    }
}
