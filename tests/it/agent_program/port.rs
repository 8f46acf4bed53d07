//! An emulated hub on a port of its own, over TLS 1.3, for one test.

use std::fs;
use std::future::Future;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use dayfly::ports::SystemClock;
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use dayfly_lab::emulator::hub::Hub;
use tokio::sync::oneshot;

/// A test that waits for longer has found something that hangs, on however slow a computer.
const PATIENCE: Duration = Duration::from_secs(600);

/// The hub, and the thread that serves it until this is dropped.
pub struct Port {
    shared: Shared<Hub>,
    pub address: SocketAddr,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Port {
    /// Serves the hub, and writes the authority that vouches for it to `ca_file`.
    pub fn open(hub: Hub, ca_file: &Path) -> Self {
        let shared = Shared::new(hub);
        let (stop, stopped) = oneshot::channel();
        let (started, start) = mpsc::channel();
        let served = shared.clone();
        let thread = thread::spawn(move || {
            block_on(async move {
                let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
                let server = Server::start(served, listener, Transport::Tls, SystemClock);
                let server = server.expect("a port of this computer");
                let pem = server.ca_pem().expect("it speaks TLS").to_owned();
                started
                    .send((server.address(), pem))
                    .expect("the test waits");
                let _ = stopped.await;
            });
        });
        let (address, pem) = start.recv().expect("the thread serves");
        fs::write(ca_file, pem).expect("a folder of the test's");
        Self {
            shared,
            address,
            stop: Some(stop),
            thread: Some(thread),
        }
    }

    /// Does something with the hub between two requests.
    pub fn with<T>(&self, act: impl FnOnce(&mut Hub) -> T) -> T {
        let result = act(&mut self.shared.lock());
        self.shared.ring();
        result
    }

    /// Waits until the hub is as wanted; looks whenever it may have changed.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&Hub) -> bool) {
        let mut bell = self.shared.listen();
        let wait = async {
            while !is_so(&self.shared.lock()) {
                bell.changed().await.expect("the hub outlives this");
            }
        };
        let waited = block_on(async { tokio::time::timeout(PATIENCE, wait).await });
        assert!(waited.is_ok(), "waited in vain for {what}");
    }
}

impl Drop for Port {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

fn block_on<T>(work: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    runtime.expect("a runtime").block_on(work)
}
