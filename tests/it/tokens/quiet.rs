//! *quiet secrets*: no token is in any byte that a run writes.

use std::path::Path;
use std::process::Command;

use super::{Scene, files};

/// A token of the hub has so many hexadecimal digits; hashes and ids have fewer.
const TOKEN_DIGITS: usize = 80;
/// How the signed tokens for logs begin: an object of JSON in base64.
const SIGNED: &str = "eyJ";

/// What looks like a token of any kind, with a few characters of it.
fn token_in(bytes: &[u8]) -> Option<String> {
    let text = String::from_utf8_lossy(bytes);
    let digits = text.split(|letter: char| !letter.is_ascii_hexdigit());
    let mut tokens = digits.filter(|digits| TOKEN_DIGITS <= digits.len());
    let token = tokens.next().map(|token| token[..8].to_owned());
    token.or_else(|| text.contains(SIGNED).then(|| SIGNED.to_owned()))
}

/// Says where a token is, if one is anywhere.
fn assert_quiet(what: &str, bytes: &[u8]) {
    if let Some(token) = token_in(bytes) {
        panic!(
            "a token ({token}…) in {what}: {}",
            String::from_utf8_lossy(bytes)
        );
    }
}

fn assert_quiet_below(folder: &Path) -> usize {
    let files = files(folder);
    for (path, bytes) in &files {
        assert_quiet(&path.display().to_string(), bytes);
    }
    files.len()
}

#[test]
fn each_kind_of_token_would_be_found() {
    let scene = Scene::new();
    let token = scene.registration_token.expose();
    assert!(token_in(format!("\"{token}\"").as_bytes()).is_some());
    assert!(token_in(scene.api_token.expose().as_bytes()).is_some());
    assert!(token_in(b"Bearer eyJhbGciOiJIUzI1NiJ9.e30.c2ln").is_some());
    assert_eq!(token_in(b"lt-0123456789abcdef0 sha256:cafe"), None);
}

#[test]
fn no_token_is_in_what_a_run_writes_whatever_the_format_of_its_log() {
    for format in ["text", "json"] {
        let scene = Scene::new();
        let top = format!("log_format = \"{format}\"\nmetrics = \"emf\"");
        let scaler = scene.run(&top, "{ env = \"API\" }", "{ env = \"TOKEN\" }");
        let [told, go] = ["told", "go"].map(|name| scene.path(name));
        let made = Command::new("mkfifo").args([&told, &go]).status();
        assert!(made.expect("mkfifo runs").success());
        let command = format!("echo 'it runs' > {}; cat {}", told.display(), go.display());
        let job = scene.enqueue(&command);
        let heard = std::fs::read_to_string(&told).expect("the job tells");
        assert_eq!(heard, "it runs\n");
        // While the job runs, its machine's folder is there, with all that the agent keeps.
        let kept = assert_quiet_below(scene.folder.path());
        assert!(
            3 < kept,
            "a machine's folder holds files, and {kept} were found"
        );
        std::fs::write(&go, "go on\n").expect("the job listens");
        scene.wait_until_finished(&job);
        let (stdout, stderr) = scaler.stop();
        assert!(stdout.contains("CloudWatchMetrics"), "{stdout}");
        assert!(stderr.contains("launched"), "{stderr}");
        assert_quiet("stdout", stdout.as_bytes());
        assert_quiet("stderr", stderr.as_bytes());
        assert_quiet_below(scene.folder.path());
        let log = scene.port.with(|hub| hub.log_events(&job)).concat();
        assert!(log.contains("go on"), "{log}");
        assert_quiet("the job's log", log.as_bytes());
    }
}

#[test]
fn no_token_is_in_what_the_demo_writes() {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let output = Command::new(crate::programs::lab())
        .args(["demo", "-v", "-v", "--json", "--logs", "logs"])
        .current_dir(folder.path())
        .env("TMPDIR", folder.path())
        .output()
        .expect("it starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(output.stdout.starts_with(b"{"), "{stderr}");
    assert_quiet("stdout", &output.stdout);
    assert_quiet("stderr", &output.stderr);
    let logs = assert_quiet_below(folder.path());
    assert!(0 < logs, "the demo has written its jobs' logs");
}
