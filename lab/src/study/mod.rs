//! What a policy costs: weeks of jobs replayed in seconds against our scaler and against others.
//!
//! A lean world in virtual time, without a runtime: jobs, boots, agents that sync, a launch rate.
//! Our own side is the unchanged `scaler::tick` over `ports` that are implemented in memory
//! ([`doors`]); the others are their published algorithms with their quirks ([`group`],
//! [`webhook`], [`taskscaler`]). The same seed gives every policy the same jobs.
//! What is not here: faults (the correctness simulator has them), and AWS.

pub mod berth;
pub mod boots;
pub mod bound;
pub mod contender;
pub mod doors;
pub mod draw;
pub mod file;
pub mod frontier;
pub mod group;
pub mod law;
pub mod names;
pub mod nonsense;
pub mod ours;
pub mod pattern;
pub mod pipelines;
pub mod plots;
mod rate;
pub mod recorded;
pub mod report;
pub mod run;
pub mod score;
pub mod sight;
mod stopped;
pub mod synthetic;
pub mod taskscaler;
pub mod webhook;
pub mod workload;
pub mod world;
