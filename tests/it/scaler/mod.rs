//! The shell around the decision, against a hub and a cloud made of plain data.

mod doubles;
mod memory;
mod run;
