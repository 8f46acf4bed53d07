//! Machines on this computer, with real processes: whatever a machine did, it leaves nothing.
//!
//! The agent is a script that the test writes. It talks on a named pipe, the wire, and what it
//! starts holds the wire open: the wire's end says that all of them are dead.

mod boots;
mod controller;
mod ends;
mod launches;

use std::collections::BTreeMap;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use dayfly::model::id::{Deployment, LaunchToken, MachineId, PoolName};
use dayfly::model::machine::{Machine, Phase};
use dayfly::model::money::MicroDollars;
use dayfly::model::offer::{Market, Offer};
use dayfly::model::plan::LaunchOrder;
use dayfly::model::secret::Secret;
use dayfly::model::template::LaunchTemplate;
use dayfly::ports::{Cloud, SystemClock};
use dayfly_lab::local::process::{AgentSettings, Faults, ProcessCloud, ProcessSettings};
use tempfile::TempDir;
use tokio::sync::mpsc;

/// Daemons that hide in every way we know; each says its pid on the wire, which is fd 3. `leave`
/// goes out of the control group, where a job has the right to.
const DAEMONS: &str = r#"
leave() {
  for mount in $(awk '$3 == "cgroup2" { print $2 }' /proc/mounts); do
    echo "$BASHPID" 2>/dev/null > "$mount/cgroup.procs"
  done
}
setsid bash -c 'echo $$ >&3; exec sleep 100000' &
(trap '' HUP INT TERM; echo "$BASHPID" >&3; while :; do sleep 100000; done) &
nohup bash -c 'echo $$ >&3; sleep 100000' >/dev/null 2>&1 &
( (exec env -i setsid /bin/bash -c 'echo $$ >&3; exec sleep 100000') & )
(leave; exec env -i setsid /bin/bash -c 'echo $$ >&3; exec sleep 100000') &
(bash -c 'echo $$ >&3; kill -STOP $$') &
"#;
/// A process that is never the same for long: each link starts the next one and ends. A link is a
/// bash of its own: subshells of subshells would run out of stack, and the chain would end itself.
/// It ends with the folder of its test, so that one that fails leaves no chain to all others.
const CHAIN: &str = r#"
export WIRE LINK='[ ! -p "$WIRE" ] || bash -c "$LINK" & exit'
(leave; echo chain >&3; bash -c "$LINK") &
"#;
const DAEMONS_COUNT: usize = 6;

/// A folder with an agent's script and its wire, and how a cloud is made of them.
pub struct World {
    folder: TempDir,
}

impl World {
    /// `script` is what the agent does; it can `say` on the wire, and `wait_for_go`.
    pub fn new(script: &str) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        for name in ["wire", "go"] {
            let made = Command::new("mkfifo")
                .arg(folder.path().join(name))
                .status();
            assert!(made.expect("mkfifo runs").success());
        }
        let place = folder.path().display();
        let text = format!(
            "WIRE={place}/wire\nexec 3>$WIRE\nsay() {{ echo \"$*\" >&3; }}\nwait_for_go() {{ read -r _ <{place}/go; }}\n\
             register() {{ rm {place}/machines/*/token; echo \"dayfly: registered me\"; }}\n{script}\n"
        );
        fs::write(folder.path().join("agent.sh"), text).expect("a file");
        Self { folder }
    }

    pub fn root(&self) -> PathBuf {
        self.folder.path().join("machines")
    }

    pub fn settings(&self) -> ProcessSettings {
        settings(self.folder.path())
    }

    pub fn cloud(&self) -> ProcessCloud<SystemClock> {
        ProcessCloud::new(self.settings(), SystemClock).expect("this computer can have machines")
    }

    /// What the agent and its processes say, line by line; it ends when the last of them is dead.
    pub fn wire(&self) -> Wire {
        let path = self.folder.path().join("wire");
        // Both ends in one, which waits for nobody: an agent may be ended before it opens the wire.
        let kept_open = fs::File::options().read(true).write(true).open(&path);
        let kept_open = kept_open.expect("a named pipe");
        let wire = fs::File::open(path).expect("its other end is open");
        let (sender, lines) = mpsc::unbounded_channel();
        std::thread::spawn(move || {
            let lines = BufReader::new(wire).lines().map_while(Result::ok);
            lines.for_each(|line| drop(sender.send(line)));
        });
        Wire {
            lines,
            kept_open: Some(kept_open),
        }
    }

    /// Lets an agent go on that waits for it.
    pub async fn go(&self) {
        let path = self.folder.path().join("go");
        let write = move || {
            fs::File::options()
                .write(true)
                .open(path)?
                .write_all(b"go\n")
        };
        tokio::task::spawn_blocking(write)
            .await
            .expect("no panic")
            .expect("the agent reads");
    }

    /// Nothing of any machine is on disk.
    pub fn assert_clean(&self) {
        let left = fs::read_dir(self.root()).into_iter().flatten().flatten();
        let left: Vec<PathBuf> = left.map(|entry| entry.path()).collect();
        assert_eq!(left, Vec::<PathBuf>::new());
    }
}

