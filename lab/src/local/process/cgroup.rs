//! A control group for a machine's processes, where the kernel and our rights allow one.
//! It finds every process, whatever it did to its parents, its session and its environment.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use dayfly::model::id::MachineId;

/// How often a removal is tried. It takes milliseconds; a group that stays costs nothing.
const REMOVALS_MAX: u32 = 2000;

/// The control group of one machine.
#[derive(Clone, Debug)]
pub(super) struct Cgroup(PathBuf);

impl Cgroup {
    /// Where a machine's group is, if this computer has the second version of control groups.
    pub(super) fn of(id: &MachineId) -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mounts").ok()?;
        let mount = mounts.lines().find_map(|line| {
            let mut fields = line.split(' ').skip(1);
            let (path, kind) = (fields.next()?, fields.next()?);
            (kind == "cgroup2").then_some(path)
        })?;
        let own = fs::read_to_string("/proc/self/cgroup").ok()?;
        let own = own.lines().find_map(|line| line.strip_prefix("0::/"))?;
        let parent = PathBuf::from(mount).join(own);
        // Out of what a container sees of the hierarchy, folders are no groups.
        let is_group = parent.join("cgroup.procs").exists() && !own.contains("..");
        is_group.then(|| Self(parent.join(format!("dayfly-{id}"))))
    }

    /// Makes the group and puts a process into it; whether that worked.
    pub(super) fn join(&self, process: u32) -> bool {
        fs::create_dir(&self.0).is_ok()
            && fs::write(self.0.join("cgroup.procs"), process.to_string()).is_ok()
    }

    /// Sends SIGKILL to everything in it, at once and without a race.
    pub(super) fn kill(&self) {
        // Older kernels have no such file, and then the search through `/proc` has to do.
        let _ = fs::write(self.0.join("cgroup.kill"), "1");
    }

    /// Removes the group and those that a job made in it; works once the last process is gone.
    pub(super) fn remove(&self) {
        remove(&self.0);
    }
}

fn remove(group: &Path) {
    let entries = fs::read_dir(group).into_iter().flatten().flatten();
    for entry in entries.filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir())) {
        remove(&entry.path());
    }
    // A process that has just been waited for leaves its group a moment later.
    for _ in 0..REMOVALS_MAX {
        match fs::remove_dir(group) {
            Err(error) if error.kind() == io::ErrorKind::ResourceBusy => std::thread::yield_now(),
            _ => return,
        }
    }
}
