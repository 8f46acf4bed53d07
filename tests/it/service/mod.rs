//! `dayfly run` under a service manager: the real program, a real socket, real signals.

mod unit;

use std::fs;
use std::io::{ErrorKind, Read};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Child, Stdio};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};

use crate::demo::commands::Operator;

/// So that a word that never comes is a failure, and not a test that never ends.
const PATIENCE: Duration = Duration::from_secs(120);

/// A service manager that has started `dayfly run`.
struct Manager {
    operator: Operator,
    socket: UnixDatagram,
    service: Child,
}

/// The next word on a socket. A wait with a limit ends whenever a child of another test does,
/// and goes on then.
fn received(socket: &UnixDatagram) -> String {
    let mut bytes = [0; 4096];
    let length = loop {
        match socket.recv(&mut bytes) {
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            received => break received.expect("a word in time"),
        }
    };
    String::from_utf8(bytes[..length].to_vec()).expect("text")
}

impl Manager {
    /// Starts it with the operator's configuration, of which `change` makes another.
    fn new(change: impl Fn(&str) -> String) -> Self {
        let operator = Operator::new();
        let path = operator.config();
        let text = fs::read_to_string(&path).expect("just written");
        fs::write(&path, change(&text)).expect("a file");
        let socket_path = operator.folder.path().join("notify");
        let socket = UnixDatagram::bind(&socket_path).expect("a free path");
        socket.set_read_timeout(Some(PATIENCE)).expect("not zero");
        let service = operator
            .command(&["run", "--config", "dayfly.toml"])
            .env("NOTIFY_SOCKET", socket_path)
            .env("WATCHDOG_USEC", "60000000")
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        Self {
            operator,
            socket,
            service,
        }
    }

    /// The next word.
    fn hear(&self) -> String {
        received(&self.socket)
    }

    /// The next word that has this line.
    fn hear_of(&self, line: &str) -> String {
        loop {
            let word = self.hear();
            if word.lines().any(|it| it == line) {
                return word;
            }
        }
    }

    /// Changes the file and says so; gives what the manager is told in the end.
    fn reload(&self, change: impl Fn(&str) -> String) -> String {
        let path = self.operator.folder.path().join("dayfly.toml");
        let text = fs::read_to_string(&path).expect("it is there");
        fs::write(&path, change(&text)).expect("a file");
        self.signal(Signal::HUP);
        let word = self.hear_of("RELOADING=1");
        let micros = word
            .lines()
            .find_map(|line| line.strip_prefix("MONOTONIC_USEC="));
        let micros: u64 = micros.expect("the moment").parse().expect("a number");
        assert!(0 < micros);
        let word = self.hear_of("READY=1");
        let status = word.lines().find_map(|line| line.strip_prefix("STATUS="));
        status.expect("what became of it").to_owned()
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.service), signal).expect("it runs");
    }

    /// Waits for the two jobs of the operator's pipeline.
    fn wait_for_jobs(&self) {
        for _ in 0..2 {
            fs::read_to_string(self.operator.folder.path().join("fifo")).expect("a job tells");
        }
    }

    /// Ends the service; gives its exit code and its log.
    fn end(mut self) -> (Option<i32>, String) {
        self.signal(Signal::TERM);
        self.hear_of("STOPPING=1");
        let mut log = String::new();
        let stderr = self.service.stderr.as_mut().expect("it is piped");
        stderr.read_to_string(&mut log).expect("text");
        (self.service.wait().expect("it ends").code(), log)
    }
}

impl Drop for Manager {
    fn drop(&mut self) {
        let _ = self.service.kill();
        let _ = self.service.wait();
    }
}

fn drained(text: &str) -> String {
    text.replacen("machines_max = 4", "machines_max = 0", 1)
}

#[test]
fn a_manager_hears_when_it_is_ready_when_it_reads_again_and_when_it_stops() {
    let manager = Manager::new(drained);
    let word = manager.hear_of("READY=1");
    let lines: Vec<&str> = word.lines().collect();
    assert_eq!(lines[1..], ["READY=1", "WATCHDOG=1"]);
    assert!(
        lines[0].starts_with("STATUS=2 queued, 0 booting, "),
        "{word}"
    );
    // Every tick is a sign of life, and it becomes ready once.
    assert!(manager.hear().ends_with(", alone\nWATCHDOG=1"));
    let status = manager.reload(|text| text.replacen("machines_max = 0", "machines_max = 4", 1));
    assert_eq!(status, "the configuration was read again");
    manager.wait_for_jobs();
    let (code, log) = manager.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(
        log.contains("the configuration was read again machines_max=4"),
        "{log}"
    );
}

