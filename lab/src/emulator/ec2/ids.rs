//! The numbers that identifiers are made of.

use std::fmt;

/// Counts identifiers, so that none is given twice.
#[derive(Debug)]
pub(super) struct Ids {
    /// The number of the latest identifier.
    drawn: u64,
}

/// Identifies one request in its answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RequestId(u64);

impl Ids {
    /// Counts on from `latest`.
    pub(super) fn after(latest: u64) -> Self {
        Self { drawn: latest }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.drawn = self.drawn.wrapping_add(1);
        self.drawn
    }

    pub(super) fn next_request(&mut self) -> RequestId {
        RequestId(self.next())
    }
}

impl fmt::Display for RequestId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let low = self.0 & 0xffff_ffff_ffff;
        write!(formatter, "00000000-0000-4000-8000-{low:012x}")
    }
}
