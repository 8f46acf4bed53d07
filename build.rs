//! Tells the programs from which commit they are built: `DAYFLY_COMMIT`, as git or, where there is
//! no checkout, as the environment of the build says.

use std::path::Path;
use std::process::Command;

const COMMIT: &str = "DAYFLY_COMMIT";

#[expect(
    clippy::disallowed_methods,
    reason = "a build script has nobody who could hand it the environment"
)]
fn main() {
    println!("cargo:rerun-if-env-changed={COMMIT}");
    // Every commit adds a line to this file.
    let log = git(&["rev-parse", "--git-path", "logs/HEAD"]);
    if let Some(log) = log.filter(|log| Path::new(log).exists()) {
        println!("cargo:rerun-if-changed={log}");
    } else {
        println!("cargo:rerun-if-changed=build.rs");
    }
    let commit = std::env::var(COMMIT).ok();
    let commit = commit.or_else(|| git(&["rev-parse", "--short=12", "HEAD"]));
    let commit = commit.as_deref().unwrap_or("unknown commit");
    println!("cargo:rustc-env={COMMIT}={commit}");
}

/// What git prints, if it can.
fn git(arguments: &[&str]) -> Option<String> {
    let output = Command::new("git").args(arguments).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    let text = text.trim();
    (output.status.success() && !text.is_empty()).then(|| text.to_owned())
}
