//! The scaler as an AWS Lambda function: what wakes it, and how long it may stay awake.
//!
//! [`event`] reads what Lambda hands over, [`function`] ticks within the time that Lambda gives.
//! What must stay true: an event only makes a tick come, and is not looked at otherwise; no tick
//! begins that could not end before the deadline; a process that Lambda keeps remembers, and one
//! that it drops loses nothing that matters. [`program`] brings Lambda's own protocol, the
//! configuration and the clients; nothing else here knows of them.

pub mod event;
pub mod function;
pub mod program;
