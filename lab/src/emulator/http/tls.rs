//! A certificate authority that lives as long as its server, and signs for this computer alone.

use std::net::IpAddr;
use std::sync::Arc;

use axum_server::tls_rustls::RustlsConfig;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose,
};
use rustls::ServerConfig;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::version::TLS13;
use thiserror::Error;

/// The names that a certificate is good for, beside the address that is listened on.
const NAMES: [&str; 4] = ["localhost", "127.0.0.1", "::1", SEEN_FROM_MACHINES];

/// This computer, as its virtual machines see it: in the network of their metadata service.
pub const SEEN_FROM_MACHINES: &str = "169.254.0.2";

/// Why there is no certificate.
#[derive(Debug, Error)]
pub enum TlsError {
    /// It could not be made.
    #[error("no certificate can be signed")]
    Certificate(#[from] rcgen::Error),
    /// It could not be used.
    #[error("the certificate cannot be used")]
    Config(#[from] rustls::Error),
}

/// A certificate authority, its key known to this process alone.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    pem: String,
}

impl std::fmt::Debug for Authority {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Authority")
    }
}

impl Authority {
    /// A new authority with a new key.
    pub(super) fn new() -> Result<Self, TlsError> {
        let mut params = CertificateParams::new(Vec::new())?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Dayfly emulator");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate()?)?;
        let pem = issuer.pem();
        Ok(Self { issuer, pem })
    }

    /// The certificate to trust, in PEM form.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// What a server for this computer needs, reached as `localhost` or at `address`.
    pub(super) fn server_config(&self, address: IpAddr) -> Result<RustlsConfig, TlsError> {
        let key = KeyPair::generate()?;
        let mut names = NAMES.map(str::to_owned).to_vec();
        names.push(address.to_string());
        names.sort();
        names.dedup();
        let mut params = CertificateParams::new(names)?;
        params
            .distinguished_name
            .push(DnType::CommonName, "Dayfly emulator at its port");
        // Strict clients (Python's, from 3.13 on) look for all of these.
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let certificate = params.signed_by(&key, &self.issuer)?;
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[&TLS13])?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], key)?;
        // One request at a time on a connection, so that a dropped answer is a closed connection.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(RustlsConfig::from_config(Arc::new(config)))
    }
}
