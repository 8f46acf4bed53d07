//! The shell around `plan`: observe, decide, apply, over and over.
//!
//! It is the same in the daemon, in the demo and in a simulator, because it knows the world by
//! `ports` alone. What must stay true: it is level-triggered. An event makes the next tick come
//! sooner and is not looked at otherwise; what a tick does follows from what it saw.
//! What is not here: a decision. `apply` carries out orders that leave no choice.

pub mod apply;
mod boots;
mod clock_step;
pub mod lease;
pub mod memory;
pub mod metrics;
pub mod observe;
pub mod queue;
mod quota;
pub mod report;
pub mod rotation;
pub mod run;
pub mod shortage;
pub mod suspects;
pub mod tick;
pub mod trouble;

pub use rotation::Rotation;
pub use run::{Pace, run};
pub use tick::{Scaler, Tick};
