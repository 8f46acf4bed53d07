//! The scaler as a Lambda function.

#[cfg(feature = "local")]
mod ec2;
mod function;
#[cfg(feature = "local")]
mod program;
#[cfg(feature = "local")]
mod runtime_api;
#[cfg(feature = "local")]
mod scene;
mod zip;
