//! Machines on this computer, behind `ports::Cloud`, for the demo, for tests and for a laptop.
//!
//! [`process`]: a machine is a folder and a process tree of its own. Real virtual machines come
//! with the image that boots in them.

pub mod process;
