//! Machines on EC2, behind `ports::Cloud`, and what else of AWS the scaler asks.
//!
//! In reading order: [`client`] (region, credentials, connections), [`throttle`] (a bucket for
//! each API), [`failure`] (AWS's codes in classes), [`tags`] and [`convert`] (its words and ours),
//! [`cloud`] (the door: `describe`, `launch` with its `fleet` and `image`, `end`, `console`,
//! `ending`), [`lease`] (one row among replicas), [`secrets`] (tokens in parameters), [`doctor`]
//! (looks and rehearsals), [`bakery`] (images with the agent baked in: made, tried, named).
//!
//! What must stay true: every call is filtered, bounded in time, counted in its bucket, and made
//! once; a launch carries the order's token and all tags; no machine without our deployment's
//! tag is looked at or touched. What is not here: decisions, and retries.

#![deny(missing_docs)]

pub mod bakery;
pub mod client;
pub mod cloud;
mod console;
pub mod convert;
mod describe;
pub mod doctor;
mod end;
mod ending;
pub mod failure;
mod fleet;
mod http;
mod image;
mod launch;
pub mod lease;
pub mod prices;
pub mod quotas;
pub mod secrets;
mod spot;
pub mod tags;
pub mod throttle;

pub use client::{Clients, ConnectError};
pub use cloud::Ec2Cloud;
pub use lease::TableLease;
