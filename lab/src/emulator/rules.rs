//! Faults that were set on an emulated server, and which of them strike an occasion.
//!
//! What an occasion is, and which scopes fit it, each server knows for itself. What is not here:
//! probability. The driver draws, and sets rules.

use dayfly::model::time::Timestamp;

/// When a fault strikes, among the occasions that its scope names.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum When {
    /// Each time.
    #[default]
    Always,
    /// From the `first` match (counted from 1), `count` times.
    Occurrences {
        /// The first that is struck.
        first: u32,
        /// How many in a row.
        count: u32,
    },
    /// The last match of every `n`: the third, the sixth and so on where `n` is three.
    EveryNth(u32),
    /// At `from`, and until just before `until`.
    Window {
        /// The first moment.
        from: Timestamp,
        /// The first moment after it.
        until: Timestamp,
    },
}

impl When {
    /// Whether the match of this number, counted from 1, is struck.
    fn strikes(self, matched: u32, now: Timestamp) -> bool {
        match self {
            Self::Always => true,
            Self::Occurrences { first, count } => first <= matched && matched - first < count,
            Self::EveryNth(n) => 0 < n && matched.is_multiple_of(n),
            Self::Window { from, until } => from <= now && now < until,
        }
    }
}

/// Names a rule, to take it back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FaultId(u64);

#[derive(Debug)]
struct Rule<S, F> {
    id: FaultId,
    scope: S,
    when: When,
    fault: F,
    matched: u32,
}

/// The rules that are set, in the order in which they were added.
#[derive(Debug)]
pub(super) struct Rules<S, F> {
    next: u64,
    rules: Vec<Rule<S, F>>,
}

impl<S, F> Default for Rules<S, F> {
    fn default() -> Self {
        Self {
            next: 0,
            rules: Vec::new(),
        }
    }
}

impl<S, F> Rules<S, F> {
    pub(super) fn add(&mut self, scope: S, when: When, fault: F) -> FaultId {
        let id = FaultId(self.next);
        self.next += 1;
        self.rules.push(Rule {
            id,
            scope,
            when,
            fault,
            matched: 0,
        });
        id
    }

    pub(super) fn remove(&mut self, id: FaultId) {
        self.rules.retain(|rule| rule.id != id);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.rules.is_empty()
    }

    pub(super) fn clear(&mut self) {
        self.rules.clear();
    }

    /// The faults of one kind that strike an occasion. A scope that fits counts as a match, also
    /// where its moment has not come.
    pub(super) fn strike<T>(
        &mut self,
        now: Timestamp,
        fits: impl Fn(&S) -> bool,
        choose: impl Fn(&F) -> Option<T>,
    ) -> Vec<T> {
        let mut struck = Vec::new();
        for rule in &mut self.rules {
            let Some(chosen) = choose(&rule.fault).filter(|_| fits(&rule.scope)) else {
                continue;
            };
            rule.matched = rule.matched.saturating_add(1);
            if rule.when.strikes(rule.matched, now) {
                struck.push(chosen);
            }
        }
        struck
    }
}
