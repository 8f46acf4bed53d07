//! However a demo ends, it leaves nothing: no process, no machine.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

use super::Demo;

/// Starts a demo of one job that waits for ever, and waits until the job has told its pid.
fn running_demo(folder: &Path) -> (Demo, Child, Pid) {
    let fifo = folder.join("pids");
    assert!(
        Command::new("mkfifo")
            .arg(&fifo)
            .status()
            .expect("mkfifo runs")
            .success()
    );
    let tell = format!("echo $$ > {}", fifo.display());
    let demo = Demo::of_jobs(&[("waits", &[&tell, "sleep 100000"])]);
    let child = demo
        .command()
        .arg("--json")
        .env("TMPDIR", folder)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .expect("the demo starts");
    let mut line = String::new();
    let reader = std::fs::File::open(&fifo).expect("the job opens the other end");
    BufReader::new(reader)
        .read_line(&mut line)
        .expect("the job tells its pid");
    let pid = line.trim().parse().expect("a number");
    (demo, child, Pid::from_raw(pid).expect("not zero"))
}

/// Waits until a process is gone, however long it takes, without looking again and again.
fn wait_until_gone(pid: Pid) {
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    let mut events = [rustix::event::PollFd::new(
        &process,
        rustix::event::PollFlags::IN,
    )];
    // The end of another test's child interrupts it.
    rustix::io::retry_on_intr(|| rustix::event::poll(&mut events, None)).expect("poll waits");
}

/// The process that started another.
fn parent(pid: Pid) -> Pid {
    let path = format!("/proc/{}/stat", pid.as_raw_pid());
    let stat = std::fs::read_to_string(path).expect("it runs");
    let (_, fields) = stat.rsplit_once(") ").expect("a name in parentheses");
    let parent = fields.split(' ').nth(1).expect("the parent");
    Pid::from_raw(parent.parse().expect("a number")).expect("not zero")
}

#[test]
fn an_interrupt_ends_every_machine() {
    for signal in [Signal::INT, Signal::TERM] {
        let folder = tempfile::TempDir::new().expect("a temporary folder");
        let (_demo, mut child, job) = running_demo(folder.path());
        let dayfly = Pid::from_child(&child);
        kill_process(dayfly, signal).expect("it runs");
        let status = child.wait().expect("it ends");
        assert!(status.code().is_some_and(|code| code != 0), "{status:?}");
        assert!(
            !Path::new("/proc")
                .join(job.as_raw_pid().to_string())
                .exists(),
            "the job lives"
        );
    }
}

#[test]
fn machines_notice_when_dayfly_is_killed() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let (_demo, mut child, job) = running_demo(folder.path());
    let init = parent(parent(job));
    child.kill().expect("it runs");
    child.wait().expect("it ends");
    wait_until_gone(job);
    wait_until_gone(init);
    let left: Vec<_> = std::fs::read_dir(folder.path())
        .expect("it is there")
        .flatten()
        .collect();
    assert!(
        left.iter().all(|entry| entry.file_name() == "pids"),
        "{left:?}"
    );
}

#[test]
fn a_job_whose_agent_was_killed_fails_soon_and_holds_nothing_up() {
    let kill_init = "kill -9 $(ps -o ppid= -p $PPID); sleep 100000";
    let ran = Demo::of_jobs(&[
        ("agent", &["kill -9 $PPID; sleep 100000"]),
        ("init", &[kill_init]),
        ("other", &["true"]),
    ])
    .run();
    assert_eq!(ran.status, 1);
    assert_eq!(ran.result("agent"), "failed");
    assert_eq!(ran.result("init"), "failed");
    assert_eq!(ran.result("other"), "passed");
    assert_eq!(ran.report["machines"]["alive"], 0, "{:#}", ran.report);
}
