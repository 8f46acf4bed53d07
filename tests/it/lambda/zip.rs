//! The zip of the function: Lambda can start what is in it, and the same content is the same zip.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs a script of Python; `None` where there is no Python to run it.
fn python(arguments: &[&str]) -> Option<Output> {
    match Command::new("python3").args(arguments).output() {
        Ok(output) => Some(output),
        Err(error) => {
            #[expect(clippy::print_stderr, reason = "a test that is not run says so")]
            {
                eprintln!("skipped: python3 cannot be started ({error})");
            }
            None
        }
    }
}

fn pack(program: &[u8], folder: &Path, zip: &str) -> Option<Output> {
    let path = |name: &str| folder.join(name).to_string_lossy().into_owned();
    fs::write(path("program"), program).expect("our folder");
    fs::write(path("dayfly.toml"), "deployment = \"ci\"\n").expect("our folder");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/lambda/pack.py");
    let arguments = [script, &path("program"), &path(zip), &path("dayfly.toml")];
    python(&arguments)
}

#[test]
fn what_is_packed_can_be_started_and_is_the_same_every_time() {
    let folder = TempDir::new().expect("a temporary folder");
    let program = b"\x7fELF GLIBC_2.3.4 GLIBC_2.34 GLIBC_2.17";
    for zip in ["a.zip", "b.zip"] {
        let Some(output) = pack(program, folder.path(), zip) else {
            return;
        };
        assert!(output.status.success(), "{output:?}");
    }
    let read = |zip: &str| fs::read(folder.path().join(zip)).expect("it was made");
    assert_eq!(read("a.zip"), read("b.zip"));
    let list = "import sys, zipfile\n\
                for entry in zipfile.ZipFile(sys.argv[1]).infolist():\n    \
                print(entry.filename, oct(entry.external_attr >> 16))";
    let zip = folder.path().join("a.zip");
    let output = python(&["-c", list, &zip.to_string_lossy()]).expect("it ran before");
    let listed = String::from_utf8_lossy(&output.stdout);
    assert_eq!(listed, "bootstrap 0o100755\ndayfly.toml 0o100644\n");
}

#[test]
fn a_program_for_a_newer_library_than_lambdas_is_refused() {
    let folder = TempDir::new().expect("a temporary folder");
    let Some(output) = pack(b"\x7fELF GLIBC_2.34 GLIBC_2.36", folder.path(), "a.zip") else {
        return;
    };
    assert_eq!(output.status.code(), Some(1));
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("needs glibc 2.36, and Lambda has 2.34"),
        "{stderr}"
    );
    assert!(stderr.contains("hint: lambda/build --tools"), "{stderr}");
    assert!(!folder.path().join("a.zip").exists());
}
