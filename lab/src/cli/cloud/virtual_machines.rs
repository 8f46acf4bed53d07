//! Virtual machines for emulated ones: each that runs is one of this computer, with the user data
//! of its launch and a metadata service of its own.
//!
//! The account decides when a machine runs and when it has to end; when the virtual machine is
//! off, the account is told so. What must stay true: a machine that has ended runs nowhere.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use tokio::io::{AsyncBufReadExt, BufReader};
use tokio::process::{Child, ChildStdout};
use tokio::sync::Notify;
use tokio::task::JoinSet;

use crate::emulator::ec2::Ec2;
use crate::emulator::ec2::journal::Change;
use crate::emulator::ec2::machine::State;
use crate::emulator::emulated::Emulated;
use crate::emulator::http::tls::SEEN_FROM_MACHINES;
use crate::emulator::http::{Shared, unix};
use crate::emulator::imds::{self, Imds};
use crate::emulator::message::{Delivery, Request, Response};
use crate::local::qemu::{self, Folder, Hardware, QemuSettings};
use dayfly::model::time::Timestamp;
use dayfly::ports::{Clock, SystemClock};

/// What the virtual machines of an account have in common, if they can be had here. `trust` holds
/// all certificates of what they speak to, and `endpoint` is where the account is on this computer.
///
/// # Errors
/// This program does not find itself; or what is missing, and how it can be had.
pub fn settings(image: &Path, trust: String, endpoint: &str) -> io::Result<QemuSettings> {
    let seen = endpoint.replace("127.0.0.1", SEEN_FROM_MACHINES);
    let settings = QemuSettings {
        image: image.to_owned(),
        trust,
        environment: format!("AWS_ENDPOINT_URL={seen}\n"),
        host: SEEN_FROM_MACHINES.to_owned(),
        program: std::env::current_exe()?,
    };
    qemu::check(&settings)?;
    Ok(settings)
}

/// The virtual machines of an account.
#[derive(Debug)]
pub struct VirtualMachines {
    account: Shared<Ec2>,
    settings: Arc<QemuSettings>,
    folder: PathBuf,
    seed: u64,
    /// Whom to tell that a machine has to end.
    ending: BTreeMap<String, Arc<Notify>>,
    lives: JoinSet<()>,
}

/// One machine's metadata service: the account's own state, seen from inside.
#[derive(Debug)]
struct Metadata {
    account: Shared<Ec2>,
    machine: String,
    imds: Imds,
}

impl Emulated for Metadata {
    fn handle(&mut self, request: &Request, now: Timestamp) -> Response {
        let account = self.account.lock();
        match account.machine(&self.machine) {
            Some(machine) => self.imds.handle(request, machine, account.settings(), now),
            None => Response {
                status: 404,
                content_type: "",
                location: None,
                body: Vec::new(),
                delivery: Delivery::Prompt,
            },
        }
    }

    fn tick(&mut self, _: Timestamp) {}

    fn next_deadline(&self) -> Option<Timestamp> {
        None
    }
}

impl VirtualMachines {
    /// For the machines that an account launches from now on; their folders are in `folder`.
    pub fn new(account: Shared<Ec2>, settings: QemuSettings, folder: PathBuf, seed: u64) -> Self {
        Self {
            account,
            settings: Arc::new(settings),
            folder,
            seed,
            ending: BTreeMap::new(),
            lives: JoinSet::new(),
        }
    }

    /// Follows the account for ever. When this is dropped, every virtual machine is off.
    pub async fn follow(mut self) {
        let mut bell = self.account.listen();
        loop {
            bell.mark_unchanged();
            let changes = self.account.lock().drain_changes();
            for change in changes {
                if let Change::StateChanged { machine, state, .. } = change {
                    self.enter(&machine, state);
                }
            }
            // Those that are done are not kept.
            while self.lives.try_join_next().is_some() {}
            if bell.changed().await.is_err() {
                return;
            }
        }
    }

    fn enter(&mut self, id: &str, state: State) {
        match state {
            State::Pending => {}
            State::Running => {
                let ending = Arc::new(Notify::new());
                self.ending.insert(id.to_owned(), ending.clone());
                let life = Life {
                    id: id.to_owned(),
                    account: self.account.clone(),
                    settings: self.settings.clone(),
                    root: self.folder.clone(),
                    seed: self.seed,
                };
                self.lives.spawn(life.live(ending));
            }
            State::ShuttingDown | State::Terminated | State::Stopping | State::Stopped => {
                if let Some(ending) = self.ending.remove(id) {
                    ending.notify_one();
                }
            }
        }
    }
}

/// One virtual machine, from its start to its end.
struct Life {
    id: String,
    account: Shared<Ec2>,
    settings: Arc<QemuSettings>,
    root: PathBuf,
    seed: u64,
}

impl Life {
    async fn live(self, ending: Arc<Notify>) {
        if let Err(error) = self.run(&ending).await {
            tracing::error!(machine = %self.id, %error, "a virtual machine cannot run");
        }
        let mut account = self.account.lock();
        account.power_off(&self.id, SystemClock.now());
        drop(account);
        self.account.ring();
    }

    async fn run(&self, ending: &Notify) -> io::Result<()> {
        let size = {
            let account = self.account.lock();
            let machine = account.machine(&self.id);
            machine.map(|machine| machine.instance_type.clone())
        };
        let folder = Folder::create(&self.root, &self.id)?;
        let metadata = Shared::new(Metadata {
            account: self.account.clone(),
            machine: self.id.clone(),
            imds: Imds::new(self.seed),
        });
        let served = unix::serve(metadata, folder.metadata(), SystemClock)?;
        let hardware = Hardware {
            id: self.id.clone(),
            size: size.unwrap_or_default(),
            mac: imds::mac(&self.id),
        };
        let child = qemu::start(&self.settings, &folder, &hardware)?;
        tracing::info!(machine = %self.id, "a virtual machine boots");
        tokio::select! {
            () = served => {}
            result = self.until_off(child) => result?,
            () = ending.notified() => {}
        }
        folder.remove();
        Ok(())
    }

    /// Writes what its console shows until it is off.
    async fn until_off(&self, mut child: Child) -> io::Result<()> {
        let console = child.stdout.take();
        if let Some(console) = console {
            self.copy_console(console).await?;
        }
        let status = child.wait().await?;
        tracing::info!(machine = %self.id, %status, "a virtual machine is off");
        Ok(())
    }

    async fn copy_console(&self, console: ChildStdout) -> io::Result<()> {
        let mut lines = BufReader::new(console);
        let mut line = Vec::new();
        while 0 < lines.read_until(b'\n', &mut line).await? {
            let text = String::from_utf8_lossy(&line).into_owned();
            tracing::debug!(machine = %self.id, line = text.trim_end(), "console");
            let mut account = self.account.lock();
            account.write_console(&self.id, &text, SystemClock.now());
            drop(account);
            self.account.ring();
            line.clear();
        }
        Ok(())
    }
}
