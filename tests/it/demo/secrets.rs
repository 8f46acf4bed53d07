//! *quiet secrets*: a job that looks everywhere finds no token of the hub's agents.

use super::Demo;

/// Shows every variable, argument list, environment and file that the job can reach: its own, its
/// agent's, its machine's and those of `dayfly` above them.
const LOOK: &str = r#"
env
pid=$$
while [ "$pid" -gt 1 ]; do
  tr '\0' '\n' < /proc/$pid/cmdline
  tr '\0' '\n' < /proc/$pid/environ
  pid=$(sed -n 's/^PPid:\s*//p' /proc/$pid/status)
done
find "$HOME/.." -type f -print -exec cat {} +
echo looked everywhere
"#;

/// The longest run of hexadecimal digits: tokens of the hub are 80 of them.
fn longest_hexadecimal(text: &str) -> usize {
    text.split(|letter: char| !letter.is_ascii_hexdigit())
        .map(str::len)
        .max()
        .unwrap_or(0)
}

#[test]
fn a_job_that_looks_everywhere_finds_no_token_of_an_agent() {
    let ran = Demo::of_jobs(&[("looks", &[LOOK])])
        .arguments(&["-v", "-v"])
        .run();
    let found = ran.text("looks");
    assert!(found.contains("looked everywhere"), "{found}");
    assert!(
        found.contains("agent.json"),
        "it has seen the machine's folder: {found}"
    );
    // Identifiers and hashes are shorter, and the job's own tokens are no hexadecimal numbers.
    assert!(longest_hexadecimal(&found) < 80, "a token in {found}");
    assert!(
        longest_hexadecimal(&ran.stderr) < 80,
        "a token in {}",
        ran.stderr
    );
    assert_eq!(longest_hexadecimal(&"f".repeat(80)), 80);
}
