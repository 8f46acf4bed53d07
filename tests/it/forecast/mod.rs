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
mod race;
mod schedule;
mod waits;
mod watched;
mod worth;
