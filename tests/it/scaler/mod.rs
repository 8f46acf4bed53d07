//! The shell around the decision, against a hub and a cloud made of plain data.

mod absence;
pub mod doubles;
mod evidence;
mod frozen;
mod lease;
pub mod log;
mod memory;
pub mod metrics;
mod queue;
mod report;
mod rotation;
mod run;
mod shortages;
