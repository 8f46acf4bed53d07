//! Why a call gave nothing, in classes that callers branch on.

use std::error;

use thiserror::Error;

use crate::https::{HttpsError, last_cause};
use crate::hub::wire::answer::{Failure, Foreign};

/// Why no client could be made: always a matter of configuration.
#[derive(Debug, Error)]
pub enum ClientError {
    /// The endpoint is no host with an optional port.
    #[error(
        "{found:?} is no endpoint: a host such as acme.semaphoreci.com, with :port if need be, \
             and neither scheme nor path"
    )]
    Endpoint {
        /// What was configured.
        found: String,
    },
    /// No HTTP client could be made.
    #[error(transparent)]
    Https(#[from] HttpsError),
}

/// Why a call gave no answer that can be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CallError {
    /// No connection, or no answer in time. A retry can help.
    #[error("{endpoint} cannot be reached: {reason}")]
    Unreachable {
        /// Host and port.
        endpoint: String,
        /// The last cause, in words.
        reason: String,
    },
    /// Somebody answered who is not trusted, speaks an older TLS, or would have to be spoken to
    /// in the clear. A retry cannot help.
    #[error("{endpoint} is not spoken to: {reason}")]
    Tls {
        /// Host and port.
        endpoint: String,
        /// What is wrong, and what would help.
        reason: String,
    },
    /// The hub itself refuses. A retry can help with 500 and above, and with 401 of the log server
    /// after a refresh of its token. 404 is an unknown token or row (protocol.md section 3).
    #[error("{endpoint} answered {status} to {call}: {body}")]
    Status {
        /// Host and port.
        endpoint: String,
        /// Method and path.
        call: String,
        /// The HTTP status.
        status: u16,
        /// The hub's one line, without what may be a token.
        body: String,
    },
    /// The answer is not the hub's own, or was damaged on its way. A retry can help.
    #[error(
        "{endpoint} answered {status} to {call} with {what}, which is not the hub's own answer"
    )]
    Foreign {
        /// Host and port.
        endpoint: String,
        /// Method and path.
        call: String,
        /// The HTTP status.
        status: u16,
        /// What came.
        what: Foreign,
    },
    /// The answer was a success, and not what it should be. A retry can help with a proxy's page.
    #[error("{endpoint} answered {call} with something else: {reason}")]
    BadBody {
        /// Host and port.
        endpoint: String,
        /// Method and path.
        call: String,
        /// Where it differs.
        reason: String,
    },
}

impl CallError {
    /// The HTTP status, if the hub itself refuses.
    pub fn status(&self) -> Option<u16> {
        match self {
            Self::Status { status, .. } => Some(*status),
            Self::Unreachable { .. }
            | Self::Tls { .. }
            | Self::Foreign { .. }
            | Self::BadBody { .. } => None,
        }
    }

    /// What was wrong with the answer, if there was one.
    pub fn failure(&self) -> Option<Failure> {
        match self {
            Self::Status { status, body, .. } => Some(Failure::Refused {
                status: *status,
                message: body.clone(),
            }),
            Self::Foreign { status, what, .. } => Some(Failure::Foreign {
                status: *status,
                what: *what,
            }),
            Self::Unreachable { .. } | Self::Tls { .. } | Self::BadBody { .. } => None,
        }
    }

    /// Whether the same call may succeed later.
    pub fn may_pass(&self) -> bool {
        match self {
            Self::Unreachable { .. } | Self::Foreign { .. } | Self::BadBody { .. } => true,
            Self::Status { status, .. } => 500 <= *status || *status == 429,
            Self::Tls { .. } => false,
        }
    }

    /// An address that TLS would not protect.
    pub(super) fn in_the_clear(endpoint: String) -> Self {
        let reason = "its address does not start with https://, and plain HTTP has to be asked \
                      for in so many words"
            .to_owned();
        Self::Tls { endpoint, reason }
    }

    /// Sorts what went wrong below HTTP. Addresses are left out of the words: they may hold a token.
    pub(super) fn from_transport(endpoint: &str, error: reqwest::Error) -> Self {
        let error = error.without_url();
        let endpoint = endpoint.to_owned();
        if let Some(tls) = tls_cause(&error) {
            return Self::Tls {
                endpoint,
                reason: tls_words(tls),
            };
        }
        let reason = if error.is_timeout() {
            "no answer in time".to_owned()
        } else {
            last_cause(&error)
        };
        Self::Unreachable { endpoint, reason }
    }
}

/// The error of rustls somewhere among the causes. It hides in the inner error of an
/// `io::Error`, which `source` steps over.
fn tls_cause<'a>(error: &'a (dyn error::Error + 'static)) -> Option<&'a rustls::Error> {
    if let Some(tls) = error.downcast_ref::<rustls::Error>() {
        return Some(tls);
    }
    let inner = error
        .downcast_ref::<std::io::Error>()
        .and_then(|io| io.get_ref());
    let found = inner.and_then(|inner| tls_cause(inner));
    found.or_else(|| error.source().and_then(tls_cause))
}

/// What is wrong with the other side's TLS, and what would help.
fn tls_words(error: &rustls::Error) -> String {
    use rustls::{AlertDescription, CertificateError};
    match error {
        rustls::Error::InvalidCertificate(
            CertificateError::UnknownIssuer | CertificateError::BadSignature,
        ) => "its certificate is signed by nobody that this computer trusts (a CA file, \
              `ca_file` or `--ca-file`, names more)"
            .to_owned(),
        rustls::Error::InvalidCertificate(CertificateError::Other(other)) => {
            format!("its certificate is not accepted: {other}")
        }
        rustls::Error::InvalidCertificate(kind) => {
            format!("its certificate is not accepted: {kind}")
        }
        rustls::Error::AlertReceived(AlertDescription::ProtocolVersion)
        | rustls::Error::PeerIncompatible(_) => {
            "it speaks no TLS 1.3, and nothing older is spoken here".to_owned()
        }
        rustls::Error::AlertReceived(AlertDescription::HandshakeFailure) => {
            "it refuses the handshake, as a hub does that speaks no TLS 1.3; nothing older is \
             spoken here"
                .to_owned()
        }
        rustls::Error::InvalidMessage(_) => {
            "it does not speak TLS (a hub without TLS has to be asked for in so many words)"
                .to_owned()
        }
        other => format!("TLS failed: {other}"),
    }
}
