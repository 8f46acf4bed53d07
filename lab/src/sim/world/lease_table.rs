//! The table that holds the lease.

use std::time::Duration;

use dayfly::model::time::Timestamp;

/// One row: who holds the lease, and until when.
#[derive(Debug, Default)]
pub(super) struct LeaseTable(Option<(String, Timestamp)>);

impl LeaseTable {
    /// Writes the row if it is free or the claimant's; says whether it did.
    pub(super) fn claim(&mut self, replica: String, now: Timestamp, until: Timestamp) -> bool {
        let row = self.0.as_ref();
        let is_free = row.is_none_or(|(holder, ends)| *holder == replica || *ends <= now);
        if is_free {
            self.0 = Some((replica, until));
        }
        is_free
    }

    pub(super) fn is_held_by(&self, replica: &str, now: Timestamp) -> bool {
        let row = self.0.as_ref();
        row.is_some_and(|(holder, until)| holder == replica && now <= *until)
    }

    /// Deletes a lease that lasts for this long or longer.
    pub(super) fn delete_beyond(&mut self, now: Timestamp, span: Duration) {
        let limit = now.plus(span);
        self.0 = self.0.take().filter(|(_, until)| *until < limit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lease_is_granted_to_one_replica_until_it_ends() {
        let second = Timestamp::from_seconds;
        let mut table = LeaseTable::default();
        assert!(table.claim("a".to_owned(), second(0), second(10)));
        assert!(!table.claim("b".to_owned(), second(5), second(15)));
        assert!(table.claim("a".to_owned(), second(5), second(20)));
        assert!(table.is_held_by("a", second(20)));
        assert!(!table.is_held_by("a", second(21)));
        assert!(table.claim("b".to_owned(), second(20), second(9000)));
        table.delete_beyond(second(20), Duration::from_secs(3600));
        assert!(!table.is_held_by("b", second(21)));
    }
}
