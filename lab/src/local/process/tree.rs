//! Ending trees of processes.
//!
//! The kernel keeps a child's number until we have waited for it, so that no stranger can be hit;
//! what is below a child is signaled by a handle that names it for good. When a child dies, its
//! children become ours (we are a subreaper), and the next round ends them: whether they called
//! `setsid` or ignore signals makes no difference. The kernel's word that no child is left is the
//! proof.

use std::collections::BTreeSet;
use std::io;
use std::sync::{Mutex, MutexGuard, PoisonError};

use rustix::io::Errno;
use rustix::process::{
    Pid, PidfdFlags, Signal, WaitOptions, getpid, kill_process, pidfd_open, pidfd_send_signal,
    wait, waitpid,
};

use dayfly_agent::process::children::{children, children_of, parent_of, session_of};

/// The inits that this process has started and not yet waited for. Held while one is started,
/// so that a sweep cannot take a machine that is just being born for an orphan.
static INITS: Mutex<BTreeSet<u32>> = Mutex::new(BTreeSet::new());

/// Held during a sweep: what one sweep has waited for has a number that another one, which had
/// found it before, must not signal any more.
static SWEEPS: Mutex<()> = Mutex::new(());

fn inits() -> MutexGuard<'static, BTreeSet<u32>> {
    INITS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Starts an init, and knows it from then on.
pub(super) fn spawn_init(
    command: &mut tokio::process::Command,
) -> io::Result<tokio::process::Child> {
    let mut inits = inits();
    let child = command.spawn()?;
    inits.extend(child.id());
    Ok(child)
}

/// Forgets an init that has been waited for.
pub(super) fn forget_init(pid: u32) {
    inits().remove(&pid);
}

/// Ends every descendant of this process, which must be a subreaper in which nobody
/// else waits. Returns when none is left; an error says that some cannot be signaled.
pub(super) fn end_descendants() -> io::Result<()> {
    loop {
        let children = children()?;
        let killed = children
            .iter()
            .filter(|child| kill(**child).is_ok())
            .count();
        // Waiting for ever is right only if one of them is known to die. An empty list can be a
        // list that was read while processes came and went.
        let options = if 0 < killed {
            WaitOptions::empty()
        } else {
            WaitOptions::NOHANG
        };
        match wait(options) {
            Ok(Some(_)) | Err(Errno::INTR) => {}
            Ok(None) if children.is_empty() => std::thread::yield_now(),
            Ok(None) => return Err(Errno::PERM.into()),
            Err(Errno::CHILD) => return Ok(()),
            Err(errno) => return Err(errno.into()),
        }
    }
}

/// Ends the orphans that this process has adopted: children that are no init, and have a
/// session of their own, as everything below an init has. It blocks until they are dead.
pub(super) fn sweep_orphans() -> io::Result<()> {
    let _alone = SWEEPS.lock().unwrap_or_else(PoisonError::into_inner);
    let own_session = session_of(getpid());
    // One empty list can be a list that was read while another child came or went.
    let mut quiet_rounds = 0;
    while quiet_rounds < 2 {
        let killed: Vec<Pid> = {
            let inits = inits();
            let is_init = |child: &Pid| {
                u32::try_from(child.as_raw_pid()).is_ok_and(|pid| inits.contains(&pid))
            };
            let foreign =
                |child: &Pid| session_of(*child).is_some_and(|it| own_session != Some(it));
            let children = children()?.into_iter();
            let orphans = children.filter(|child| !is_init(child) && foreign(child));
            orphans.filter(|child| kill(*child).is_ok()).collect()
        };
        quiet_rounds = if killed.is_empty() {
            quiet_rounds + 1
        } else {
            0
        };
        for child in killed {
            while let Err(Errno::INTR) = waitpid(Some(child), WaitOptions::empty()) {}
        }
    }
    Ok(())
}

/// Kills a child and, before it, all that is below it: of processes that keep starting the next
/// one and end themselves, the youngest is not our child yet. An error says that the child may
/// not be signaled.
fn kill(child: Pid) -> io::Result<()> {
    for grandchild in children_of(child.as_raw_pid()).unwrap_or_default() {
        kill_below(grandchild, child);
    }
    Ok(kill_process(child, Signal::KILL)?)
}

/// Kills a process that nobody but its parent keeps the number of. The handle names it for good;
/// if its parent is still the same when we hold it, it is the one that we have found.
fn kill_below(process: Pid, found_parent: Pid) {
    let Ok(handle) = pidfd_open(process, PidfdFlags::empty()) else {
        return;
    };
    if parent_of(process) != Some(found_parent) {
        return;
    }
    for child in children_of(process.as_raw_pid()).unwrap_or_default() {
        kill_below(child, process);
    }
    // Whoever is missed here is our child in the next round.
    let _ = pidfd_send_signal(handle, Signal::KILL);
}
