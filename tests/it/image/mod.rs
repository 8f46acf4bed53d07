//! Images with the agent baked in: the real AWS client against the emulated account, without a
//! socket and in virtual time; and the command itself, over TLS.

mod building;
mod clearing;
mod kitchen;
mod program;
mod trying;
