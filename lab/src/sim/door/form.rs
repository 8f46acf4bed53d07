//! EC2's requests as forms.

use std::fmt::Write as _;

use crate::emulator::message::Request;

/// A form of EC2's query protocol.
#[derive(Clone, Debug)]
pub struct Form(String);

impl Form {
    /// For one action.
    pub fn of(action: &str) -> Self {
        Self(format!("Action={action}&Version=2016-11-15"))
    }

    /// One parameter more.
    #[must_use]
    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.0.push('&');
        self.0.push_str(name);
        self.0.push('=');
        for byte in value.bytes() {
            if byte.is_ascii_alphanumeric() || b"-._".contains(&byte) {
                self.0.push(char::from(byte));
            } else {
                write!(self.0, "%{byte:02X}").expect("writing to a string cannot fail");
            }
        }
        self
    }

    /// As it is sent.
    pub fn request(self) -> Request {
        Request {
            method: "POST".to_owned(),
            path: "/".to_owned(),
            authorization: Some("AWS4-HMAC-SHA256 Credential=simulated".to_owned()),
            body: self.0.into_bytes(),
            ..Request::default()
        }
    }
}
