//! The scaler as a Lambda function.

mod ec2;
mod function;
mod program;
mod runtime_api;
mod scene;
mod zip;
