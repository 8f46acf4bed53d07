//! The client against the emulated hub, over real sockets and real TLS.

mod bytes;
mod calls;
mod origin;
mod pipelines;
mod proxy;
mod trouble;

use std::net::TcpListener;
use std::path::PathBuf;
use std::time::Duration;

use dayfly::hub::client::HttpSettings;
use dayfly::hub::wire::payload::Command;
use dayfly::model::id::{AgentType, JobId};
use dayfly::model::secret::Secret;
use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use dayfly_lab::emulator::hub::Hub;
use dayfly_lab::emulator::hub::settings::{HubSettings, Limits};
use dayfly_lab::emulator::job_request::JobRequest;
use tempfile::TempDir;

/// An emulated hub on a port, with one agent type and one API token.
pub struct Served {
    pub server: Server<Hub>,
    pub registration_token: Secret,
    pub api_token: Secret,
    pub settings: HttpSettings,
    _folder: TempDir,
}

pub fn agent_type() -> AgentType {
    AgentType::new("s1-test")
}

impl Served {
    pub fn new() -> Self {
        Self::over(Transport::Tls)
    }

    pub fn over(transport: Transport) -> Self {
        Self::at("127.0.0.1:0", transport)
    }

    /// Listens on another address than its clients' settings may name.
    pub fn at(address: &str, transport: Transport) -> Self {
        let at_once = Limits {
            payload_build: Duration::ZERO,
            scheduling: Duration::ZERO,
            stop_delay: Duration::ZERO,
            ..Limits::default()
        };
        let mut hub = Hub::new(HubSettings {
            limits: at_once,
            ..HubSettings::default()
        });
        let now = SystemClock.now();
        let registration_token = hub
            .create_agent_type(agent_type(), now)
            .expect("a good name");
        let api_token = hub.create_api_token();
        let listener = TcpListener::bind(address).expect("a free port");
        let server = Server::start(Shared::new(hub), listener, transport, SystemClock);
        let server = server.expect("it can be served");
        let folder = TempDir::new().expect("a temporary folder");
        let mut settings = HttpSettings::new(server.address().to_string());
        match server.ca_pem() {
            Some(pem) => settings.ca_file = Some(write(&folder, pem)),
            None => settings.plain_http = true,
        }
        Self {
            server,
            registration_token,
            api_token,
            settings,
            _folder: folder,
        }
    }

    /// Puts a job into the queue that an agent can take at once.
    pub fn enqueue(&self, name: &str) -> JobId {
        let id = self.enqueue_untouched(name);
        self.server.shared().lock().tick(SystemClock.now());
        id
    }

    /// Puts a job into the queue, whose way to the agents is the hub's own work.
    pub fn enqueue_untouched(&self, name: &str) -> JobId {
        let request = JobRequest {
            name: name.to_owned(),
            block: "Block".to_owned(),
            agent_type: agent_type(),
            executor: None,
            env_vars: Vec::new(),
            files: Vec::new(),
            commands: vec![Command {
                directive: "true".to_owned(),
                alias: None,
            }],
            epilogue_always: Vec::new(),
            epilogue_on_pass: Vec::new(),
            epilogue_on_fail: Vec::new(),
            execution_time_limit: Duration::from_secs(3600),
        };
        let mut hub = self.server.shared().lock();
        hub.enqueue(request, SystemClock.now())
    }
}

fn write(folder: &TempDir, pem: &str) -> PathBuf {
    let path = folder.path().join("ca.pem");
    std::fs::write(&path, pem).expect("a file in a temporary folder");
    path
}
