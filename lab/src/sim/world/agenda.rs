//! Virtual time, and what will happen in it.

use std::collections::BTreeMap;
use std::time::Duration;

use super::{Deed, Happening};
use dayfly::model::time::Timestamp;

/// The moment that it is, and all that is to come, in order.
#[derive(Debug)]
pub(super) struct Agenda {
    pub(super) now: Timestamp,
    pub(super) began_at: Timestamp,
    queue: BTreeMap<(Timestamp, u64), Happening>,
    /// How much has been put into the queue; what is due at the same moment happens in this order.
    sequence: u64,
}

impl Agenda {
    /// Nothing is to come.
    pub(super) fn new(began_at: Timestamp) -> Self {
        Self {
            now: began_at,
            began_at,
            queue: BTreeMap::new(),
            sequence: 0,
        }
    }

    /// When something happens next.
    pub(super) fn next(&self) -> Option<Timestamp> {
        self.queue.keys().next().map(|(at, _)| *at)
    }

    /// Takes what happens next.
    pub(super) fn take(&mut self) -> Option<(Timestamp, Happening)> {
        let ((at, _), happening) = self.queue.pop_first()?;
        Some((at, happening))
    }

    /// Lets time pass; it never goes back.
    pub(super) fn pass_to(&mut self, at: Timestamp) {
        self.now = self.now.max(at);
    }

    /// Something will happen at that moment.
    pub(super) fn at(&mut self, at: Timestamp, happening: Happening) {
        self.sequence += 1;
        self.queue
            .insert((at.max(self.now), self.sequence), happening);
    }

    /// Something will happen after a while.
    pub(super) fn after(&mut self, span: Duration, happening: Happening) {
        self.at(self.now.plus(span), happening);
    }

    /// A machine will do something at that moment.
    pub(super) fn machine_at(&mut self, at: Timestamp, id: &str, deed: Deed) {
        let id = id.to_owned();
        self.at(at, Happening::Machine { id, deed });
    }

    /// A machine will do something after a while.
    pub(super) fn machine_after(&mut self, span: Duration, id: &str, deed: Deed) {
        self.machine_at(self.now.plus(span), id, deed);
    }

    /// From the beginning.
    pub(super) fn elapsed(&self) -> Duration {
        self.now.since(self.began_at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agenda_gives_events_by_time_then_by_insertion() {
        let second = Timestamp::from_seconds;
        let mut agenda = Agenda::new(second(100));
        agenda.after(Duration::from_secs(5), Happening::Look);
        agenda.at(second(102), Happening::Heal);
        agenda.machine_at(second(102), "i-1", Deed::Start);
        // What is late happens at once.
        agenda.at(second(1), Happening::Look);
        let taken: Vec<_> = std::iter::from_fn(|| agenda.take()).collect();
        let moments: Vec<u64> = taken.iter().map(|(at, _)| at.as_seconds()).collect();
        assert_eq!(moments, [100, 102, 102, 105]);
        assert!(matches!(taken[1].1, Happening::Heal));
        assert!(matches!(taken[2].1, Happening::Machine { .. }));
        assert_eq!(agenda.next(), None);
    }
}
