//! Request throttling: a token bucket for each API of EC2, two more for machines (aws.md D), and
//! one for SSM's parameters.

use std::collections::BTreeMap;

use super::action::Action;
use dayfly::model::time::Timestamp;

/// A bucket's size, and what is added in a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    /// How many tokens it holds.
    pub max: u32,
    /// How many are added in a second.
    pub per_second: u32,
}

impl Rate {
    const fn new(max: u32, per_second: u32) -> Self {
        Self { max, per_second }
    }
}

/// Describes with a filter or paged.
const LISTS: Rate = Rate::new(100, 20);
/// Describes of many things with neither.
const LISTS_OF_ALL: Rate = Rate::new(50, 10);
/// What changes something and has no row of its own.
const MUTATING: Rate = Rate::new(50, 5);

/// The bucket that an action draws one token from. A describe without filter and page has a
/// smaller one than the same describe with them.
pub const fn requests(action: Action, breadth: Breadth) -> Rate {
    match action {
        Action::RunInstances => Rate::new(5, 2),
        Action::TerminateInstances | Action::ModifyInstanceMetadataOptions => Rate::new(100, 5),
        Action::CreateTags | Action::DeleteTags => Rate::new(100, 10),
        Action::CreateFleet
        | Action::CreateImage
        | Action::DeregisterImage
        | Action::ModifyInstanceAttribute
        | Action::DeleteSnapshot => MUTATING,
        Action::DescribeInstances | Action::DescribeInstanceStatus => match breadth {
            Breadth::Narrowed => LISTS,
            Breadth::Everything => LISTS_OF_ALL,
        },
        Action::GetConsoleOutput
        | Action::DescribeLaunchTemplateVersions
        | Action::DescribeSpotPriceHistory
        | Action::DescribeSubnets
        | Action::DescribeImages
        | Action::DescribeSnapshots
        | Action::DescribeInstanceTypes => LISTS,
    }
}

/// Machines launched, by whatever action; that a fleet's draw on it too is assumed, because it
/// is documented nowhere.
pub const LAUNCHES: Rate = Rate::new(1000, 2);
/// Machines ended.
pub const ENDS: Rate = Rate::new(1000, 20);
/// SSM's `GetParameter`, in an account that has not asked for more: 40 in a second.
pub const PARAMETERS: Rate = Rate::new(40, 40);

/// Whether a describe is narrowed by a filter, by ids or by a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Breadth {
    /// It is.
    Narrowed,
    /// It asks for everything at once.
    Everything,
}

/// Whether the buckets are real.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Throttling {
    /// They are.
    #[default]
    Real,
    /// Nothing is ever throttled, as in a demo.
    Off,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Key {
    Requests(Action, Breadth),
    Launches,
    Ends,
    Parameters,
}

/// What is left in a bucket, in thousandths of a token.
#[derive(Clone, Copy, Debug)]
struct Level {
    left: u64,
    filled_at: Timestamp,
}

/// All buckets of an account and region.
#[derive(Debug, Default)]
pub(super) struct Buckets(BTreeMap<Key, Level>);

impl Buckets {
    /// Takes a token for a request, if there is one.
    pub(super) fn take_request(
        &mut self,
        throttling: Throttling,
        (action, breadth): (Action, Breadth),
        now: Timestamp,
    ) -> bool {
        let key = Key::Requests(action, breadth);
        throttling == Throttling::Off || take(self.fill(key, requests(action, breadth), now), 1)
    }

    /// Takes a token for a `GetParameter`, if there is one.
    pub(super) fn take_parameter(&mut self, throttling: Throttling, now: Timestamp) -> bool {
        throttling == Throttling::Off || take(self.fill(Key::Parameters, PARAMETERS, now), 1)
    }

    /// How many machines may be launched now.
    pub(super) fn launches_left(&mut self, throttling: Throttling, now: Timestamp) -> u32 {
        match throttling {
            Throttling::Real => {
                let left = *self.fill(Key::Launches, LAUNCHES, now) / 1000;
                u32::try_from(left).unwrap_or(u32::MAX)
            }
            Throttling::Off => u32::MAX,
        }
    }

    /// Takes a token for each machine that is launched; all or none.
    pub(super) fn take_launches(&mut self, throttling: Throttling, count: u32, now: Timestamp) {
        if throttling == Throttling::Real {
            take(self.fill(Key::Launches, LAUNCHES, now), count);
        }
    }

    /// Takes a token for each machine that is ended; all or none.
    pub(super) fn take_ends(&mut self, throttling: Throttling, count: u32, now: Timestamp) -> bool {
        throttling == Throttling::Off || take(self.fill(Key::Ends, ENDS, now), count)
    }

    fn fill(&mut self, key: Key, rate: Rate, now: Timestamp) -> &mut u64 {
        let max = u64::from(rate.max) * 1000;
        let level = self.0.entry(key).or_insert(Level {
            left: max,
            filled_at: now,
        });
        // A token in a second is a thousandth in a millisecond.
        let elapsed = now.as_millis().saturating_sub(level.filled_at.as_millis());
        let added = elapsed.saturating_mul(u64::from(rate.per_second));
        level.left = level.left.saturating_add(added).min(max);
        level.filled_at = level.filled_at.max(now);
        &mut level.left
    }
}

fn take(left: &mut u64, count: u32) -> bool {
    match left.checked_sub(u64::from(count) * 1000) {
        Some(rest) => {
            *left = rest;
            true
        }
        None => false,
    }
}
