//! The hub's own answers, told from those of a proxy, a load balancer or a captive portal.
//!
//! Agents and scaler believe only the hub's own refusals, and only bodies that are what the call
//! asks for. Agent, client and simulator read answers with these functions, so that they agree.

use std::fmt;

use serde::de::{DeserializeOwned, IgnoredAny};

use super::agent::{RefreshResponse, RegisterResponse, SyncResponse};
use super::refusal;
use crate::model::secret::Secret;

/// An HTTP answer.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// The status.
    pub status: u16,
    /// The `Content-Type` header; empty if there is none.
    pub content_type: &'a str,
    /// The body, whole.
    pub body: &'a [u8],
}

/// Why an answer is not what the call asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The hub itself refuses.
    Refused {
        /// The HTTP status.
        status: u16,
        /// One line that says why. What may be a token is left out.
        message: String,
    },
    /// Something else answered, or the answer was damaged on its way.
    Foreign {
        /// The HTTP status.
        status: u16,
        /// What came.
        what: Foreign,
    },
}

/// What came in place of the hub's answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Foreign {
    /// Another address.
    Redirect,
    /// A page for a browser.
    Html,
    /// Nothing.
    Empty,
    /// The beginning of some JSON.
    CutJson,
    /// JSON without what the call asks for.
    OtherJson,
    /// A payload of another job.
    AnotherJob,
    /// A 404 of more than one line.
    AllowList,
    /// Any other text.
    Text,
}

impl fmt::Display for Foreign {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(match self {
            Self::Redirect => "a redirect",
            Self::Html => "an HTML page",
            Self::Empty => "an empty body",
            Self::CutJson => "JSON that is cut off",
            Self::OtherJson => "JSON of another kind",
            Self::AnotherJob => "the description of another job",
            Self::AllowList => {
                "text of several lines, as for an address that is not on the organization's allow list"
            }
            Self::Text => "text that is not the hub's",
        })
    }
}

impl Answer<'_> {
    /// Whether the status is a success; the body is not looked at.
    ///
    /// # Errors
    /// The answer is a refusal, the hub's own or another's.
    pub fn success(&self) -> Result<(), Failure> {
        if (200..300).contains(&self.status) {
            return Ok(());
        }
        Err(match refusal::own(self) {
            Some(message) => Failure::Refused {
                status: self.status,
                message,
            },
            None => self.foreign(self.looks_like()),
        })
    }

    /// A success whose body is a JSON object of this kind.
    ///
    /// # Errors
    /// The answer is a refusal, or its body is something else.
    pub fn object<T: DeserializeOwned>(&self) -> Result<T, Failure> {
        self.success()?;
        object(self.body).map_err(|what| self.foreign(what))
    }

    /// The answer to `POST /register`.
    ///
    /// # Errors
    /// It admits nobody.
    pub fn registered(&self) -> Result<RegisterResponse, Failure> {
        let answer: RegisterResponse = self.object()?;
        if answer.name.is_empty() || answer.token.is_empty() {
            return Err(self.foreign(Foreign::OtherJson));
        }
        Ok(answer)
    }

    /// The answer to `POST /sync`.
    ///
    /// # Errors
    /// It says not what to do.
    pub fn synced(&self) -> Result<SyncResponse, Failure> {
        self.object()
    }

    /// The answer to `POST /refresh`: a fresh log token.
    ///
    /// # Errors
    /// It holds none.
    pub fn refreshed(&self) -> Result<Secret, Failure> {
        let answer: RefreshResponse = self.object()?;
        if answer.token.is_empty() {
            return Err(self.foreign(Foreign::OtherJson));
        }
        Ok(answer.token)
    }

    /// The answer to `POST /disconnect`: a word in plain text; JSON is what a later hub may send.
    ///
    /// # Errors
    /// It does not say so.
    pub fn disconnected(&self) -> Result<(), Failure> {
        self.success()?;
        let body = self.body.trim_ascii();
        let is_json = serde_json::from_slice::<IgnoredAny>(body).is_ok();
        if body == b"disconnected" || is_json {
            return Ok(());
        }
        Err(self.foreign(self.looks_like()))
    }

    /// The answer to a push of the log: 200 without a body (protocol.md 3.8). The log server speaks
    /// plain text.
    ///
    /// # Errors
    /// The batch is not stored.
    pub fn stored(&self) -> Result<(), Failure> {
        self.success().map_err(|failure| match failure {
            Failure::Refused { .. } if !is_media(self.content_type, "text/plain") => {
                self.foreign(Foreign::OtherJson)
            }
            Failure::Refused { .. } | Failure::Foreign { .. } => failure,
        })?;
        let is_plain = self.content_type.is_empty() || is_media(self.content_type, "text/plain");
        if self.status == 200 && self.body.is_empty() && is_plain {
            return Ok(());
        }
        Err(self.foreign(self.looks_like()))
    }

    fn foreign(&self, what: Foreign) -> Failure {
        Failure::Foreign {
            status: self.status,
            what,
        }
    }

    fn looks_like(&self) -> Foreign {
        if (300..400).contains(&self.status) {
            return Foreign::Redirect;
        }
        let body = self.body.trim_ascii();
        match body.first() {
            None => Foreign::Empty,
            Some(b'<') => Foreign::Html,
            Some(_) if is_media(self.content_type, "text/html") => Foreign::Html,
            Some(b'{' | b'[') => Foreign::OtherJson,
            Some(_) if self.status == 404 && body.contains(&b'\n') => Foreign::AllowList,
            Some(_) => Foreign::Text,
        }
    }
}

