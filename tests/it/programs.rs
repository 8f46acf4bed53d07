//! The programs under test, which `cargo test` leaves beside each other: those of this package, of
//! `agent/` and of `lab/`.

use std::path::PathBuf;

/// The operator's program.
pub fn dayfly() -> PathBuf {
    built("dayfly")
}

/// The function.
pub fn function() -> PathBuf {
    built("dayfly-lambda")
}

/// The program in a machine.
pub fn agent() -> PathBuf {
    built("dayfly-agent")
}

/// The laboratory.
pub fn lab() -> PathBuf {
    built("dayfly-lab")
}

/// Tests are one folder below the programs.
fn built(name: &str) -> PathBuf {
    let this = std::env::current_exe().expect("a test knows where it is");
    let folder = this.ancestors().nth(2).expect("a target folder");
    let program = folder.join(name);
    let hint = "`cargo test --no-run` builds all programs, `--profile` or `--release` for benches";
    assert!(program.exists(), "{}: {hint}", program.display());
    program
}

#[test]
fn version_names_the_commit_of_each_program() {
    for (name, program) in [
        ("dayfly", dayfly()),
        ("dayfly-agent", agent()),
        ("dayfly-lab", lab()),
    ] {
        let output = std::process::Command::new(program)
            .arg("--version")
            .output();
        let output = output.expect("it starts").stdout;
        let text = String::from_utf8(output).expect("text");
        assert_eq!(text, format!("{name} {}\n", dayfly::VERSION));
    }
    let number = env!("CARGO_PKG_VERSION");
    let commit = dayfly::VERSION.strip_prefix(number).expect("the number");
    assert!(commit.starts_with(" (") && commit.ends_with(')'));
}
