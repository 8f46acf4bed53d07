//! What the programs share: from a configuration to tokens, hub, cloud and scaler; how they print
//! and how they end. A program links the clouds that it has, as a [`provider::CloudProvider`].
//! What is not here: a command line (`cli`), and Lambda's protocol (`lambda::program`).

pub mod connect;
#[cfg(feature = "aws")]
pub mod ec2;
pub mod exit;
pub mod output;
pub mod provider;
pub mod tokens;

use crate::model::id::Deployment;
use crate::scaler::Tick;
use crate::scaler::metrics::lines;

/// One thread is enough for a scaler, an agent or a machine, and makes every order of events plain.
///
/// # Errors
/// The system gives no thread or no descriptors; it has been said on stderr.
pub fn runtime() -> Result<tokio::runtime::Runtime, exit::Exit> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| output::failed(&error))
}

/// Writes a tick in numbers to stdout.
pub fn print_metrics(tick: &Tick, deployment: &Deployment) {
    let lines = lines(tick, deployment).into_iter();
    output::print(&lines.map(|line| line + "\n").collect::<String>());
}
