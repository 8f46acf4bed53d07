//! The shutdown hook: the operator's last word, for a bounded time (quirk A15).

use std::io;
use std::os::fd::AsFd;
use std::path::Path;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::process::Command;
use tracing::{info, warn};

use super::settings::PREFIX;
use super::state::Reason;

/// With the 30 seconds that leaving may take, an agent is gone within a minute.
const HOOK_MAX: Duration = Duration::from_secs(30);

/// Runs the hook with bash, its output beside the agent's log. Whatever it does, the agent exits.
pub(super) async fn run_hook(path: &Path, reason: Reason) {
    match tokio::time::timeout(HOOK_MAX, run(path, reason)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => warn!(hook = %path.display(), %error, "the shutdown hook cannot be run"),
        Err(_) => warn!(hook = %path.display(), "the shutdown hook took more than 30 seconds"),
    }
}

async fn run(path: &Path, reason: Reason) -> io::Result<()> {
    let output = || io::stderr().as_fd().try_clone_to_owned().map(Stdio::from);
    let mut hook = Command::new("bash")
        .arg(path)
        .env(format!("{PREFIX}SHUTDOWN_REASON"), reason.hook_word())
        .env_remove(format!("{PREFIX}TOKEN"))
        .stdin(Stdio::null())
        .stdout(output()?)
        .stderr(output()?)
        .process_group(0)
        .spawn()?;
    let mut end = EndGroup(hook.id().and_then(|id| Pid::from_raw(id.cast_signed())));
    let status = hook.wait().await?;
    // What a hook that ended in time left running is its own affair, such as a delayed power-off.
    end.0 = None;
    info!(hook = %path.display(), %status, "the shutdown hook has ended");
    Ok(())
}

/// Ends a hook whose time is up, and what it started.
struct EndGroup(Option<Pid>);

impl Drop for EndGroup {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // The group is usually gone already.
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}
