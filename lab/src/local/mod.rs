//! Machines on this computer, behind `ports::Cloud`, for the demo, for tests and for a laptop.
//!
//! [`process`]: a machine is a folder and a process tree of its own. [`qemu`]:
//! a machine is a virtual one, with a kernel and a cloud-init of its own, which the emulated
//! account of `dayfly-lab emulate aws --image` starts and ends.

pub mod process;
pub mod qemu;
