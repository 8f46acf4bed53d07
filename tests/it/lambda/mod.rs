//! The scaler as a Lambda function.

mod function;
#[cfg(feature = "local")]
mod program;
#[cfg(feature = "local")]
mod runtime_api;
mod zip;
