//! Names of computers, looked up on a thread that may not be had.
//!
//! The C library's look-up blocks. The runtime's pool for such work panics where the computer has
//! no thread left; here the call fails like any other, and whoever calls tries again. A job that
//! uses up all processes of its machine must not end the agent that has to report it.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::thread;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use tokio::sync::oneshot;

/// Looks names up as the computer's other programs do.
#[derive(Debug)]
pub(super) struct Names;

impl Resolve for Names {
    fn resolve(&self, name: Name) -> Resolving {
        Box::pin(async move {
            let addresses = look_up(name.as_str().to_owned()).await?;
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}

async fn look_up(name: String) -> io::Result<Vec<SocketAddr>> {
    let (found, addresses) = oneshot::channel();
    let work = move || {
        // The client puts its own port in the place of this one.
        let looked_up = (name.as_str(), 0).to_socket_addrs();
        // A caller whose time is over has gone.
        let _ = found.send(looked_up.map(Iterator::collect));
    };
    thread::Builder::new()
        .name("names".to_owned())
        .spawn(work)?;
    addresses.await.map_err(io::Error::other)?
}
