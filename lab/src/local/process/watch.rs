//! Tasks that see machines off: one for each machine of this process, and one for machines that
//! nobody watches any more.

use std::io;
use std::process::ExitStatus;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStderr};
use tokio::sync::{Notify, oneshot};
use tokio::time::timeout;

use super::cgroup::Cgroup;
use super::folder::{Folder, Tags};
use super::machine::MARK;
use super::registry::Registry;
use super::settings::ProcessSettings;
use super::tree;
use dayfly::ports::Clock;
use dayfly_agent::process::{Family, Orphans, end};

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
            status = init.wait() => return InitEnd::of(status),
            () = ending.notified() => {}
        }
        // A signal would kill an init that does not listen to signals yet.
        drop(lifeline);
        if let Ok(status) = timeout(INIT_ENDS_WITHIN, init.wait()).await {
            return InitEnd::of(status);
        }
        // An error says that it has ended in this moment.
        let _ = init.kill().await;
        InitEnd::Killed
    };
    // An init that is dead has closed its output, which nobody else holds.
    let ((), complaint, end) = tokio::join!(listen, first_line(complaints), lived);
    if let Some(complaint) = complaint.filter(|_| end != InitEnd::Clean) {
        tracing::error!(machine = %tags.machine.id, %complaint, "a machine went wrong");
    }
    // Its number can be somebody else's from now on.
    root.into_iter().for_each(tree::forget_init);
    // An init that ends by itself removes the folder last, when no process of the machine is left.
    if end == InitEnd::Killed || folder.path().exists() {
        clean_up(&tags, &folder).await;
    }
    registry.gone(&tags.machine.id, clock.now());
}

/// How an init has ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum InitEnd {
    /// Nothing went wrong.
    Clean,
    /// It says what went wrong, and has ended its machine nevertheless, if it could.
    Complaining,
    /// It could do nothing more.
    Killed,
}

impl InitEnd {
    fn of(status: io::Result<ExitStatus>) -> Self {
        match status.map(|status| status.code()) {
            Ok(Some(0)) => Self::Clean,
            Ok(Some(_)) => Self::Complaining,
            Ok(None) | Err(_) => Self::Killed,
        }
    }
}

/// What an init says before it ends with an error. A panic begins with an empty line.
async fn first_line(complaints: Option<ChildStderr>) -> Option<String> {
    let mut lines = BufReader::new(complaints?).lines();
    let mut first = String::new();
    while let Ok(Some(line)) = lines.next_line().await {
        if first.is_empty() {
            line.trim_start_matches("error: ").clone_into(&mut first);
        }
    }
    (!first.is_empty()).then_some(first)
}

/// Ends what an init that was killed, or could not do its work, has left: its control group, and
/// the orphans that this process has adopted.
async fn clean_up(tags: &Tags, folder: &Folder) {
    let cgroup = Cgroup::of(&tags.machine.id);
    if let Some(cgroup) = &cgroup {
        cgroup.kill();
    }
    if let Err(error) = sweep().await {
        tracing::warn!(machine = %tags.machine.id, %error, "orphans of a machine cannot be ended");
    }
    folder.remove();
    if let Some(cgroup) = &cgroup {
        cgroup.remove();
    }
}

/// Sweeps on a thread of its own, because it waits for processes that it has killed and must not
/// hold up anything else. A computer that has no thread left needs the sweep most: there it is
/// done at once, and everything else waits. (The runtime's own blocking pool would panic.)
async fn sweep() -> io::Result<()> {
    let (swept, result) = oneshot::channel();
    let work = move || {
        // Nobody listens any more when the cloud was dropped meanwhile.
        let _ = swept.send(tree::sweep_orphans());
    };
    match thread::Builder::new().name("sweep".to_owned()).spawn(work) {
        Ok(_) => result.await.map_err(io::Error::other)?,
        Err(_) => tree::sweep_orphans(),
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
        let mark = format!("{MARK}={}", tags.machine.id);
        let mut family = Family::new(u32::MAX, mark, Orphans::Marked);
        if 0 == end(&mut family, Duration::ZERO).await {
            folder.remove();
        }
        if let Some(cgroup) = &cgroup {
            cgroup.remove();
        }
    }
}
