//! The nouns: what the scaler sees and what it decides, as plain data.
//!
//! Nothing here reads a clock, waits, draws a random number or logs.
//! All maps are ordered, so that the same data is always walked in the same order.
//! What is *not* here: the hub's JSON (`hub::wire`) and a cloud's own types.

#![deny(missing_docs)]

pub mod beside;
pub mod clock;
pub mod copied_late;
pub mod ending;
pub mod hours;
pub mod id;
pub mod job;
pub mod machine;
pub mod money;
pub mod offer;
pub mod outlook;
pub mod pairs;
pub mod pipeline;
pub mod plan;
pub mod pool;
pub mod rng;
pub mod roll;
pub mod secret;
pub mod snapshot;
pub mod template;
pub mod time;
