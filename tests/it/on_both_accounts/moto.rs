//! moto, an EC2 that others wrote, in a process of its own and behind TLS 1.3.
//!
//! `tests/run` installs it and says where its Python is. Without it, what needs it is skipped
//! with a message, because `cargo test` alone may need nothing but Rust.

use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, PoisonError};

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose,
};
use tempfile::TempDir;

/// The variable that names the Python in which moto is installed.
const PYTHON: &str = "DAYFLY_MOTO";

/// A server that runs until this test binary ends: it reads from a pipe that nobody else holds.
#[derive(Debug)]
pub struct Moto {
    pub endpoint: String,
    pub ca_file: PathBuf,
    _folder: TempDir,
    _child: Child,
}

/// All tests share one: it takes a second and two hundred megabytes to start.
static MOTO: Mutex<Option<Moto>> = Mutex::new(None);

/// Its address and its certificate authority, if it is installed.
pub fn moto() -> Option<(String, PathBuf)> {
    let Some(python) = std::env::var_os(PYTHON) else {
        let said = "skipped for moto: it is not installed here; tests/run installs it\n";
        std::io::Write::write_all(&mut std::io::stderr(), said.as_bytes()).expect("stderr");
        return None;
    };
    let mut moto = MOTO.lock().unwrap_or_else(PoisonError::into_inner);
    let moto = moto.get_or_insert_with(|| Moto::start(python));
    Some((moto.endpoint.clone(), moto.ca_file.clone()))
}

impl Moto {
    fn start(python: OsString) -> Self {
        let folder = TempDir::new().expect("a temporary folder");
        let (authority, certificate, key) = certificates();
        let place = |name: &str, text: String| {
            let path = folder.path().join(name);
            fs::write(&path, text).expect("a file");
            path
        };
        let ca_file = place("ca.pem", authority);
        let (certificate, key) = (place("moto.pem", certificate), place("moto.key", key));
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/moto/serve.py");
        let mut child = Command::new(python)
            .arg(script)
            .args([certificate, key])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the Python that tests/run names");
        let mut port = String::new();
        let stdout = child.stdout.take().expect("it is piped");
        let read = BufReader::new(stdout).read_line(&mut port);
        read.expect("a line of text");
        Self {
            endpoint: format!("https://127.0.0.1:{}", port.trim()),
            ca_file,
            _folder: folder,
            _child: child,
        }
    }
}

/// An authority, and what it signed for this computer with the key, all in PEM form.
fn certificates() -> (String, String, String) {
    let mut params = CertificateParams::new(Vec::new()).expect("no names, none wrong");
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
    let key = KeyPair::generate().expect("a key");
    let issuer = CertifiedIssuer::self_signed(params, key).expect("an authority");
    let mut params = CertificateParams::new(vec!["127.0.0.1".to_owned()]).expect("a name");
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let key = KeyPair::generate().expect("a key");
    let leaf = params.signed_by(&key, &issuer).expect("a certificate");
    (issuer.pem(), leaf.pem(), key.serialize_pem())
}