#[test]
fn a_file_that_is_wrong_is_refused_with_every_mistake_and_the_old_one_stays_in_force() {
    let manager = Manager::new(drained);
    manager.hear_of("READY=1");
    let refused = "the configuration is refused, and the old one stays in force";
    let status = manager.reload(|text| {
        text.replacen("machines_max = 0", "machines_max = 4\nreserves = 1", 1)
            .replacen("tick_seconds = 1", "tick_seconds = -1", 1)
    });
    assert_eq!(status, refused);
    // What a running process cannot become is refused as a whole, with the cap beside it.
    let status = manager.reload(|text| {
        text.replacen("reserves = 1\n", "", 1)
            .replacen("tick_seconds = -1", "tick_seconds = 1", 1)
            .replacen("deployment = \"test\"", "deployment = \"other\"", 1)
            .replacen("folder = \"machines\"", "folder = \"elsewhere\"", 1)
    });
    assert_eq!(status, refused);
    for _ in 0..2 {
        let word = manager.hear_of("WATCHDOG=1");
        assert!(
            word.starts_with("STATUS=2 queued, 0 booting, 0 waiting, 0 running, "),
            "{word}"
        );
    }
    let (code, log) = manager.end();
    assert_eq!(code, Some(0), "{log}");
    assert!(!log.contains("INFO launched"), "{log}");
    for mistake in [
        "reserves: unknown key",
        "tick_seconds: ",
        "deployment cannot change",
        "cloud.folder cannot",
    ] {
        let line = log.lines().find(|line| line.contains(mistake));
        let line = line.unwrap_or_else(|| panic!("nothing of {mistake} in {log}"));
        assert!(
            line.contains("ERROR refused: the old configuration stays in force"),
            "{line}"
        );
    }
}

#[test]
fn without_the_hubs_answer_it_is_alive_and_not_ready() {
    let manager = Manager::new(|text| {
        let line = text
            .lines()
            .find(|line| line.starts_with("endpoint"))
            .expect("an endpoint");
        text.replace(line, "endpoint = \"127.0.0.1:1\"")
    });
    for _ in 0..2 {
        let word = manager.hear();
        assert!(
            word.ends_with("WATCHDOG=1") && !word.contains("READY"),
            "{word}"
        );
    }
    // Before it is ready, reading again is no event for a manager that waits for it.
    manager.signal(Signal::HUP);
    for _ in 0..2 {
        assert!(manager.hear().starts_with("STATUS="));
    }
    assert_eq!(manager.end().0, Some(0));
}

#[test]
fn a_socket_without_a_file_is_found_and_one_without_a_listener_is_said() {
    let operator = Operator::new();
    operator.config();
    let name = format!("dayfly-test-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(&name).expect("a short name");
    let socket = UnixDatagram::bind_addr(&address).expect("a name of our own");
    socket.set_read_timeout(Some(PATIENCE)).expect("not zero");
    let mut service = operator.command(&["run", "--config", "dayfly.toml"]);
    let service = service
        .env("NOTIFY_SOCKET", format!("@{name}"))
        .stderr(Stdio::null());
    let mut running = service.spawn().expect("it starts");
    let word = received(&socket);
    // No watchdog, no sign of life.
    assert!(word.starts_with("STATUS=2 queued"), "{word}");
    kill_process(Pid::from_child(&running), Signal::TERM).expect("it runs");
    assert_eq!(running.wait().expect("it ends").code(), Some(0));

    let mut lost = operator.command(&["run", "--config", "dayfly.toml"]);
    let output = lost
        .env("NOTIFY_SOCKET", "/nowhere/notify")
        .output()
        .expect("it starts");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(
        text.contains("NOTIFY_SOCKET names \"/nowhere/notify\""),
        "{text}"
    );
}

/// A terminal that is closed says so by the signal that otherwise means "read again".
#[tokio::test]
async fn a_terminal_that_is_closed_ends_what_it_started() {
    let operator = Operator::new();
    operator.config();
    let socket_path = operator.folder.path().join("notify");
    let socket = UnixDatagram::bind(&socket_path).expect("a free path");
    socket.set_read_timeout(Some(PATIENCE)).expect("not zero");
    let (terminal, line) = pty_process::open().expect("a terminal");
    let token = operator.command(&[]);
    let variables = token
        .get_envs()
        .filter_map(|(name, value)| Some((name, value?)));
    let mut service = pty_process::Command::new(crate::programs::lab())
        .args(["run", "--config", "dayfly.toml"])
        .current_dir(operator.folder.path())
        .env("NOTIFY_SOCKET", socket_path)
        .envs(variables)
        .spawn(line)
        .expect("it starts");
    let hear = || received(&socket);
    while !hear().contains("READY=1") {}
    drop(terminal);
    while hear() != "STOPPING=1" {}
    assert_eq!(service.wait().await.expect("it ends").code(), Some(0));
}
