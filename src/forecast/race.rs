//! How many machines more than jobs pay: the fastest boots take the jobs, and the slow ones are
//! surplus.
//!
//! With m machines launched at once for n jobs, the next machine saves
//! ∫ F(x) · P(at most n − 1 of m have booted by x) dx of waiting, where F is the law of boot times.
//! It pays while that, times what waiting is worth, exceeds what a surplus machine costs.

/// Batches up to this size have an entry of their own.
pub const BATCH_MAX: usize = 40;
/// Probabilities, as whole parts of this.
const ONE: u64 = 1 << 30;

/// The table for batches of 1 to [`BATCH_MAX`] jobs.
///
/// `times` are boot times in milliseconds, sorted, as they differ *within* one launch call: what a
/// whole call has in common no race overtakes. `cost` is what a surplus machine costs, in
/// milliseconds; `worth` what a millisecond of waiting is worth.
pub fn table(times: &[u64], worth: u32, cost: u64) -> Vec<u32> {
    let steps = steps(times);
    let mut trials = 0;
    let mut laws: Vec<Failures> = steps
        .iter()
        .map(|step| Failures::new(step.booted))
        .collect();
    let mut extra: u32 = 0;
    let mut table = Vec::new();
    for jobs in 1..=BATCH_MAX {
        // A larger batch never pays for fewer.
        loop {
            let next = jobs + extra as usize;
            while trials < next {
                laws.iter_mut().for_each(Failures::add_trial);
                trials += 1;
            }
            if trials != next
                || BATCH_MAX <= extra as usize
                || !pays(&steps, &laws, extra, worth, cost)
            {
                break;
            }
            extra += 1;
        }
        table.push(extra);
    }
    table
}

/// Whether one machine more than `extra` pays: at most n − 1 of m = n + extra have booted if more
/// than `extra` have not.
fn pays(steps: &[Step], laws: &[Failures], extra: u32, worth: u32, cost: u64) -> bool {
    let saved = steps.iter().zip(laws).map(|(step, law)| {
        let parts = step.booted * law.more_than(extra as usize) / ONE;
        step.width * parts / ONE
    });
    cost <= saved.sum::<u64>() * u64::from(worth)
}

/// A stretch of time in which the share of machines that have booted stays the same.
struct Step {
    width: u64,
    booted: u64,
}

/// The law in at most 32 stretches.
fn steps(times: &[u64]) -> Vec<Step> {
    let count = times.len();
    let every = count.div_ceil(32).max(1);
    let marks: Vec<usize> = (0..count)
        .step_by(every)
        .chain(count.checked_sub(1))
        .collect();
    let stretch = |pair: &[usize]| {
        let middle = (pair[0] + pair[1]).div_ceil(2).max(1);
        Step {
            width: times[pair[1]] - times[pair[0]],
            booted: ONE * middle as u64 / count as u64,
        }
    };
    marks.windows(2).map(stretch).collect()
}

/// How likely it is that so many of the trials have not booted.
struct Failures {
    booted: u64,
    likely: Vec<u64>,
}

impl Failures {
    fn new(booted: u64) -> Self {
        let mut likely = vec![0; BATCH_MAX + 2];
        likely[0] = ONE;
        Self { booted, likely }
    }

    fn add_trial(&mut self) {
        let missed = ONE - self.booted;
        for at in (0..self.likely.len()).rev() {
            let before = if at == 0 { 0 } else { self.likely[at - 1] };
            self.likely[at] = (self.likely[at] * self.booted + before * missed) / ONE;
        }
    }

    fn more_than(&self, count: usize) -> u64 {
        let at_most: u64 = self.likely.iter().take(count + 1).sum();
        ONE.saturating_sub(at_most)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Nine in ten take half a minute, one in ten two minutes.
    fn tailed() -> Vec<u64> {
        (0..100)
            .map(|at| {
                if at < 90 {
                    25_000 + at * 150
                } else {
                    60_000 + (at - 90) * 9_000
                }
            })
            .collect()
    }

    #[test]
    fn a_long_tail_pays_for_a_race_and_more_for_more_jobs() {
        let table = table(&tailed(), 10, 60_000);
        assert_eq!(table[0], 1);
        assert!(
            table.is_sorted() && 3 <= table[39] && table[39] <= 15,
            "{table:?}"
        );
    }

    #[test]
    fn equal_boots_pay_for_none_and_neither_does_cheap_waiting() {
        assert_eq!(table(&[40_000; 100], 30, 60_000), vec![0; BATCH_MAX]);
        assert_eq!(table(&tailed(), 0, 60_000), vec![0; BATCH_MAX]);
        assert_eq!(table(&[], 10, 60_000), vec![0; BATCH_MAX]);
    }

    #[test]
    fn what_one_more_machine_saves_is_the_difference_of_the_expected_fastest() {
        // Two equally likely times, 10 s and 50 s. One machine for one job takes 30 s in the mean,
        // the faster of two 20 s: ten seconds saved.
        let times: Vec<u64> = [10_000; 50].into_iter().chain([50_000; 50]).collect();
        assert_eq!(table(&times, 10, 90_000)[0], 1);
        assert_eq!(table(&times, 10, 110_000)[0], 0);
    }
}
