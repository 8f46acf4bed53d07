//! The simulator: many worlds, the seeds that once found something, and the same world twice.

mod mutants;
mod worlds;
