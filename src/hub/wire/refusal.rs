//! The hub's own refusals: plain text of one line, or an object in JSON.

use serde::Deserialize;

use super::answer::{Answer, is_media, object};

/// The hub's own one-line messages that are not the reason phrase of their status (protocol.md 3).
const MESSAGES: [(u16, &str); 5] = [
    (413, "Too many log events"),
    (422, "No more space"),
    (422, "agent quota for organization has been reached"),
    (
        422,
        "self_hosted_agents feature is not available for the organization",
    ),
    (503, "request timed out"),
];
/// The longest one-line message that is taken for the hub's own, and the longest that is shown.
const LINE_MAX: usize = 300;
const SHOWN_MAX: usize = 200;
/// A word that is longer may be a token: access tokens have 80 characters, log tokens more.
const WORD_MAX: usize = 40;

/// The one line of an error that is the hub's own.
///
/// Its bodies are `text/plain`: the reason phrase or a message, and a newline. The newline of
/// the edge's 401 may be missing. The messages to a 400 quote names and are not known by heart.
pub(super) fn own(answer: &Answer<'_>) -> Option<String> {
    if !(400..600).contains(&answer.status) {
        return None;
    }
    let body = std::str::from_utf8(answer.body).ok()?;
    let reason = reason(answer.status);
    if is_media(answer.content_type, "application/json") {
        return json_message(body, reason).map(|message| shown(&message));
    }
    if !is_media(answer.content_type, "text/plain") {
        return None;
    }
    if answer.status == 401 && body == "Unauthorized" {
        return Some(body.to_owned());
    }
    let line = body.strip_suffix('\n')?;
    let is_known = Some(line) == reason || MESSAGES.contains(&(answer.status, line));
    let is_own = is_known || (answer.status == 400 && is_sentence(line));
    is_own.then(|| shown(line))
}

/// Whether a line could be a message of the hub: text, and no markup.
fn is_sentence(line: &str) -> bool {
    line.starts_with(|first: char| first.is_alphabetic())
        && line.len() <= LINE_MAX
        && !line.contains(|letter: char| letter.is_control() || matches!(letter, '<' | '>'))
}

/// The words of an error in JSON, which is an object.
fn json_message(body: &str, reason: Option<&str>) -> Option<String> {
    #[derive(Deserialize)]
    struct Error {
        message: Option<serde_json::Value>,
    }
    let error: Error = object(body.as_bytes()).ok()?;
    let message = error.message.as_ref().and_then(serde_json::Value::as_str);
    let message = message.or(reason).unwrap_or("an error in JSON");
    Some(message.to_owned())
}

/// A message as it may be shown: one short line without control characters and long words.
fn shown(message: &str) -> String {
    let line = message.lines().next().unwrap_or_default();
    let words = line.split(' ').map(|word| match word.chars().count() {
        0..=WORD_MAX => word,
        _ => "(hidden)",
    });
    let text = words.collect::<Vec<_>>().join(" ");
    let letters = text.chars().filter(|letter| !letter.is_control());
    letters.take(SHOWN_MAX).collect()
}

/// The reason phrase, as Go's server writes it.
const fn reason(status: u16) -> Option<&'static str> {
    Some(match status {
        400 => "Bad Request",
        401 => "Unauthorized",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        408 => "Request Timeout",
        409 => "Conflict",
        411 => "Length Required",
        413 => "Request Entity Too Large",
        422 => "Unprocessable Entity",
        429 => "Too Many Requests",
        500 => "Internal Server Error",
        501 => "Not Implemented",
        502 => "Bad Gateway",
        503 => "Service Unavailable",
        504 => "Gateway Timeout",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hub::wire::answer::{Failure, Foreign};

    fn answer<'a>(status: u16, content_type: &'a str, body: &'a str) -> Answer<'a> {
        Answer {
            status,
            content_type,
            body: body.as_bytes(),
        }
    }

    const TEXT: &str = "text/plain; charset=utf-8";

    #[test]
    fn error_of_the_hub_is_its_own() {
        for (status, body, message) in [
            (404, "Not Found\n", "Not Found"),
            (401, "Unauthorized", "Unauthorized"),
            (
                422,
                "agent quota for organization has been reached\n",
                "agent quota for organization has been reached",
            ),
            (400, "job not available\n", "job not available"),
        ] {
            let failure = answer(status, TEXT, body).success();
            let message = message.to_owned();
            assert_eq!(failure, Err(Failure::Refused { status, message }));
        }
        let json = answer(404, "application/json", r#"{"code":5,"message":"gone"}"#);
        let message = "gone".to_owned();
        let status = 404;
        assert_eq!(json.success(), Err(Failure::Refused { status, message }));
    }

    #[test]
    fn error_of_anything_else_is_foreign() {
        for (status, content_type, body, what) in [
            (404, "", "", Foreign::Empty),
            (404, TEXT, "", Foreign::Empty),
            (404, TEXT, "Not Fou", Foreign::Text),
            (404, TEXT, "Not Found", Foreign::Text),
            (404, TEXT, "404 page not found\n", Foreign::Text),
            (404, TEXT, "default backend - 404", Foreign::Text),
            (404, TEXT, "Unauthorized\n", Foreign::Text),
            (404, "", "Not Found\n", Foreign::Text),
            (404, "text/html", "Not Found\n", Foreign::Html),
            (404, TEXT, "<html>\n", Foreign::Html),
            (404, "application/json", "[]", Foreign::OtherJson),
            (404, "application/json", "{\"message\":", Foreign::OtherJson),
            (404, "application/json", "", Foreign::Empty),
            (
                404,
                TEXT,
                "203.0.113.9 is not\nallowed\n",
                Foreign::AllowList,
            ),
            (400, TEXT, "400 Bad Request", Foreign::Text),
            (302, TEXT, "Found\n", Foreign::Redirect),
            (503, TEXT, "upstream connect error", Foreign::Text),
        ] {
            let failure = answer(status, content_type, body).success();
            let expected = Err(Failure::Foreign { status, what });
            assert_eq!(failure, expected, "{content_type} {body:?}");
        }
    }

    #[test]
    fn message_with_a_token_hides_it() {
        let token = "0a".repeat(40);
        let body = format!("agent token {token} is bad\n");
        let message = "agent token (hidden) is bad".to_owned();
        let status = 400;
        let failure = answer(status, TEXT, &body).success();
        assert_eq!(failure, Err(Failure::Refused { status, message }));
    }
}
