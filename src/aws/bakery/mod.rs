//! Images with the agent baked in: made of builders, tried by machines of their pool, and named by
//! the parameter that launches read.
//!
//! `crate::image` says what is next; here it is looked ([`look`]), done ([`act`]), and gone on with
//! until there is an end ([`build`], [`trial`]). [`parameter`] reads and writes what names an image.
//! The calls are few, from a process of its own, so no bucket counts them: one that is refused as
//! one too many is made again later. The SDK keeps a call's whole state in its future, so looks and
//! deeds are boxed where they are gone on with. What must stay true: everything is tagged by the call that
//! makes it, and nothing without that tag is ended or removed.

pub mod act;
pub mod build;
pub mod look;
pub mod parameter;
pub mod trial;

use std::time::Duration;

use thiserror::Error;
use tokio::sync::watch;

use super::client::Clients;
use super::failure::{Class, Failure};
use crate::model::id::Deployment;
use crate::ports::Clock;

/// From one look to the next.
const PAUSE: Duration = Duration::from_secs(5);
/// For how long AWS may answer nothing that can be used before nobody waits any longer.
const BLIND: Duration = Duration::from_secs(300);

/// What makes, tries and names the images of one deployment.
#[derive(Clone, Debug)]
pub struct Bakery<K> {
    clients: Clients,
    deployment: Deployment,
    clock: K,
}

/// Whether somebody has asked to stop.
pub type Stop = watch::Receiver<bool>;

/// Why a call was not answered as it should.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum Trouble {
    /// It can be made again later.
    #[error("{0}")]
    Passing(String),
    /// Making it again cannot help before somebody has changed something.
    #[error("{0}")]
    Refused(String),
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        let Failure { class, word } = failure;
        match class {
            // Somebody else has made it, or it is not there yet: the next look tells.
            _ if word.starts_with("InvalidAMIName.Duplicate") => Self::Passing(word),
            Class::Throttled | Class::Unclear | Class::NotFound | Class::Refused => {
                Self::Passing(word)
            }
            Class::Capacity
            | Class::Addresses
            | Class::Quota
            | Class::Configuration
            | Class::Mismatch
            | Class::DryRun => Self::Refused(word),
        }
    }
}

impl<K: Clock> Bakery<K> {
    /// The images of a deployment.
    pub fn new(clients: Clients, deployment: Deployment, clock: K) -> Self {
        Self {
            clients,
            deployment,
            clock,
        }
    }

    /// Waits for the next look, or for somebody who asks to stop.
    async fn pause(&self, stop: &mut Stop) {
        let is_asked = *stop.borrow();
        tokio::select! {
            // Whoever could ask may be gone, and then nobody will.
            Ok(()) = stop.changed(), if !is_asked => {}
            () = self.clock.sleep(PAUSE) => {}
        }
    }
}
