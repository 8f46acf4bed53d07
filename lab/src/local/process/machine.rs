//! A machine's first process: it starts the agent, and ends the machine when the agent has left,
//! when a limit is over, when it is told to, or when the process that launched it is gone.

use std::cell::Cell;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::os::unix::fs::OpenOptionsExt;
use std::pin::pin;
use std::process::Stdio;
use std::time::Duration;

use rustix::process::setsid;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, BufReader};
use tokio::net::unix::pipe::Receiver;
use tokio::process::{Child, ChildStdout, Command};
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::{Instant, sleep, sleep_until, timeout};

use super::cgroup::Cgroup;
use super::faults::Boot;
use super::folder::{Folder, Tags};
use super::tree;
use dayfly_agent::process::become_subreaper;
use dayfly_agent::process::children::reap_orphans;

/// The variable that marks every process of a machine.
pub const MARK: &str = "DAYFLY_MACHINE";
/// How long the last words of an agent that has left may take.
const LAST_WORDS: Duration = Duration::from_millis(200);

/// Lives a machine's life in its folder, and leaves neither process nor folder.
pub async fn live(folder: Folder) -> io::Result<()> {
    let tags = folder.read_tags()?;
    // A session of its own: signals to the terminal of whoever launched it do not reach it.
    // It fails for a process that leads a group already, and then there is a session.
    let _ = setsid();
    become_subreaper()?;
    // Listened to before anybody can know whom to send it to.
    let terminate = signal(SignalKind::terminate())?;
    folder.write_init_pid()?;
    let cgroup = Cgroup::of(&tags.machine.id);
    let result = run(&folder, &tags, cgroup.as_ref(), terminate).await;
    if let Some(cgroup) = &cgroup {
        cgroup.kill();
    }
    // It blocks, and nothing else is left to do here. If some cannot be ended, the folder stays,
    // and whoever launched the machine does what it can.
    tree::end_descendants()?;
    if let Some(cgroup) = &cgroup {
        cgroup.remove();
    }
    folder.remove();
    result
}

/// Boots, runs the agent, and returns when the machine has to end.
async fn run(
    folder: &Folder,
    tags: &Tags,
    cgroup: Option<&Cgroup>,
    mut terminate: Signal,
) -> io::Result<()> {
    let launched = Instant::now();
    let lifetime = sleep_until(launched + tags.machine.lifetime);
    tokio::select! {
        result = boot(folder, tags, cgroup, launched) => result,
        () = lifetime => Ok(()),
        () = launcher_is_gone() => Ok(()),
        _ = terminate.recv() => Ok(()),
    }
}

async fn boot(
    folder: &Folder,
    tags: &Tags,
    cgroup: Option<&Cgroup>,
    launched: Instant,
) -> io::Result<()> {
    sleep(tags.boot_delay).await;
    let boot_limit = launched + tags.machine.boot_limit;
    match tags.boot {
        Boot::Normal => {}
        Boot::Fails => return Ok(()),
        Boot::Hangs => {
            sleep_until(boot_limit).await;
            return Ok(());
        }
    }
    let mut agent = start_agent(folder, tags)?;
    let process = agent.id().ok_or_else(|| io::Error::other("no agent"))?;
    if let Some(cgroup) = cgroup {
        cgroup.join(process);
    }
    let console = agent
        .stdout
        .take()
        .ok_or_else(|| io::Error::other("no console"))?;
    let (registered, is_registered) = tokio::sync::oneshot::channel();
    let too_late = async {
        tokio::select! {
            // An agent that has registered has all the time of the machine's life.
            Ok(()) = is_registered => std::future::pending().await,
            () = sleep_until(boot_limit) => {}
        }
    };
    let has_registered = Cell::new(false);
    let mut copied = pin!(copy_console(console, folder, registered, &has_registered));
    let mut too_late = pin!(too_late);
    let mut reaped = pin!(reap_orphans(process));
    let mut is_copied = false;
    loop {
        tokio::select! {
            _ = &mut copied, if !is_copied => is_copied = true,
            status = agent.wait() => {
                status?;
                break;
            }
            () = &mut too_late => return Ok(()),
            never = &mut reaped => match never {},
        }
    }
    if !is_copied {
        // What the agent said last is on its way; a process that it left behind may hold the
        // console open for ever, and is not waited for.
        let _ = timeout(LAST_WORDS, copied).await;
    }
    if has_registered.get() {
        return Ok(());
    }
    // Its log goes with the machine, so that nobody could look for the reason later.
    let log = fs::read_to_string(folder.agent_log()).unwrap_or_default();
    let reason = log.lines().last().unwrap_or("it said nothing");
    Err(io::Error::other(format!(
        "the agent left before it registered: {reason}"
    )))
}

fn start_agent(folder: &Folder, tags: &Tags) -> io::Result<Child> {
    let [program, arguments @ ..] = tags.agent_command.as_slice() else {
        return Err(io::Error::other("the agent's command is empty"));
    };
    let log = OpenOptions::new()
        .append(true)
        .create(true)
        .mode(0o600)
        .open(folder.agent_log())?;
    let mut command = Command::new(program);
    command
        .args(arguments)
        .args(["start", "--config-file"])
        .arg(folder.agent_settings())
        .env_clear()
        .env("PATH", &tags.path)
        .env("HOME", folder.home())
        .env("TMPDIR", folder.scratch())
        .env("LANG", "C.UTF-8")
        .env("USER", "dayfly")
        .env(MARK, tags.machine.id.as_str())
        .current_dir(folder.home())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(log)
        .kill_on_drop(true);
    command.spawn()
}

/// Copies the agent's stdout to the machine's console and to whoever launched the machine.
async fn copy_console(
    console: ChildStdout,
    folder: &Folder,
    registered: tokio::sync::oneshot::Sender<()>,
    has_registered: &Cell<bool>,
) -> io::Result<()> {
    let mut registered = Some(registered);
    let mut lines = BufReader::new(console).lines();
    // Written at once, because the runtime would need a thread to write a file of its own.
    let mut file = File::create(folder.console())?;
    while let Some(mut line) = lines.next_line().await? {
        line.push('\n');
        file.write_all(line.as_bytes())?;
        // A launcher that does not listen any more is noticed by its stdin.
        let mut launcher = io::stdout().lock();
        let _ = launcher
            .write_all(line.as_bytes())
            .and_then(|()| launcher.flush());
        if line.starts_with("dayfly: registered ")
            && let Some(registered) = registered.take()
        {
            has_registered.set(true);
            let _ = registered.send(());
        }
    }
    Ok(())
}

/// Ready when the other end of stdin is closed, which the kernel does however its process ended.
async fn launcher_is_gone() {
    let stdin = io::stdin()
        .as_fd()
        .try_clone_to_owned()
        .and_then(Receiver::from_owned_fd);
    // Without a pipe nobody waits at the other end: the limits alone end the machine.
    let Ok(mut stdin) = stdin else {
        return std::future::pending().await;
    };
    let mut byte = [0; 1];
    while stdin.read(&mut byte).await.is_ok_and(|read| 0 < read) {}
}
