//! How long machines take from launch to a registered agent.

use super::draw::{Draw, milliseconds};

/// The law of boot times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum BootLaw {
    /// Nine in ten around 32 s, one in eleven between one and two minutes, one in a hundred up to
    /// five: mean 40 s, and slow ones independent of each other.
    #[default]
    Tailed,
    /// Around 40 s, hardly spread: nothing is gained by racing.
    Narrow,
    /// Evenly between 15 s and 120 s.
    Uniform,
    /// As tailed, but slow launches are slow as a whole: a tenth of all calls.
    Correlated,
    /// As tailed, and twice as long.
    Doubled,
}

/// Each law by its name.
pub const BOOT_LAWS: [(&str, BootLaw); 5] = [
    ("tailed", BootLaw::Tailed),
    ("narrow", BootLaw::Narrow),
    ("uniform", BootLaw::Uniform),
    ("correlated", BootLaw::Correlated),
    ("doubled", BootLaw::Doubled),
];

/// The boot time in milliseconds of the `number`-th machine of a run, launched by the `call`-th call.
pub fn boot_time(law: BootLaw, seed: u64, number: u64, call: u64) -> u64 {
    let mut own = Draw::new(seed, 0xB007_0000_0000 + number);
    milliseconds(match law {
        BootLaw::Tailed => {
            let which = own.unit();
            tailed(&mut own, which)
        }
        BootLaw::Narrow => own.log_normal(39.7, 0.12),
        BootLaw::Uniform => own.uniform(15.0, 120.0),
        BootLaw::Correlated => {
            let which = Draw::new(seed, 0xCA11_0000_0000 + call).unit();
            tailed(&mut own, which)
        }
        BootLaw::Doubled => {
            let which = own.unit();
            2.0 * tailed(&mut own, which)
        }
    })
}

fn tailed(own: &mut Draw, which: f64) -> f64 {
    if which < 0.90 {
        own.log_normal(32.0, 0.30)
    } else if which < 0.99 {
        own.uniform(60.0, 120.0)
    } else {
        own.uniform(120.0, 300.0)
    }
}

#[cfg(test)]
mod tests {
    use super::super::draw::seconds;
    use super::*;

    #[test]
    fn tailed_boots_take_forty_seconds_on_average_and_one_in_twenty_ninety() {
        let mut times: Vec<f64> = (0..20_000)
            .map(|number| seconds(boot_time(BootLaw::Tailed, 1, number, number)))
            .collect();
        let mean = times.iter().sum::<f64>() / 20_000.0;
        times.sort_by(f64::total_cmp);
        assert!((38.0..43.0).contains(&mean), "{mean}");
        assert!((80.0..100.0).contains(&times[19_000]), "{}", times[19_000]);
    }

    #[test]
    fn correlated_boots_are_slow_by_the_call() {
        let slow = |call| {
            (0..5).filter(move |n| boot_time(BootLaw::Correlated, 1, 5 * call + n, call) > 60_000)
        };
        let all_or_none = (0..200).filter(|call| matches!(slow(*call).count(), 0 | 5));
        assert!(all_or_none.count() > 185);
    }
}
