//! The real AWS client against the emulated EC2: without a socket and in virtual time, so that
//! hours of trouble take milliseconds and nothing is left to chance.

mod crashes;
mod doctor;
mod launching;
mod lease;
mod looking;
mod reload;
mod scenarios;
mod secrets;
mod site;
pub mod wire;
pub mod world;
