//! The emulated hub's rules, one by one, against protocol.md.

mod cleaning;
mod contents;
mod edge;
mod faults;
mod jobs;
mod leaving;
mod logs;
mod payloads;
mod pipelines;
mod properties;
mod public_api;
mod queue;
mod registering;
mod syncing;
mod tokens;
pub mod world;
