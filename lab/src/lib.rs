//! Everything around the product that is not the product: a hub and an AWS account without
//! servers, machines of this computer, the demo, and two simulators. Nothing here is deployed.
//!
//! The rooms, in reading order:
//!
//! 1. [`emulator`]: a hub and an account without a server: pure state machines, and a port for them.
//! 2. [`local`]: machines on this computer, behind `dayfly::ports::Cloud`.
//! 3. [`sim`]: a seeded world in virtual time around the scaler, in which everything goes wrong.
//! 4. [`study`]: what a policy costs: weeks of jobs replayed in seconds.
//! 5. [`cli`]: the commands of `dayfly-lab`: `demo`, `emulate`, `fault-sim`, `simulate`, and those of
//!    `dayfly` for machines of this computer.
//!
//! The scaler, the agent and the clients in all of this are those of `dayfly` and `dayfly_agent`:
//! nothing here decides for them.

pub mod cli;
pub mod emulator;
pub mod local;
pub mod sim;
pub mod study;
