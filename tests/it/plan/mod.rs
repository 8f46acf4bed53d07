//! The decision: its invariants as properties over random worlds, and its words as snapshots.

mod ahead;
mod decided;
mod endings;
mod explain;
mod invariants;
mod random;
mod scenarios;
mod second_opinion;
mod spot;
pub mod world;
