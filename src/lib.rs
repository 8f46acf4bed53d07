//! Dayfly boots short-lived machines for Semaphore CI's self-hosted agents.
//! Each machine runs exactly one job and is gone when its log stream has closed.
//!
//! This package is the product on the control side: the program `dayfly`, and the function
//! `dayfly-lambda`. `agent/` is the program in a machine; `lab/` has the emulators, the demo and
//! the simulators. Both depend on this package, and it depends on neither.
//!
//! The rooms, in reading order:
//!
//! 1. [`model`]: the nouns. What a job, a machine, a snapshot and a plan are. Pure data.
//! 2. [`plan`]: the verbs. `decide(snapshot, policy, now)` gives a plan; pure functions.
//! 3. [`ports`]: the doors to the world: `Cloud`, `Hub`, `Clock`, and how they fail.
//! 4. [`scaler`]: observe, decide, apply, over and over: the shell around `plan`.
//! 5. [`forecast`]: what ticks teach: boots, arrivals; and what that makes worth keeping ready.
//! 6. [`hub`]: the Semaphore control plane's protocol, and a client for it.
//! 7. `aws`: machines on EC2, behind `ports::Cloud`, and what else of AWS the scaler asks.
//! 8. [`program`]: from a configuration to hub, cloud and scaler: what the programs share.
//! 9. `lambda`: the scaler as an AWS Lambda function: its events, its deadline, its program.
//! 10. `cli`: the commands.
//! 11. [`doctor`]: what is wrong with a deployment, and what would help. Pure.
//! 12. [`history`]: what ran in a pool, as the file that the study of `lab/` replays.
//! 13. [`user_data`]: what a machine is told at its boot, out of a configuration. Pure.
//! 14. [`image`]: what is to be done next for an image with the agent baked in. Pure.
//! 15. [`document`], [`config`], [`https`], [`telemetry`]: files, settings, connections, logs.
//!
//! `docs/ARCHITECTURE.md` tells the life of a job and names the invariants;
//! the test `tidy` holds the table of who may import whom.

/// The version and the commit that a program was built from, such as `0.1.0 (1a2b3c4d5e6f)`.
pub const VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), " (", env!("DAYFLY_COMMIT"), ")");

#[cfg(feature = "aws")]
pub mod aws;
#[cfg(feature = "cli")]
pub mod cli;
pub mod config;
pub mod doctor;
pub mod document;
pub mod forecast;
pub mod history;
pub mod https;
pub mod hub;
pub mod image;
#[cfg(feature = "lambda")]
pub mod lambda;
pub mod model;
pub mod plan;
pub mod ports;
pub mod program;
pub mod scaler;
pub mod telemetry;
pub mod user_data;
