//! Dayfly boots short-lived machines for Semaphore CI's self-hosted agents.
//! Each machine runs exactly one job and is gone when its log stream has closed.
//!
//! The rooms, in reading order:
//!
//! 1. [`model`]: the nouns. What a job, a machine, a snapshot and a plan are. Pure data.
//! 2. [`plan`]: the verbs. `decide(snapshot, policy, now)` gives a plan; pure functions.
//! 3. [`ports`]: the doors to the world: `Cloud`, `Hub`, `Clock`, and how they fail.
//! 4. [`scaler`]: observe, decide, apply, over and over: the shell around `plan`.
//! 5. [`hub`]: the Semaphore control plane's protocol, and a client for it.
//! 6. [`agent`]: the program in a machine: takes one job, runs it, streams its log.
//! 7. [`emulator`]: a hub without a server: a pure state machine, and a port for it.
//! 8. [`local`]: machines on this computer, behind `ports::Cloud`.
//! 9. `aws`: machines on EC2, behind `ports::Cloud`, and what else of AWS the scaler asks.
//! 10. `lambda`: the scaler as an AWS Lambda function: its events, and its deadline.
//! 11. [`doctor`]: what is wrong with a deployment, and what would help. Pure.
//! 12. `sim`: a seeded world in virtual time around the scaler, in which everything goes wrong.
//! 13. `study`: what a policy costs: weeks of jobs replayed in seconds.
//! 14. [`forecast`]: what ticks teach: boots, arrivals; and what that makes worth keeping ready.
//! 15. [`history`]: what ran in a pool, as the file that the study replays.
//! 16. [`user_data`]: what a machine is told at its boot, out of a configuration. Pure.
//! 17. [`image`]: what is to be done next for an image with the agent baked in. Pure.
//! 18. [`document`], [`config`], [`https`], [`telemetry`], [`cli`]: files, settings, connections,
//!     logs and commands.
//!
//! `docs/ARCHITECTURE.md` tells the life of a job and names the invariants;
//! the test `tidy` holds the table of who may import whom.

pub mod agent;
#[cfg(feature = "aws")]
pub mod aws;
pub mod cli;
pub mod config;
pub mod doctor;
pub mod document;
#[cfg(feature = "local")]
pub mod emulator;
pub mod forecast;
pub mod history;
pub mod https;
pub mod hub;
pub mod image;
#[cfg(feature = "lambda")]
pub mod lambda;
#[cfg(feature = "local")]
pub mod local;
pub mod model;
pub mod plan;
pub mod ports;
pub mod scaler;
#[cfg(feature = "local")]
pub mod sim;
#[cfg(feature = "local")]
pub mod study;
pub mod telemetry;
pub mod user_data;
