//! The commands: they know every room, and nobody knows them. `dayfly` has all of them, and
//! `dayfly-lab` has some beside its own; the programs are in `src/bin` and in `lab/`. A command
//! that needs a cloud takes the one that its program links, as a
//! [`crate::program::provider::CloudProvider`].
//!
//! stdout carries what was asked (text, or `--json`), stderr everything else. Exit codes are
//! [`exit::Exit`].

pub mod check;
pub mod connect;
pub mod doctor;
pub mod explain;
pub mod history;
#[cfg(feature = "aws")]
pub mod image;
pub mod learned;
pub mod moved;
pub mod notify;
pub mod plan;
pub mod render;
pub mod run;
pub mod service;
pub mod signals;

pub use crate::program::{exit, output, runtime, tokens};
