//! A machine as a process tree: a folder of its own, a first process (*init*) of its own that
//! starts the agent, and a control group of its own where that can be had.
//!
//! What must stay true: when a machine is gone, so is every process that ran in it, also one that
//! called `setsid`, ignores signals or killed the init; when the process that launched it is gone,
//! so is the machine. The folder is the machine's tag: what is not on disk is not known after a
//! restart. What is not here: isolation. A job can see the rest of the computer.

mod cgroup;
pub mod cloud;
mod faults;
pub mod folder;
pub mod machine;
mod registry;
mod settings;
mod tree;
mod watch;

pub use cloud::ProcessCloud;
pub use faults::Faults;
pub use settings::{AgentSettings, ProcessCloudError, ProcessSettings};
