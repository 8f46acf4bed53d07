//! Tasks that see machines off: one for each machine of this process, and one for machines that
//! nobody watches any more.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr};
use tokio::sync::Notify;
use tokio::time::timeout;

use super::cgroup::Cgroup;
use super::folder::{Folder, Tags};
use super::machine::MARK;
use super::registry::Registry;
use super::settings::ProcessSettings;
use super::tree;
use crate::agent::process::{Family, Orphans, end};
use crate::ports::Clock;

/// How long an init gets to end its machine before it is ended itself.
pub(super) const INIT_ENDS_WITHIN: Duration = Duration::from_secs(15);

/// Waits for a machine's init to end, and ends what is left of the machine.
pub(super) async fn watch_machine(
    mut init: Child,
    tags: Tags,
    folder: Folder,
    ending: Arc<Notify>,
    registry: Registry,
    clock: impl Clock,
) {
    // Its other end is how the machine knows that this process lives and wants it.
    let lifeline = init.stdin.take();
    let console = init.stdout.take();
    let complaints = init.stderr.take();
    let root = init.id();
    let listen = async {
        let Some(console) = console else { return };
        let mut lines = BufReader::new(console).lines();
        while let Ok(Some(line)) = lines.next_line().await {
            registry.heard(&tags.machine.id, &line);
        }
    };
    let lived = async {
        tokio::select! {
            status = init.wait() => return is_success(status),
            () = ending.notified() => {}
        }
        // A signal would kill an init that does not listen to signals yet.
        drop(lifeline);
        if let Ok(status) = timeout(INIT_ENDS_WITHIN, init.wait()).await {
            return is_success(status);
        }
        // An error says that it has ended in this moment.
        let _ = init.kill().await;
        false
    };
    // An init that is dead has closed its output, which nobody else holds.
    let ((), complaint, is_clean) = tokio::join!(listen, first_line(complaints), lived);
    if let Some(complaint) = complaint.filter(|_| !is_clean) {
        tracing::error!(machine = %tags.machine.id, %complaint, "a machine went wrong");
    }
    // Its number can be somebody else's from now on.
    root.into_iter().for_each(tree::forget_init);
    if !is_clean || folder.path().exists() {
        clean_up(&tags, &folder).await;
    }
    registry.gone(&tags.machine.id, clock.now());
}

/// What an init says before it ends with an error.
async fn first_line(complaints: Option<ChildStderr>) -> Option<String> {
    let mut lines = BufReader::new(complaints?).lines();
    let first = lines.next_line().await.ok()??;
    while let Ok(Some(_)) = lines.next_line().await {}
    Some(first.trim_start_matches("error: ").to_owned())
}

/// Ends what an init that was killed, or could not do its work, has left: its control group, and
/// the orphans that this process has adopted.
async fn clean_up(tags: &Tags, folder: &Folder) {
    let cgroup = Cgroup::of(&tags.machine.id);
    if let Some(cgroup) = &cgroup {
        cgroup.kill();
    }
    // It waits for processes that it has killed, so it must not hold up anything else.
    let swept = tokio::task::spawn_blocking(tree::sweep_orphans).await;
    if let Err(error) = swept.unwrap_or_else(|error| Err(io::Error::other(error))) {
        tracing::warn!(machine = %tags.machine.id, %error, "orphans of a machine cannot be ended");
    }
    folder.remove();
    if let Some(cgroup) = &cgroup {
        cgroup.remove();
    }
}

/// Ends what is left of machines whose controller and init were both killed.
pub(super) async fn clear_abandoned(settings: Arc<ProcessSettings>) {
    let entries = std::fs::read_dir(&settings.root).into_iter().flatten();
    for folder in entries.flatten().map(|entry| Folder::at(entry.path())) {
        let Some(tags) = folder.abandoned(&settings.deployment) else {
            continue;
        };
        tracing::warn!(machine = %tags.machine.id, "an abandoned machine is ended");
        let cgroup = Cgroup::of(&tags.machine.id);
        if let Some(cgroup) = &cgroup {
            cgroup.kill();
        }
        // They are nobody's children any more: only their mark tells them.
        let family = Family {
            root: u32::MAX,
            mark: format!("{MARK}={}", tags.machine.id),
            orphans: Orphans::Marked,
        };
        if 0 == end(&family, Duration::ZERO).await {
            folder.remove();
        }
        if let Some(cgroup) = &cgroup {
            cgroup.remove();
        }
    }
}

fn is_success(status: io::Result<ExitStatus>) -> bool {
    status.is_ok_and(|status| status.success())
}

/// Sends a signal to a process, if there is one.
pub(super) fn signal(process: Option<u32>, signal: Signal) {
    let process = process.and_then(|id| Pid::from_raw(i32::try_from(id).ok()?));
    if let Some(process) = process {
        // It may have ended in this moment, and then nothing is left to do.
        let _ = kill_process(process, signal);
    }
}
