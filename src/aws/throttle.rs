//! One token bucket for each API of the account and region, shared by all pools.
//!
//! EC2 counts every API by itself (aws.md D); a client that knows the buckets is never refused,
//! and one that is refused all the same slows down once, for all its callers together. Launches,
//! looks and ends have budgets of their own, so that none of them starves another.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::time::{Instant, sleep_until};

/// The first pause after a throttled answer; each further one is twice as long.
const PAUSE_MIN: Duration = Duration::from_secs(1);
/// The longest: a tick that comes every ten seconds should find the bucket open at every other.
const PAUSE_MAX: Duration = Duration::from_secs(16);

/// What EC2 counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Bucket {
    /// Calls of `CreateFleet`.
    Launches,
    /// Machines that are launched, by whichever call. That fleets draw on it is not documented;
    /// we assume it.
    MachinesLaunched,
    /// Calls of `TerminateInstances`.
    Ends,
    /// Machines that are ended.
    MachinesEnded,
    /// Calls of `DescribeInstances`, filtered and paged.
    Lists,
    /// Calls of `DescribeInstanceStatus`, filtered.
    Statuses,
    /// Calls of `GetConsoleOutput`.
    Consoles,
    /// Calls of `DescribeSpotPriceHistory`.
    Prices,
    /// Calls of SSM's `GetParameter`, whose default is 40 a second (SSM's service quotas).
    Parameters,
}

impl Bucket {
    /// How many tokens it holds, and how many come back in a second (aws.md D).
    const fn size(self) -> (u64, u64) {
        match self {
            Self::Launches => (50, 5),
            Self::MachinesLaunched => (1000, 2),
            Self::Ends => (100, 5),
            Self::MachinesEnded => (1000, 20),
            Self::Lists | Self::Statuses | Self::Consoles | Self::Prices => (100, 20),
            Self::Parameters => (40, 40),
        }
    }
}

/// A bucket had nothing to give in the time that its caller had.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exhausted;

/// All buckets. Clones share them.
#[derive(Clone, Debug, Default)]
pub struct Throttle {
    levels: Arc<Mutex<BTreeMap<Bucket, Level>>>,
}

/// How full a bucket is. Thousandths of tokens, because a millisecond brings a few of them.
#[derive(Clone, Copy, Debug)]
struct Level {
    /// Below zero while somebody waits for what he has been promised.
    millitokens: i64,
    at: Instant,
    /// Nobody asks before then.
    closed_until: Instant,
    /// The last pause.
    pause: Duration,
}

impl Throttle {
    /// Takes tokens, and waits for them if they come within `patience`.
    ///
    /// # Errors
    /// They would not, and nothing was taken.
    pub async fn take(
        &self,
        bucket: Bucket,
        count: u32,
        patience: Duration,
    ) -> Result<(), Exhausted> {
        let now = Instant::now();
        let ready_at = {
            let mut levels = self.lock();
            let level = Level::of(&mut levels, bucket, now);
            let missing = i64::from(count) * 1000 - level.millitokens;
            let (_, refill) = bucket.size();
            let wait = u64::try_from(missing).unwrap_or_default().div_ceil(refill);
            let ready_at = level.closed_until.max(now) + Duration::from_millis(wait);
            if now + patience < ready_at {
                return Err(Exhausted);
            }
            level.millitokens -= i64::from(count) * 1000;
            ready_at
        };
        if now < ready_at {
            sleep_until(ready_at).await;
        }
        Ok(())
    }

    /// Takes as many of `wanted` tokens as there are, without waiting. While fewer than an eighth
    /// of the bucket are there, and fewer than wanted, it takes none: a trickle of tiny launches
    /// would cost a call each and finish no sooner.
    pub fn grab(&self, bucket: Bucket, wanted: u32) -> u32 {
        let now = Instant::now();
        let mut levels = self.lock();
        let level = Level::of(&mut levels, bucket, now);
        let there = if now < level.closed_until {
            0
        } else {
            u32::try_from(level.millitokens / 1000).unwrap_or_default()
        };
        let (size, _) = bucket.size();
        let least = u32::try_from(size / 8).unwrap_or(u32::MAX).min(wanted);
        if there < least {
            return 0;
        }
        let taken = there.min(wanted);
        level.millitokens -= i64::from(taken) * 1000;
        taken
    }

    /// Gives tokens back that were not used.
    pub fn give_back(&self, bucket: Bucket, count: u32) {
        let mut levels = self.lock();
        let level = Level::of(&mut levels, bucket, Instant::now());
        level.millitokens = (level.millitokens + i64::from(count) * 1000).min(full(bucket));
    }

    /// A call that was made at `asked_at` was refused as one too many: the bucket is empty, and
    /// is left alone for a while. Calls that were on their way together count once.
    pub fn slow_down(&self, bucket: Bucket, asked_at: Instant) {
        let now = Instant::now();
        let mut levels = self.lock();
        let level = Level::of(&mut levels, bucket, now);
        if asked_at < level.closed_until {
            return;
        }
        level.pause = (level.pause * 2).clamp(PAUSE_MIN, PAUSE_MAX);
        level.closed_until = now + level.pause;
        level.millitokens = level.millitokens.min(0);
    }

    /// A call went through: the next pause is short again.
    pub fn went_well(&self, bucket: Bucket) {
        let mut levels = self.lock();
        Level::of(&mut levels, bucket, Instant::now()).pause = Duration::ZERO;
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Bucket, Level>> {
        self.levels.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Level {
    /// A bucket's level now.
    fn of(levels: &mut BTreeMap<Bucket, Self>, bucket: Bucket, now: Instant) -> &mut Self {
        let level = levels.entry(bucket).or_insert(Self {
            millitokens: full(bucket),
            at: now,
            closed_until: now,
            pause: Duration::ZERO,
        });
        let passed = now.saturating_duration_since(level.at).as_millis();
        let passed = u64::try_from(passed).unwrap_or(u64::MAX);
        let (_, refill) = bucket.size();
        let come = i64::try_from(passed.saturating_mul(refill)).unwrap_or(i64::MAX);
        level.millitokens = level.millitokens.saturating_add(come).min(full(bucket));
        // By whole milliseconds alone, so that the rest is not lost.
        level.at += Duration::from_millis(passed);
        level
    }
}

fn full(bucket: Bucket) -> i64 {
    let (size, _) = bucket.size();
    i64::try_from(size * 1000).unwrap_or(i64::MAX)
}
