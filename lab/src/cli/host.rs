//! An emulated hub with a pipeline in it, served on a port: what `hub` and `demo` share.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use thiserror::Error;

use super::exit::Exit;
use super::output::{print_stderr, refused};
use crate::emulator::edge::EdgeSettings;
use crate::emulator::feed::Feed;
use crate::emulator::http::{ServeError, Server, Shared, Transport};
use crate::emulator::hub::Hub;
use crate::emulator::hub::agent_type::AgentTypeError;
use crate::emulator::hub::faults::{Fault, Scope};
use crate::emulator::hub::settings::HubSettings;
use crate::emulator::pipeline::{Loaded, Run, RunIds, expand, load};
use dayfly::model::id::AgentType;
use dayfly::model::secret::Secret;
use dayfly::ports::{Clock, SystemClock};

/// What is to be served.
#[derive(Debug)]
pub struct HostSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// With or without TLS.
    pub transport: Transport,
    /// How the hub behaves.
    pub hub: HubSettings,
    /// What it runs.
    pub loaded: Loaded,
    /// This computer's address as agents see it, where that is another than the server's own.
    pub seen_as: Option<&'static str>,
    /// Agent types beside those that the pipeline asks for.
    pub agent_types: Vec<AgentType>,
    /// What is in front of it, if anything is.
    pub edge: Option<EdgeSettings>,
    /// What goes wrong in it.
    pub faults: Vec<(Scope, Fault)>,
}

/// A hub that is being served, with everything that its clients need.
#[derive(Debug)]
pub struct Host {
    /// The port.
    pub server: Server<Hub>,
    /// The pipeline in it.
    pub feed: Feed,
    /// What the pipeline file asks for and a local run cannot give.
    pub notices: Vec<String>,
    /// Admits agents, by agent type.
    pub registration_tokens: BTreeMap<AgentType, Secret>,
    /// Reads everything.
    pub api_token: Secret,
}

/// Why a hub, or a cloud, cannot be had.
#[derive(Debug, Error)]
pub enum HostError {
    /// The address is none that a client can call, and answers carry it.
    #[error("cannot serve on {0}: name an address of this computer, such as 127.0.0.1:0")]
    Unspecified(SocketAddr),
    /// The port is taken, or may not be used.
    #[error("cannot listen on {address}")]
    Listen {
        /// Which.
        address: SocketAddr,
        /// Why.
        source: io::Error,
    },
    /// The hub would not have such an agent type.
    #[error(transparent)]
    AgentType(#[from] AgentTypeError),
    /// The server did not start.
    #[error(transparent)]
    Serve(#[from] ServeError),
}

impl Host {
    /// Serves a hub and puts the first jobs into its queue. Needs a tokio runtime.
    pub fn start(settings: HostSettings) -> Result<Self, HostError> {
        let HostSettings {
            listen,
            transport,
            hub: hub_settings,
            loaded,
            seen_as,
            agent_types,
            edge,
            faults,
        } = settings;
        let listener = listener(listen)?;
        let now = SystemClock.now();
        let expansion = expand(&loaded.pipeline, &run_ids(hub_settings.seed));
        let jobs = expansion.blocks.iter().chain(&expansion.after_pipeline);
        let asked_for = jobs
            .flat_map(|block| &block.jobs)
            .map(|job| job.agent_type.clone());
        let mut hub = Hub::new(hub_settings);
        let mut registration_tokens = BTreeMap::new();
        let names: BTreeSet<AgentType> = asked_for.chain(agent_types).collect();
        for name in names {
            let token = hub.create_agent_type(name.clone(), now)?;
            registration_tokens.insert(name, token);
        }
        let api_token = hub.create_api_token();
        if let Some(edge) = edge {
            hub.set_edge(edge, Vec::new());
        }
        for (scope, fault) in faults {
            hub.add_fault(scope, fault);
        }
        let limit = loaded.pipeline.execution_time_limit;
        let mut feed = Feed::new(Run::new(expansion), limit);
        let server = Server::start(Shared::new(hub), listener, transport, SystemClock)?;
        if let Some(host) = seen_as {
            let port = server.address().port();
            let url = format!("https://{host}:{port}");
            server.shared().lock().set_base_url(url);
        }
        // After the start, because payloads carry the server's address.
        feed.step(&mut server.shared().lock(), now);
        server.shared().ring();
        Ok(Self {
            server,
            feed,
            notices: loaded.notices,
            registration_tokens,
            api_token,
        })
    }
}

/// The address that `--listen` names.
pub fn address(text: &str) -> Result<SocketAddr, String> {
    text.parse().map_err(|_| {
        "expected an IP address and a port, such as 127.0.0.1:0 or [::1]:8080".to_owned()
    })
}

/// Listens where clients can call: what is served is told by its address.
pub fn listener(address: SocketAddr) -> Result<TcpListener, HostError> {
    if address.ip().is_unspecified() {
        return Err(HostError::Unspecified(address));
    }
    TcpListener::bind(address).map_err(|source| HostError::Listen { address, source })
}

/// Reads a pipeline file, or lists everything that is wrong with it on stderr.
pub fn read_pipeline(path: &Path) -> Result<Loaded, Exit> {
    load(path).map_err(|problems| refused(&problems))
}

/// Writes the certificate that clients have to trust, and gives the file's absolute path.
pub fn write_ca<E>(server: &Server<E>, path: PathBuf) -> io::Result<Option<PathBuf>> {
    let Some(pem) = server.ca_pem() else {
        return Ok(None);
    };
    fs::write(&path, pem)?;
    std::path::absolute(path).map(Some)
}

/// Writes the certificate where it was asked for, or else into a folder; says it if it cannot.
pub fn place_ca<E>(
    server: &Server<E>,
    asked: Option<&Path>,
    folder: &Path,
) -> Result<Option<PathBuf>, Exit> {
    let path = asked.map_or_else(|| folder.join("ca.pem"), Path::to_owned);
    write_ca(server, path.clone()).map_err(|error| {
        print_stderr(&format!(
            "error: the CA file {} cannot be written: {error}\n",
            path.display()
        ));
        Exit::Failed
    })
}

/// Ids in the form of the hub's own. They follow from the seed and do not lead back to it:
/// every job sees them, and the hub's tokens follow from the seed too.
fn run_ids(seed: u64) -> RunIds {
    let id = |kind: &str| {
        let digest = digest(&SHA256, format!("{kind} of {seed}").as_bytes());
        let hex: String = digest.as_ref()[..16]
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let parts = [
            &hex[..8],
            &hex[8..12],
            &hex[13..16],
            &hex[17..20],
            &hex[20..],
        ];
        let [first, second, third, fourth, fifth] = parts;
        format!("{first}-{second}-4{third}-8{fourth}-{fifth}")
    };
    RunIds {
        organization: id("organization"),
        workflow: id("workflow"),
        pipeline: id("pipeline"),
    }
}
