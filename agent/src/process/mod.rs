//! The processes of a job, found in `/proc` and ended, wherever they hide.
//!
//! A job's processes are the shell's descendants, its session, every process that carries the job's mark in its
//! environment, and the descendants of all of these: so also those that called `setsid`, ignore signals, or lost
//! their parent. What must stay true: `end` returns only when none of them is left, or when those that are left
//! may not be ended by us. What is not here: control groups, which need a right that not every agent has.

pub mod children;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::time::Duration;

use rustix::process::{
    Pid, Signal, WaitOptions, getpid, kill_process, set_child_subreaper, waitpid,
};
use tokio::time::{Instant, sleep};

/// How often it is looked whether they are gone.
const LOOK_INTERVAL: Duration = Duration::from_millis(5);
/// SIGKILL works at once, except on a process that the kernel itself holds; nobody waits for that one for ever.
const KILL_LIMIT: Duration = Duration::from_secs(10);

/// Which processes without a parent of the job are the job's.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Orphans {
    /// Those that carry the mark.
    #[default]
    Marked,
    /// Every child of this process: it is a subreaper and starts nothing else while a job runs.
    All,
}

/// What is known of a job's processes.
#[derive(Clone, Debug)]
pub struct Family {
    /// The shell, which also names its session.
    pub root: u32,
    /// `NAME=value`, in the environment of all of them.
    pub mark: String,
    /// Who else belongs to it.
    pub orphans: Orphans,
    /// Who was seen to belong to it by an [`end`], also by one that was given up: whoever ends it
    /// next may find their parents dead and their environments empty.
    known: Known,
}

/// What `/proc` says of one process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Status {
    parent: u32,
    session: u32,
    is_zombie: bool,
    /// In ticks since the computer's start: with the id, it names a process for good.
    started: u64,
}

/// Processes that were once seen to belong to a family, with their starts: they still do when a dead parent and
/// an emptied environment no longer show it.
type Known = BTreeMap<u32, u64>;

impl Family {
    /// A family of which nobody was seen yet.
    pub fn new(root: u32, mark: String, orphans: Orphans) -> Self {
        Self {
            root,
            mark,
            orphans,
            known: Known::new(),
        }
    }
}

/// Makes this process the parent of every descendant that loses its own (`PR_SET_CHILD_SUBREAPER`).
pub fn become_subreaper() -> io::Result<()> {
    Ok(set_child_subreaper(Some(getpid()))?)
}

/// Ends a family: SIGHUP and SIGTERM, then SIGKILL for whoever is left after `grace`. Gives the number of those
/// that could not be ended, which is 0 unless they belong to another user or hang in the kernel.
pub async fn end(family: &mut Family, grace: Duration) -> usize {
    let mut left = living(family);
    if left.is_empty() {
        return 0;
    }
    // SIGHUP to all before SIGTERM to any: the shell, which ignores SIGTERM, must not go on with the next line
    // because a child of it was ended. SIGCONT, because a stopped process hears nothing else.
    for signal in [Signal::HUP, Signal::TERM, Signal::CONT] {
        signal_all(&left, signal);
    }
    let grace_ends_at = Instant::now() + grace;
    while !left.is_empty() && Instant::now() < grace_ends_at {
        sleep(LOOK_INTERVAL).await;
        left = living(family);
    }
    let gives_up_at = Instant::now() + KILL_LIMIT;
    while !left.is_empty() && Instant::now() < gives_up_at {
        // A family may grow while it is ended; what cannot be signalled is not waited for.
        if !signal_all(&left, Signal::KILL) {
            break;
        }
        sleep(LOOK_INTERVAL).await;
        left = living(family);
    }
    left.len()
}

/// Sends a signal to each; whether any of them could be sent it.
fn signal_all(processes: &BTreeSet<u32>, signal: Signal) -> bool {
    let mut reached = false;
    for process in processes.iter().filter_map(|id| pid(*id)) {
        reached |= kill_process(process, signal) != Err(rustix::io::Errno::PERM);
    }
    reached
}

/// The family's processes that still run. Ended ones that have become our children are waited for on the way.
fn living(family: &mut Family) -> BTreeSet<u32> {
    let statuses = statuses();
    let us = std::process::id();
    let mut members = members(family, &statuses, us);
    let seen = members.iter().map(|id| (*id, statuses[id].started));
    family.known.extend(seen);
    members.retain(|id| {
        let status = &statuses[id];
        // The shell's own status belongs to whoever started it.
        if status.is_zombie && status.parent == us && *id != family.root {
            let _ = pid(*id).map(|process| waitpid(Some(process), WaitOptions::NOHANG));
        }
        !status.is_zombie
    });
    members
}

