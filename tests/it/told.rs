//! What a program tells on its stdout once it serves.

use std::io::{BufRead, BufReader};
use std::process::Child;

use serde_json::Value;

/// The one line that an account tells on its stdout, which is piped.
pub fn told(account: &mut Child) -> Value {
    let mut line = String::new();
    let mut stdout = BufReader::new(account.stdout.take().expect("it is piped"));
    stdout.read_line(&mut line).expect("a line of text");
    account.stdout = Some(stdout.into_inner());
    serde_json::from_str(&line).expect("a line of JSON")
}
