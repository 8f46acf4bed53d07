//! The verbs: from a snapshot to a plan, as pure functions.
//!
//! [`decide()`] is the whole decision. It walks four steps, one file each: who is where
//! ([`census`]), what is needed and what is there ([`demand`], [`supply`]), whom to start
//! ([`launch`]) and who must go ([`reap`], and [`withhold`] for those that must wait); [`jobs`] then gives every job its verdict.
//! [`check`] is a second opinion on a finished plan, written without the planners' code,
//! and [`explain`] says it in words.
//!
//! What must stay true: the same arguments give the same plan, in whatever order they were
//! gathered; every job and every machine of the snapshot has exactly one verdict.
//! What is not here: a clock, a cloud, a hub, and any reaction to failure. A plan that could
//! not be carried out is followed by another snapshot.
#![deny(missing_docs)]

pub mod caps;
pub mod census;
pub mod check;
pub mod decide;
pub mod demand;
pub mod explain;
pub mod jobs;
pub mod launch;
pub mod reap;
pub mod supply;
pub mod token;
pub mod withhold;

pub use decide::decide;
