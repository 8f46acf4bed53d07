//! What has happened in an emulated server, for a driver that does not want to ask all the time.

use std::collections::VecDeque;

/// Changes that nobody drains are kept up to this many; the oldest go first.
pub const CHANGES_KEPT_MAX: usize = 100_000;

/// The changes since the last drain.
#[derive(Debug)]
pub(super) struct Journal<C>(VecDeque<C>);

impl<C> Default for Journal<C> {
    fn default() -> Self {
        Self(VecDeque::new())
    }
}

impl<C> Journal<C> {
    pub(super) fn write(&mut self, change: C) {
        if self.0.len() >= CHANGES_KEPT_MAX {
            self.0.pop_front();
        }
        self.0.push_back(change);
    }

    pub(super) fn drain(&mut self) -> Vec<C> {
        self.0.drain(..).collect()
    }
}
