//! The few shapes that an answer has.

use serde::Serialize;

use crate::emulator::message::{Delivery, Response};

const TEXT: &str = "text/plain; charset=utf-8";
const JSON: &str = "application/json";

/// An answer whose body is the status's own words and a newline.
pub(super) fn status(status: u16) -> Response {
    text(status, &format!("{}\n", reason(status)))
}

/// An answer whose body is one line that says why.
pub(super) fn refusal(status: u16, why: &str) -> Response {
    text(status, &format!("{why}\n"))
}

/// An answer in plain text.
pub(super) fn text(status: u16, body: &str) -> Response {
    Response {
        status,
        content_type: TEXT,
        location: None,
        body: body.as_bytes().to_vec(),
        delivery: Delivery::Prompt,
    }
}

/// An answer in JSON.
pub(super) fn json(status: u16, body: &impl Serialize) -> Response {
    json_text(
        status,
        serde_json::to_vec(body).expect("an answer is plain data"),
    )
}

/// An answer whose JSON is written already.
pub(super) fn json_text(status: u16, body: Vec<u8>) -> Response {
    Response {
        status,
        content_type: JSON,
        location: None,
        body,
        delivery: Delivery::Prompt,
    }
}

/// An answer that names another address.
pub(super) fn redirect(code: u16, location: String) -> Response {
    Response {
        location: Some(location),
        ..status(code)
    }
}

/// No answer: the connection is closed.
pub(super) fn dropped() -> Response {
    Response {
        delivery: Delivery::Dropped,
        ..text(500, "")
    }
}

fn reason(status: u16) -> &'static str {
    match status {
        200 => "OK",
        201 => "Created",
        301 => "Moved Permanently",
        302 => "Found",
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Request Entity Too Large",
        422 => "Unprocessable Entity",
        500 => "Internal Server Error",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => "Error",
    }
}
