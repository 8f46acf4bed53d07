//! A Semaphore control plane without a server, for the demo, the tests and the simulator.
//!
//! [`ec2`] is a cloud without machines, and as pure; [`dynamo`] is its tables, and
//! [`imds`] what one of its machines may ask about itself.
//! [`hub`] is a pure state machine: `handle(request, now)` gives a response, and nothing in it
//! reads a clock or a socket. [`pipeline`] reads the pipeline files that feed it.
//! [`feed`] puts its jobs into the hub as their blocks come to their turn.
//! [`foreign`] has answers that no hub gives, and [`edge`] puts them in the place of its own.
//! [`emulated`] says what they have in common, and [`http`] is the one effect: it serves one of
//! them on a port, over TLS 1.3.

pub mod artifact;
pub mod dynamo;
pub mod ec2;
pub mod edge;
pub mod emulated;
pub mod feed;
pub mod foreign;
pub mod http;
pub mod hub;
pub mod imds;
pub mod job_request;
pub mod journal;
pub mod message;
pub mod pipeline;
pub mod rules;
