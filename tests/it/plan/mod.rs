//! The decision: its invariants as properties over random worlds, and its words as snapshots.

mod ahead;
mod ahead_opinion;
mod decided;
mod edges;
mod endings;
mod explain;
mod invariants;
mod phrases;
mod random;
mod scenarios;
mod second_opinion;
mod spare;
mod spot;
mod withheld;
pub mod world;
