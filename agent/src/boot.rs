//! What the boot of this machine took: the marks of whoever prepared it, and the registration. And
//! its end, which a registration need not wait for, but a job must: it finds a whole system.

use std::fs;
use std::io;
use std::path::Path;
use std::time::Duration;

use rustix::fs::inotify::{CreateFlags, WatchFlags, add_watch, init};
use rustix::time::{ClockId, clock_gettime};
use tokio::io::unix::AsyncFd;

/// The longest file that is read: some dozen marks.
const BYTES_MAX: usize = 4096;

/// As long as it is there, the system is not up yet: systemd lets no user in before it has its
/// mounts, sockets and names, and removes the file then (systemd-user-sessions.service(8)).
pub(super) const NO_USERS_YET: &str = "/run/nologin";

/// How long a job waits for the system at most. The file is there before a shutdown, too, which
/// may be planned for later, and a job that begins in half a system tells more than one that waits.
const SYSTEM_WAIT_MAX: Duration = Duration::from_secs(60);

/// How long ago this computer's kernel started.
pub(super) fn since_kernel() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::try_from(now).unwrap_or_default()
}

/// Waits until `file` is gone, as a system that is up removes it, and no longer than
/// [`SYSTEM_WAIT_MAX`]. Gives when that was, since the kernel's start, if there was a wait.
pub(super) async fn system_up(file: &Path) -> Option<Duration> {
    match tokio::time::timeout(SYSTEM_WAIT_MAX, gone(file)).await {
        Ok(Ok(false)) => return None,
        Ok(Ok(true)) => {}
        Ok(Err(error)) => {
            tracing::warn!(file = %file.display(), %error, "the system's boot cannot be watched");
        }
        Err(_) => {
            tracing::warn!(file = %file.display(), "is still there; the job begins all the same");
        }
    }
    Some(since_kernel())
}

/// Waits until nothing has this name; gives whether something had.
async fn gone(file: &Path) -> io::Result<bool> {
    if !file.exists() {
        return Ok(false);
    }
    let folder = file.parent().unwrap_or_else(|| Path::new("/"));
    let queue = init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC)?;
    add_watch(&queue, folder, WatchFlags::DELETE | WatchFlags::MOVED_FROM)?;
    #[expect(
        deprecated,
        reason = "its successor is unsafe, and an owned descriptor keeps what that asks for"
    )]
    let queue = AsyncFd::new(queue)?;
    let mut events = [0; BYTES_MAX];
    // Looked at once more after the watch began: it may have gone in between.
    while file.exists() {
        let mut ready = queue.readable().await?;
        // What the events say is not read: whether the file is there is the question.
        if let Ok(Err(error)) = ready.try_io(|queue| Ok(rustix::io::read(queue, &mut events)?)) {
            return Err(error);
        }
    }
    Ok(true)
}

/// The marks of a file, each a name and its seconds since the kernel's start in a line, that of
/// the registration, and that of the system if the job waited for it: one sentence for the job's
/// log. A file that is not there has no marks.
pub(super) fn story(path: &Path, registered: Duration, system: Option<Duration>) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "the marks of the boot cannot be read");
        String::new()
    });
    let text = text.get(..BYTES_MAX).unwrap_or(&text);
    let mut parts: Vec<String> = text.lines().filter_map(part).collect();
    parts.push(format!("registered {:.1} s", registered.as_secs_f64()));
    parts.extend(system.map(|up| format!("system up {:.1} s", up.as_secs_f64())));
    format!("Since the start of the kernel: {}.\n", parts.join(", "))
}

fn part(line: &str) -> Option<String> {
    let (name, seconds) = line.rsplit_once(' ')?;
    let seconds: f64 = seconds.parse().ok()?;
    Some(format!("{name} {seconds:.1} s"))
}

#[cfg(test)]
mod tests {
    use std::future::Future as _;
    use std::task::{Context, Waker};

    use super::*;

    #[test]
    fn a_boot_is_told_in_one_sentence() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("marks");
        let registered = Duration::from_millis(21_049);
        let alone = "Since the start of the kernel: registered 21.0 s.\n";
        assert_eq!(story(&path, registered, None), alone);
        fs::write(&path, "kernel 3.84\ntoken read 17.2\nnonsense\n\n").expect("there is room");
        let whole =
            "Since the start of the kernel: kernel 3.8 s, token read 17.2 s, registered 21.0 s.\n";
        assert_eq!(story(&path, registered, None), whole);
        let waited = whole.replace("21.0 s.", "21.0 s, system up 22.5 s.");
        let up = Duration::from_millis(22_500);
        assert_eq!(story(&path, registered, Some(up)), waited);
    }

    #[tokio::test]
    async fn a_job_waits_until_users_are_let_in() {
        let folder = tempfile::tempdir().expect("there is room");
        let file = folder.path().join("nologin");
        assert_eq!(system_up(&file).await, None, "there is nothing to wait for");
        fs::write(&file, "").expect("there is room");
        let mut up = Box::pin(system_up(&file));
        let mut context = Context::from_waker(Waker::noop());
        let mut waits = || up.as_mut().poll(&mut context).is_pending();
        assert!(waits(), "the file is there");
        fs::write(folder.path().join("another"), "").expect("there is room");
        fs::remove_file(folder.path().join("another")).expect("it is there");
        tokio::task::yield_now().await;
        assert!(waits(), "another file went");
        fs::remove_file(&file).expect("it is there");
        assert!(up.await.is_some(), "and now this one");
    }

    #[tokio::test(start_paused = true)]
    async fn a_job_does_not_wait_for_ever() {
        let folder = tempfile::tempdir().expect("there is room");
        let file = folder.path().join("nologin");
        fs::write(&file, "").expect("there is room");
        let began = tokio::time::Instant::now();
        assert!(system_up(&file).await.is_some());
        assert!(began.elapsed() >= SYSTEM_WAIT_MAX);
    }

    #[test]
    fn the_kernel_has_started_some_time_ago() {
        assert!(Duration::ZERO < since_kernel());
    }
}
