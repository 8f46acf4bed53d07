//! Workloads whose pattern breaks: the scored days are another week than history promised.

use super::draw::{Draw, milliseconds};
use super::workload::{DAY, Push, Workload};

/// By how much the day moves.
const MOVED_BY: u64 = DAY / 4;
/// Within what time the second of two pushes follows, in seconds.
const FOLLOWS_WITHIN: f64 = 3600.0;

/// How the scored days differ from those before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Break {
    /// Everything comes six hours later in its day.
    Moved,
    /// Every second push does not come.
    Halved,
    /// Each push comes twice: once more within the hour after it.
    Doubled,
}

/// Each break by its name.
pub const BREAKS: [(&str, Break); 3] = [
    ("moved", Break::Moved),
    ("halved", Break::Halved),
    ("doubled", Break::Doubled),
];

impl Workload {
    /// The same history, and other scored days.
    #[must_use]
    pub fn broken(mut self, how: Break, seed: u64) -> Self {
        // What is scored is no longer drawn from it.
        self.law = None;
        let begin = self
            .pushes
            .partition_point(|push| push.at < self.scored_from);
        let scored = self.pushes.split_off(begin);
        let mut draw = Draw::new(seed, 0xB4EA);
        let from = self.scored_from;
        let mut broken: Vec<Push> = match how {
            Break::Moved => scored.into_iter().map(|push| moved(push, from)).collect(),
            Break::Halved => scored.into_iter().step_by(2).collect(),
            Break::Doubled => {
                let twice = |push: Push| {
                    let after = milliseconds(draw.uniform(0.0, FOLLOWS_WITHIN));
                    let again = Push {
                        at: push.at + after,
                        ..push.clone()
                    };
                    [push, again]
                };
                scored.into_iter().flat_map(twice).collect()
            }
        };
        broken.sort_by_key(|push| push.at);
        self.pushes.extend(broken);
        self
    }
}

/// Later in its own day; what would come after midnight comes in the morning of the same one. Days
/// are counted from the first scored moment, so that all stays among the scored days.
fn moved(push: Push, from: u64) -> Push {
    let since = push.at - from;
    let at = from + since / DAY * DAY + (since % DAY + MOVED_BY) % DAY;
    Push { at, ..push }
}

#[cfg(test)]
mod tests {
    use super::super::synthetic::synthetic;
    use super::*;

    fn broken(how: Break) -> (Workload, Workload) {
        let usual = synthetic("S1", 2, 1).expect("it exists");
        (usual.clone(), usual.broken(how, 1))
    }

    fn scored(workload: &Workload) -> Vec<u64> {
        let times = workload.pushes.iter().map(|push| push.at);
        times.filter(|at| workload.scored_from <= *at).collect()
    }

    #[test]
    fn history_stays_and_pushes_come_in_order() {
        for (name, how) in BREAKS {
            let (usual, broken) = broken(how);
            let history = usual.pushes.len() - scored(&usual).len();
            let same = usual.pushes.iter().zip(&broken.pushes).take(history);
            assert!(same.into_iter().all(|(one, other)| one.at == other.at));
            assert!(scored(&broken).is_sorted(), "{name}");
            assert_eq!(
                broken.pushes.len() - history,
                scored(&broken).len(),
                "{name}: none fell out of the scored days"
            );
        }
    }

    #[test]
    fn a_week_is_moved_halved_or_doubled() {
        let (usual, halved) = broken(Break::Halved);
        let count = scored(&usual).len();
        assert_eq!(scored(&halved).len(), count.div_ceil(2));
        assert_eq!(scored(&broken(Break::Doubled).1).len(), count * 2);
        let moved = broken(Break::Moved).1;
        let mut expected: Vec<u64> = scored(&usual)
            .into_iter()
            .map(|at| at / DAY * DAY + (at % DAY + MOVED_BY) % DAY)
            .collect();
        expected.sort_unstable();
        assert_eq!(scored(&moved), expected, "its days begin at midnight");
    }
}
