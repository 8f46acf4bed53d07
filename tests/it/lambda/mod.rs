//! The scaler as a Lambda function.

mod function;