pub fn settings(folder: &Path) -> ProcessSettings {
    let agent = AgentSettings {
        endpoint: "127.0.0.1:1".to_owned(),
        ca_file: None,
        plain_http: false,
        registration_token: Secret::new("the-registration-token"),
        interruption_grace_period: Duration::ZERO,
    };
    ProcessSettings {
        root: folder.join("machines"),
        deployment: Deployment::new("test"),
        init_command: vec![crate::programs::lab().into_os_string()],
        agent_command: vec!["bash".into(), folder.join("agent.sh").into_os_string()],
        pools: BTreeMap::from([(PoolName::new("linux"), agent)]),
        boot_delay: (Duration::ZERO, Duration::ZERO),
        path: std::env::var_os("PATH").expect("a search path"),
    }
}

/// The other end of what the agent says.
pub struct Wire {
    lines: mpsc::UnboundedReceiver<String>,
    /// Until the first line comes, or none is expected any more.
    kept_open: Option<fs::File>,
}

impl Wire {
    pub async fn line(&mut self) -> String {
        let line = self.lines.recv().await;
        self.kept_open = None;
        line.expect("somebody has more to say")
    }

    pub async fn lines(&mut self, count: usize) -> Vec<String> {
        let mut lines = Vec::new();
        while lines.len() < count {
            lines.push(self.line().await);
        }
        lines
    }

    /// Waits until every process that holds the other end is dead; gives what they still said.
    pub async fn end(mut self) -> Vec<String> {
        self.kept_open = None;
        let mut lines = Vec::new();
        while let Some(line) = self.lines.recv().await {
            lines.push(line);
        }
        lines
    }
}

/// An order with limits that no test reaches.
pub fn order(token: &str, count: u32) -> LaunchOrder {
    LaunchOrder {
        token: LaunchToken::new(token),
        pool: PoolName::new("linux"),
        count,
        template: LaunchTemplate::of_process(),
        offers: vec![Offer {
            instance_type: "process".to_owned(),
            subnet: "local".to_owned(),
            market: Market::OnDemand,
            hourly: MicroDollars(0),
        }],
        boot_limit: Duration::from_secs(600),
        lifetime: Duration::from_secs(3600),
        idle_timeout: Duration::from_secs(60),
    }
}

/// Launches one machine.
pub async fn launch_one(cloud: &ProcessCloud<SystemClock>, order: &LaunchOrder) -> MachineId {
    let launched = cloud.launch(order).await.expect("there is capacity");
    let [machine] = &launched.machines[..] else {
        panic!("one machine: {launched:?}");
    };
    machine.id.clone()
}

/// The list's machine, as soon as it satisfies `until`.
pub async fn machine_when(
    cloud: &ProcessCloud<SystemClock>,
    id: &MachineId,
    until: impl Fn(&Machine) -> bool,
) -> Machine {
    let mut bell = cloud.listen();
    loop {
        bell.mark_unchanged();
        let machines = cloud.machines().await.expect("a list");
        if let Some(machine) = machines.get(id).filter(|machine| until(machine)) {
            return machine.clone();
        }
        bell.changed().await.expect("the bell is the cloud's");
    }
}

pub async fn wait_until_gone(cloud: &ProcessCloud<SystemClock>, id: &MachineId) -> Machine {
    machine_when(cloud, id, |machine| machine.phase == Phase::Gone).await
}

pub fn no_faults() -> Faults {
    Faults::default()
}

/// Whether a pid that was told names no process any more, not even a dead one.
pub fn assert_dead(pids: &[String]) {
    let living = |pid: &&String| Path::new("/proc").join(pid).exists();
    let alive: Vec<&String> = pids.iter().filter(living).collect();
    assert!(alive.is_empty(), "{alive:?} of {pids:?} are alive");
}
