//! `dayfly-lab virtual-machine` and `dayfly-lab relay`: what stands around a virtual machine of this
//! computer. Nobody types them.

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::Args;

use super::exit::Exit;
use super::output::failed;
use crate::local::qemu;

/// A virtual machine, which ends with the process that launched it.
#[derive(Debug, Args)]
pub struct VirtualMachineCommand {
    /// QEMU's arguments.
    #[arg(last = true)]
    arguments: Vec<OsString>,
}

/// One connection of a virtual machine to its metadata service.
#[derive(Debug, Args)]
pub struct RelayCommand {
    /// Where the service is.
    socket: PathBuf,
}

/// Becomes QEMU.
pub fn run(command: VirtualMachineCommand) -> ExitCode {
    failed(&qemu::become_machine(&command.arguments)).into()
}

/// Carries bytes until either side has said everything.
pub fn relay(command: RelayCommand) -> ExitCode {
    match qemu::relay(&command.socket) {
        Ok(()) => Exit::Done.into(),
        Err(error) => failed(&error).into(),
    }
}
