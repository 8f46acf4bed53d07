//! The one integration binary: a module for each subject.
#![expect(unreachable_pub, reason = "the modules of this binary share by `pub`")]

mod agent_log_buffer;
#[cfg(feature = "local")]
mod agent_program;
mod agent_settings;
mod agent_state;
#[cfg(all(feature = "aws", feature = "local"))]
mod aws;
#[cfg(feature = "local")]
mod cloud_bodies;
#[cfg(feature = "local")]
mod cloud_command;
mod config;
#[cfg(feature = "local")]
mod demo;
mod doctor;
mod document;
#[cfg(feature = "local")]
mod ec2_http;
#[cfg(feature = "local")]
mod ec2_state;
mod forecast;
#[cfg(feature = "local")]
mod history;
#[cfg(feature = "local")]
mod hub_client;
#[cfg(feature = "local")]
mod hub_command;
#[cfg(feature = "local")]
mod hub_http;
#[cfg(feature = "local")]
mod hub_state;
#[cfg(all(feature = "aws", feature = "local"))]
mod image;
#[cfg(feature = "local")]
mod imds_state;
mod job;
#[cfg(feature = "lambda")]
mod lambda;
#[cfg(feature = "local")]
mod local_process;
#[cfg(all(feature = "aws", feature = "local"))]
mod on_both_accounts;
mod pipeline;
mod plan;
#[cfg(all(feature = "aws", feature = "local"))]
mod real_machines;
mod scaler;
#[cfg(feature = "local")]
mod service;
#[cfg(feature = "local")]
mod sim;
#[cfg(feature = "local")]
mod study;
mod tidy;
#[cfg(feature = "local")]
mod tokens;
#[cfg(feature = "local")]
mod told;
mod user_data;
#[cfg(all(feature = "aws", feature = "local"))]
mod whole_account;
