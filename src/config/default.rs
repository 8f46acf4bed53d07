//! What holds where a configuration says nothing, and why.

use std::time::Duration;

/// Enough for a busy team, and a bound on what a loop of failing boots can cost.
pub const LAUNCHES_PER_HOUR_MAX: u32 = 500;
/// A job that nobody expected waits for half of it in the mean before its machine is launched. Three
/// seconds, and not five, take a percent off what machines and waiting cost together on most
/// workloads (docs/POLICY.md), and a look is one call to the hub and one to EC2, which are free.
pub const TICK_INTERVAL: Duration = Duration::from_secs(3);
/// Events come in bursts; one tick sees all of a second's.
pub const TICK_SPACING: Duration = Duration::from_secs(1);
/// The official agent's own (protocol.md section 1); the hub's edge gives up after it as well.
pub const HUB_TIMEOUT: Duration = Duration::from_secs(30);
/// Machines kept waiting cost money: whoever wants them says so.
pub const RESERVE: u32 = 0;
/// A stock image registers within two minutes; a machine that needs five has a problem.
pub const BOOT_LIMIT: Duration = Duration::from_secs(300);
/// The hub stops any job after 24 hours (protocol.md section 7); an hour more for booting, waiting
/// and closing the log, so that the limit never ends a job.
pub const LIFETIME: Duration = Duration::from_secs(90_000);
/// The official agent's own (protocol.md section 8): an interrupted job is stopped at once.
pub const INTERRUPTION_GRACE: Duration = Duration::ZERO;
/// One boot may fail by chance, and two; three in a row have a cause.
pub const BREAKER_FAILURES_MAX: u32 = 3;
/// As long as a boot may take: a mended image is tried soon, a broken one rarely.
pub const BREAKER_PAUSE: Duration = Duration::from_secs(300);
/// A process starts at once; a delay is for demonstrations and tests.
pub const BOOT_DELAY: Duration = Duration::ZERO;
/// Long enough for a shortage of a moment, short enough that nobody's job waits for a cheap machine.
pub const SPOT_PATIENCE: Duration = Duration::from_secs(120);
