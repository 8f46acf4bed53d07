//! The program in a machine: takes one job, runs it, streams its log, and leaves.
//!
//! [`state`] decides and [`logbuf`] remembers, both without a clock, a socket or a thread;
//! [`start`] is the loop around them; `tasks` does what they ask for, `uplink` makes the calls and `pusher`
//! streams the log. [`job`] runs the job itself. What must stay true: after the first
//! `finished-job` has left, nothing is pushed any more; and every way out is bounded in time.

mod boot;
mod clock;
pub mod command;
pub mod console;
mod identity;
pub mod job;
pub mod logbuf;
mod misfortune;
mod payload;
pub mod process;
mod pusher;
pub mod settings;
pub mod shell;
mod shutdown;
pub mod start;
pub mod state;
mod tasks;
mod uplink;