/// Whether a `Content-Type` header names this media type, whatever its parameters.
pub(super) fn is_media(content_type: &str, wanted: &str) -> bool {
    let media = content_type.split(';').next().unwrap_or_default().trim();
    media.eq_ignore_ascii_case(wanted)
}

/// Reads a JSON object; a list would be taken for one whose fields all have defaults.
///
/// # Errors
/// What the body is instead.
pub(super) fn object<T: DeserializeOwned>(body: &[u8]) -> Result<T, Foreign> {
    match body.trim_ascii().first() {
        None => return Err(Foreign::Empty),
        Some(b'{') => {}
        Some(b'<') => return Err(Foreign::Html),
        Some(_) if serde_json::from_slice::<IgnoredAny>(body).is_ok() => {
            return Err(Foreign::OtherJson);
        }
        Some(_) => return Err(Foreign::Text),
    }
    serde_json::from_slice(body).map_err(|error| {
        if error.is_eof() {
            Foreign::CutJson
        } else if error.is_data() {
            Foreign::OtherJson
        } else {
            Foreign::Text
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer<'a>(status: u16, content_type: &'a str, body: &'a str) -> Answer<'a> {
        Answer {
            status,
            content_type,
            body: body.as_bytes(),
        }
    }

    const TEXT: &str = "text/plain; charset=utf-8";

    #[test]
    fn success_with_another_body_is_foreign() {
        for (body, what) in [
            ("", Foreign::Empty),
            ("{}", Foreign::OtherJson),
            ("[]", Foreign::OtherJson),
            ("null", Foreign::OtherJson),
            ("[\"continue\",\"\",\"\",0]", Foreign::OtherJson),
            ("{\"action\":\"cont", Foreign::CutJson),
            ("<!doctype html>", Foreign::Html),
            ("welcome", Foreign::Text),
        ] {
            let status = 200;
            let expected = Failure::Foreign { status, what };
            assert_eq!(answer(status, TEXT, body).synced(), Err(expected), "{body}");
        }
        let nobody = answer(200, TEXT, r#"{"name":"","token":"abc"}"#).registered();
        assert!(nobody.is_err(), "{nobody:?}");
        assert!(answer(200, TEXT, r#"{"token":""}"#).refreshed().is_err());
        assert!(answer(202, TEXT, r#"{"token":"abc"}"#).refreshed().is_ok());
    }

    #[test]
    fn push_is_stored_only_if_the_body_is_empty() {
        assert_eq!(answer(200, "", "").stored(), Ok(()));
        assert_eq!(answer(200, TEXT, "").stored(), Ok(()));
        for (status, content_type, body) in [
            (200, "text/html", ""),
            (200, "application/json", ""),
            (200, TEXT, " \n"),
            (202, "", ""),
            (204, "", ""),
        ] {
            let failure = answer(status, content_type, body).stored();
            assert!(failure.is_err(), "{status} {content_type} {body:?}");
        }
        assert!(answer(200, "application/json", "{}").stored().is_err());
        let json = answer(422, "application/json", r#"{"message":"no"}"#).stored();
        assert!(matches!(json, Err(Failure::Foreign { .. })), "{json:?}");
    }

    #[test]
    fn disconnect_is_done_only_if_the_body_says_so() {
        for body in ["disconnected", "disconnected\n", "{}", "\"disconnected\""] {
            assert_eq!(answer(200, TEXT, body).disconnected(), Ok(()), "{body}");
        }
        for body in ["", "<html></html>", "goodbye", "{"] {
            assert!(answer(200, TEXT, body).disconnected().is_err(), "{body}");
        }
    }
}
