//! What ticks teach, by what is then expected of them: exact numbers, worked out beside each test.

mod arrivals;
mod blocks;
mod boots;
mod calendar;
mod durations;
mod lognormal;
mod looks;
mod overhead;
mod pool;
mod pools;
mod prices;
mod race;
mod schedule;
mod told_apart;
mod waits;
pub mod watched;
mod worth;
