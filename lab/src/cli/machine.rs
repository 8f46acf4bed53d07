//! `dayfly-lab machine`: the first process of a machine on this computer. Nobody types it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use rustix::process::getppid;

use super::exit::Exit;
use super::output::failed;
use crate::local::process::folder::Folder;
use crate::local::process::machine::live;

/// The first process of a machine on this computer.
#[derive(Debug, Args)]
pub struct MachineCommand {
    /// The machine's folder, with everything that it needs to know.
    #[arg(long, value_name = "FOLDER")]
    folder: PathBuf,
}

/// A file of this name among the machines' folders says that the folder above is there for them
/// alone, as the demo's is.
pub(super) const TEMPORARY: &str = ".temporary";

/// Lives the machine's life.
pub fn run(command: MachineCommand) -> ExitCode {
    let runtime = match super::runtime() {
        Ok(runtime) => runtime,
        Err(exit) => return exit.into(),
    };
    let launcher = getppid();
    let lived = runtime.block_on(live(Folder::at(command.folder.clone())));
    if getppid() != launcher {
        remove_what_a_killed_launcher_left(&command.folder);
    }
    match lived {
        Ok(()) => Exit::Done.into(),
        Err(error) => failed(&error).into(),
    }
}

/// The last machine of a launcher that was killed takes the launcher's temporary folder with it.
fn remove_what_a_killed_launcher_left(machine: &Path) {
    let Some(root) = machine.parent() else { return };
    let is_alone = fs::read_dir(root).is_ok_and(|entries| {
        let mut names = entries.flatten().map(|entry| entry.file_name());
        names.next().is_some_and(|name| name == TEMPORARY) && names.next().is_none()
    });
    if is_alone && let Some(folder) = root.parent() {
        // Two machines that end in the same moment may both try.
        let _ = fs::remove_dir_all(folder);
    }
}
