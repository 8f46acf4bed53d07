//! The Semaphore control plane, from our side.
//!
//! [`wire`] is the only place that knows the protocol's JSON; [`client`] speaks it over HTTPS.
//! The emulated counterpart is `emulator::hub`.

pub mod client;
pub mod wire;
