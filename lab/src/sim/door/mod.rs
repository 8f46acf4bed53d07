//! The doors of `ports`, into the emulators of the world and back.
//!
//! A question is a call on a [`mod@line`]: it is on its way for a while, the emulator acts on it when
//! it arrives, and the answer comes later, or never. Whoever asked may be gone by then.

pub mod clock;
pub mod cloud;
mod failure;
mod fleet;
pub mod hub;
pub mod lease;
pub mod line;

pub use clock::SimClock;
pub use cloud::SimCloud;
pub use hub::SimHub;
pub use lease::SimLease;
pub use line::{Answer, Line, Question};
