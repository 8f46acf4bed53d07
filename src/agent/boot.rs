//! What the boot of this machine took: the marks of whoever prepared it, and the registration.

use std::fs;
use std::path::Path;
use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// The longest file that is read: some dozen marks.
const BYTES_MAX: usize = 4096;

/// How long ago this computer's kernel started.
pub(super) fn since_kernel() -> Duration {
    let now = clock_gettime(ClockId::Boottime);
    Duration::try_from(now).unwrap_or_default()
}

/// The marks of a file, each a name and its seconds since the kernel's start in a line, and that
/// of the registration: one sentence for the job's log. A file that is not there has no marks.
pub(super) fn story(path: &Path, registered: Duration) -> String {
    let text = fs::read_to_string(path).unwrap_or_else(|error| {
        tracing::warn!(path = %path.display(), %error, "the marks of the boot cannot be read");
        String::new()
    });
    let text = text.get(..BYTES_MAX).unwrap_or(&text);
    let mut parts: Vec<String> = text.lines().filter_map(part).collect();
    parts.push(format!("registered {:.1} s", registered.as_secs_f64()));
    format!("Since the start of the kernel: {}.\n", parts.join(", "))
}

fn part(line: &str) -> Option<String> {
    let (name, seconds) = line.rsplit_once(' ')?;
    let seconds: f64 = seconds.parse().ok()?;
    Some(format!("{name} {seconds:.1} s"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_boot_is_told_in_one_sentence() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("marks");
        let registered = Duration::from_millis(21_049);
        let alone = "Since the start of the kernel: registered 21.0 s.\n";
        assert_eq!(story(&path, registered), alone);
        fs::write(&path, "kernel 3.84\ntoken read 17.2\nnonsense\n\n").expect("there is room");
        let whole =
            "Since the start of the kernel: kernel 3.8 s, token read 17.2 s, registered 21.0 s.\n";
        assert_eq!(story(&path, registered), whole);
    }

    #[test]
    fn the_kernel_has_started_some_time_ago() {
        assert!(Duration::ZERO < since_kernel());
    }
}
