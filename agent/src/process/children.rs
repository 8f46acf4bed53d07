//! The children of a process, and those of them waited for that nobody else waits for.
//!
//! A subreaper becomes the parent of every descendant that loses its own. One that has ended keeps
//! its number until it is waited for: a job that starts and leaves many would use up all numbers
//! of the computer, and nothing could be started any more.

use std::convert::Infallible;
use std::fs;
use std::io;
use std::str::SplitWhitespace;

use rustix::process::{Pid, WaitOptions, getpid, waitpid};
use tokio::signal::unix::{SignalKind, signal};

/// Waits for orphans that this process has adopted, as soon as they end; never returns.
/// `own` is the child that somebody else waits for; there may be no other such one meanwhile.
pub async fn reap_orphans(own: u32) -> Infallible {
    // Without the signal they wait for the end of their family, as they would without us.
    if let Ok(mut ended) = signal(SignalKind::child()) {
        loop {
            // First, for some may have ended before the signal was listened to. One signal can
            // stand for many ends, so all children are asked.
            reap(own);
            if ended.recv().await.is_none() {
                break;
            }
        }
    }
    std::future::pending().await
}

/// A list that cannot be read is read at the next signal.
fn reap(own: u32) {
    let orphans = children().unwrap_or_default().into_iter();
    for orphan in orphans.filter(|child| child.as_raw_pid().cast_unsigned() != own) {
        // Whoever lives is not waited for.
        let _ = waitpid(Some(orphan), WaitOptions::NOHANG);
    }
}

/// The direct children of this process, dead ones that nobody has waited for included.
pub fn children() -> io::Result<Vec<Pid>> {
    children_of(getpid().as_raw_pid())
}

/// The direct children of all threads of a process.
pub fn children_of(process: i32) -> io::Result<Vec<Pid>> {
    let mut found = Vec::new();
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        match fs::read_to_string(thread?.path().join("children")) {
            Ok(list) => found.extend(list.split_whitespace().filter_map(pid)),
            // The kernel was built without this list, or the thread is gone.
            Err(_) => return scanned_children_of(process),
        }
    }
    Ok(found)
}

/// The same, from the list of all processes.
fn scanned_children_of(process: i32) -> io::Result<Vec<Pid>> {
    let names = fs::read_dir("/proc")?
        .flatten()
        .map(|entry| entry.file_name());
    let pids = names.filter_map(|name| pid(name.to_str()?));
    let is_child = |child: &Pid| parent_of(*child).map(Pid::as_raw_pid) == Some(process);
    Ok(pids.filter(is_child).collect())
}

/// The process that started another, or has adopted it.
pub fn parent_of(process: Pid) -> Option<Pid> {
    parent(&stat_of(process)?)
}

/// The number of a process's session. It is 0 for one that was begun outside of the container that
/// we are in, which is why this is no [`Pid`]: a process that is started into a container has that.
pub fn session_of(process: Pid) -> Option<i32> {
    session(&stat_of(process)?)
}

fn stat_of(process: Pid) -> Option<String> {
    let stat = fs::read(format!("/proc/{}/stat", process.as_raw_pid())).ok()?;
    Some(String::from_utf8_lossy(&stat).into_owned())
}

fn pid(text: &str) -> Option<Pid> {
    text.parse().ok().and_then(Pid::from_raw)
}

fn parent(stat: &str) -> Option<Pid> {
    pid(after_name(stat)?.nth(1)?)
}

fn session(stat: &str) -> Option<i32> {
    after_name(stat)?.nth(3)?.parse().ok()
}

/// The fields of a line of `/proc/PID/stat` after the second, which may hold anything.
fn after_name(stat: &str) -> Option<SplitWhitespace<'_>> {
    let (_, rest) = stat.rsplit_once(')')?;
    Some(rest.split_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_cannot_hide_its_parent_behind_its_name() {
        assert_eq!(parent("12 (a) 1 2 (b) S 77 12 12 0"), Pid::from_raw(77));
    }

    #[test]
    fn a_session_from_outside_of_the_container_is_zero() {
        assert_eq!(session("12 (a) S 77 12 0 0"), Some(0));
        assert_eq!(session("12 (a) 5 6) S 77 12 13 0"), Some(13));
    }

    #[test]
    fn both_lists_show_a_child() {
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        let pid = Pid::from_child(&child);
        assert!(children().unwrap().contains(&pid));
        assert!(
            scanned_children_of(getpid().as_raw_pid())
                .unwrap()
                .contains(&pid)
        );
        child.kill().unwrap();
        child.wait().unwrap();
    }
}
