//! How this program speaks to the outside: one HTTP client, TLS 1.3 on `ring`, proxies honored.
//!
//! The hub's client and the SDK of AWS both stand on it, so that there is one TLS stack, one
//! place that says which versions are good enough, and one that reads certificates.

pub mod date;
mod names;

use std::error::Error;
use std::io;
use std::path::{Path, PathBuf};

use reqwest::{Certificate, Client, ClientBuilder, redirect, retry, tls};
use thiserror::Error;

use self::names::Names;

/// Why no HTTP client could be made: always a matter of configuration.
#[derive(Debug, Error)]
pub enum HttpsError {
    /// The CA file cannot be read.
    #[error("the CA file {path} cannot be read")]
    CaFile {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The CA file holds no certificate.
    #[error("the CA file {path} holds no certificate in PEM form")]
    NoCertificate {
        /// Which.
        path: PathBuf,
    },
    /// TLS could not be set up with what this computer has.
    #[error("TLS cannot be set up: {reason}")]
    Tls {
        /// The last cause, in words.
        reason: String,
    },
}

/// A client in the making: TLS 1.3 and nothing older, no redirects, no retries of its own, and
/// the certificates of `ca_file` beside the computer's. Timeouts are the caller's.
///
/// # Errors
/// The CA file cannot be used.
pub fn builder(ca_file: Option<&Path>) -> Result<ClientBuilder, HttpsError> {
    // The first client of a process settles who does the cryptography; later ones agree.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let builder = Client::builder()
        .tls_version_min(tls::Version::TLS_1_3)
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .dns_resolver(Names);
    Ok(match ca_file {
        Some(path) => builder.tls_certs_merge(read_certificates(path)?),
        None => builder,
    })
}

/// The client.
///
/// # Errors
/// TLS cannot be set up.
pub fn build(builder: ClientBuilder) -> Result<Client, HttpsError> {
    builder.build().map_err(|error| HttpsError::Tls {
        reason: last_cause(&error.without_url()),
    })
}

/// The innermost cause of an error, which is the one that tells what to do.
pub fn last_cause(error: &dyn Error) -> String {
    let mut cause = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    cause.to_string()
}

fn read_certificates(path: &Path) -> Result<Vec<Certificate>, HttpsError> {
    let pem = std::fs::read(path).map_err(|source| HttpsError::CaFile {
        path: path.to_owned(),
        source,
    })?;
    let certificates = Certificate::from_pem_bundle(&pem).unwrap_or_default();
    if certificates.is_empty() {
        return Err(HttpsError::NoCertificate {
            path: path.to_owned(),
        });
    }
    Ok(certificates)
}