/// Who belongs to the family, zombies included.
fn members(family: &Family, statuses: &BTreeMap<u32, Status>, us: u32) -> BTreeSet<u32> {
    let mut members: BTreeSet<u32> = statuses
        .iter()
        .filter(|(id, status)| {
            **id == family.root
                || family.known.get(id) == Some(&status.started)
                || status.session == family.root
                || (family.orphans == Orphans::All && status.parent == us)
                || has_mark(**id, &family.mark)
        })
        .map(|(id, _)| *id)
        .collect();
    loop {
        let before = members.len();
        let children = statuses
            .iter()
            .filter(|(_, status)| members.contains(&status.parent));
        let children: Vec<u32> = children.map(|(id, _)| *id).collect();
        members.extend(children);
        if members.len() == before {
            break;
        }
    }
    members.remove(&us);
    members.remove(&1);
    members
}

/// All processes of this computer that can be seen from here.
fn statuses() -> BTreeMap<u32, Status> {
    let Ok(entries) = fs::read_dir("/proc") else {
        return BTreeMap::new();
    };
    entries
        .filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok())
        .filter_map(|id: u32| {
            let text = fs::read(format!("/proc/{id}/stat")).ok()?;
            Some((id, parse_status(&String::from_utf8_lossy(&text))?))
        })
        .collect()
}

/// Reads a line of `/proc/PID/stat`. The name in it may hold spaces and parentheses, so the last one counts.
fn parse_status(line: &str) -> Option<Status> {
    let (_, after_name) = line.rsplit_once(") ")?;
    let mut fields = after_name.split(' ');
    let state = fields.next()?;
    let parent = fields.next()?.parse().ok()?;
    let _group = fields.next()?;
    let session = fields.next()?.parse().ok()?;
    // The 22nd field of the line, and the 16th after the session.
    let started = fields.nth(15)?.parse().ok()?;
    Some(Status {
        parent,
        session,
        is_zombie: state == "Z" || state == "X",
        started,
    })
}

fn has_mark(id: u32, mark: &str) -> bool {
    fs::read(format!("/proc/{id}/environ")).is_ok_and(|environment| {
        environment
            .split(|byte| *byte == 0)
            .any(|variable| variable == mark.as_bytes())
    })
}

fn pid(id: u32) -> Option<Pid> {
    i32::try_from(id).ok().and_then(Pid::from_raw)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_with_spaces_and_parentheses_does_not_confuse_the_status() {
        let line = "4321 (a) b (c) S 17 4320 4300 34816 4321 4194304 5 6 7 8 9 10 11 12 20 0 1 0 8675309 1 2";
        let status = parse_status(line).expect("a status");
        let expected = Status {
            parent: 17,
            session: 4300,
            is_zombie: false,
            started: 8_675_309,
        };
        assert_eq!(status, expected);
    }

    #[test]
    fn a_family_is_the_session_and_all_descendants_and_nobody_else() {
        let of = |parent, session| Status {
            parent,
            session,
            is_zombie: false,
            started: 77,
        };
        // 4_000_100 is the shell; 101 called setsid, 102 is its child; 103 lost its parent; 104 is a stranger;
        // 105 was seen before; 106 has the id of one that was seen before.
        let statuses = BTreeMap::from([
            (4_000_100, of(50, 4_000_100)),
            (4_000_101, of(4_000_100, 4_000_101)),
            (4_000_102, of(4_000_101, 4_000_101)),
            (4_000_103, of(1, 4_000_100)),
            (4_000_104, of(50, 50)),
            (4_000_105, of(1, 4_000_105)),
            (4_000_106, of(1, 4_000_106)),
        ]);
        let mut family = Family {
            root: 4_000_100,
            mark: String::from("MARK=1"),
            orphans: Orphans::Marked,
            known: Known::from([(4_000_105, 77), (4_000_106, 76)]),
        };
        let ours = members(&family, &statuses, 50);
        let expected = [4_000_100, 4_000_101, 4_000_102, 4_000_103, 4_000_105];
        assert_eq!(ours, BTreeSet::from(expected));
        family.orphans = Orphans::All;
        assert!(members(&family, &statuses, 50).contains(&4_000_104));
    }
}
