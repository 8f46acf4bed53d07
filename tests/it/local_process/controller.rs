//! Killing what holds a machine together: its init, the process that launched it, or both.
//!
//! The process that launches runs by itself here, because it adopts and ends whatever orphans it
//! gets: it is this test binary, started again for the one test `a_controller`.

use std::ffi::OsStr;
use std::process::{Child, Stdio};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::retry_on_intr;
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use super::*;

/// The variable that names the folder of a controller's world.
const FOLDER: &str = "DAYFLY_TEST_CONTROLLER";
const SCRIPT_END: &str = "register\nwait_for_go";

fn say(line: &str) {
    let mut stderr = std::io::stderr();
    writeln!(stderr, "{line}").expect("the test reads it");
}

/// Does nothing, except where another test has started it to be killed.
#[tokio::test]
async fn a_controller() {
    let Some(folder) = std::env::var_os(FOLDER) else {
        return;
    };
    let settings = settings(Path::new(&folder));
    let cloud = ProcessCloud::new(settings, SystemClock).expect("this computer can have machines");
    let machine = launch_one(&cloud, &order("a", 1)).await;
    say(&format!("launched {machine}"));
    wait_until_gone(&cloud, &machine).await;
    say(&format!("gone {machine}"));
}

struct Controller {
    child: Child,
    said: std::io::Lines<BufReader<std::process::ChildStderr>>,
    machine: String,
}

impl Controller {
    fn start(world: &World) -> Self {
        let mut child = Command::new(std::env::current_exe().expect("this program"))
            .args([
                "--exact",
                "--nocapture",
                "local_process::controller::a_controller",
            ])
            .env(FOLDER, world.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .expect("it starts");
        let stderr = child.stderr.take().expect("a pipe");
        let said = BufReader::new(stderr).lines();
        let mut controller = Self {
            child,
            said,
            machine: String::new(),
        };
        controller.machine = controller.hear("launched ");
        controller
    }

    /// The rest of the controller's next line, which begins so; or else all that it still says,
    /// such as why it panicked.
    fn hear(&mut self, beginning: &str) -> String {
        let line = self.said.next().transpose().expect("text");
        let rest = line
            .as_deref()
            .and_then(|line| line.strip_prefix(beginning));
        if let Some(rest) = rest {
            return rest.to_owned();
        }
        let said: Vec<String> = self.said.by_ref().map_while(Result::ok).collect();
        let said = said.join("\n");
        panic!("not {beginning:?} but {line:?}, and then:\n{said}");
    }

    fn init(&self, world: &World) -> String {
        let file = world.root().join(&self.machine).join("init.pid");
        fs::read_to_string(file).expect("the init has begun")
    }
}

fn kill(pid: &str) {
    let killed = Command::new("kill").args(["-KILL", pid]).status();
    assert!(killed.expect("kill runs").success());
}

/// Waits until a process has ended, also if nobody has waited for it yet.
fn wait_until_dead(pid: &str) {
    let pid = Pid::from_raw(pid.parse().expect("a number")).expect("not zero");
    let Ok(process) = pidfd_open(pid, PidfdFlags::empty()) else {
        return;
    };
    let mut events = [PollFd::new(&process, PollFlags::IN)];
    // The end of another test's child interrupts it.
    retry_on_intr(|| poll(&mut events, None)).expect("poll waits");
}

#[tokio::test]
async fn machines_notice_when_their_controller_is_killed() {
    let world = World::new(&format!("{DAEMONS}{CHAIN}{SCRIPT_END}"));
    let mut wire = world.wire();
    let mut controller = Controller::start(&world);
    wire.lines(DAEMONS_COUNT + 1).await;
    controller.child.kill().expect("it runs");
    controller.child.wait().expect("it ends");
    wire.end().await;
}

#[tokio::test]
async fn what_a_killed_init_leaves_is_ended_by_the_controller() {
    let world = World::new(&format!("{DAEMONS}{CHAIN}{SCRIPT_END}"));
    let mut wire = world.wire();
    let mut controller = Controller::start(&world);
    let told = wire.lines(DAEMONS_COUNT + 1).await;
    let daemons: Vec<String> = told.into_iter().filter(|line| line != "chain").collect();
    kill(&controller.init(&world));
    assert_eq!(controller.hear("gone "), controller.machine);
    assert_dead(&daemons);
    wire.end().await;
    world.assert_clean();
    assert!(controller.child.wait().expect("it ends").success());
}

/// As in a container into which a program was started from outside: its session has no number.
#[test]
#[expect(clippy::print_stdout, reason = "a test that was skipped says so")]
fn a_killed_init_leaves_nothing_in_a_container_either() {
    const NAME: &str =
        "local_process::controller::what_a_killed_init_leaves_is_ended_by_the_controller";
    let contained = |command: &[&OsStr]| {
        Command::new("unshare")
            .args(["--pid", "--fork", "--kill-child", "--mount-proc"])
            .args(command)
            .output()
            .expect("unshare runs")
    };
    if !contained(&["true".as_ref()]).status.success() {
        println!("skipped: this user may not make a container");
        return;
    }
    let test = std::env::current_exe().expect("this program");
    let output = contained(&[test.as_os_str(), "--exact".as_ref(), NAME.as_ref()]);
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("1 passed"), "{said}");
}

#[tokio::test]
async fn a_machine_without_init_and_controller_is_cleared_by_the_next_one() {
    let world = World::new(&format!("say $BASHPID\n{SCRIPT_END}"));
    let mut wire = world.wire();
    let mut controller = Controller::start(&world);
    let agent = wire.line().await;
    // Stopped first, so that it cannot do its work when its init is killed.
    let stop = Command::new("kill")
        .args(["-STOP", &controller.child.id().to_string()])
        .status();
    assert!(stop.expect("kill runs").success());
    let init = controller.init(&world);
    kill(&init);
    wait_until_dead(&init);
    controller.child.kill().expect("it runs");
    controller.child.wait().expect("it ends");
    assert!(
        Path::new("/proc").join(&agent).exists(),
        "nobody is left who would end it"
    );
    let cloud = world.cloud();
    wire.end().await;
    cloud.shutdown().await;
}
