//! The shell around the decision, against a hub and a cloud made of plain data.

mod doubles;
mod log;
mod memory;
mod metrics;
mod report;
mod run;
