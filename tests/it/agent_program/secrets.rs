//! No token shows in a command line, an environment or anything that is written.

use std::fs;
use std::path::Path;

use super::Scene;

/// Every file below the folder that holds the text.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).expect("a folder of ours") {
        let path = entry.expect("readable").path();
        if path.is_dir() {
            found.extend(holding(&path, text));
        } else if let Ok(bytes) = fs::read(&path)
            && String::from_utf8_lossy(&bytes).contains(text)
        {
            found.push(path.display().to_string());
        }
    }
    found
}

#[test]
fn the_registration_token_is_nowhere_once_a_job_runs() {
    let scene = Scene::new();
    // The job looks for itself: at its environment, and at the agent's command line and environment.
    let job = scene.enqueue(&[
        "echo \"environment: $(env | grep -c '^SEMAPHORE_AGENT_TOKEN')\"",
        "cat /proc/$PPID/cmdline | tr '\\0' ' '; cat /proc/$PPID/environ 2>&1 | tr '\\0' ' '",
        "ls \"$HOME\"",
    ]);
    let left = scene.start().wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    let token = scene.token.expose();
    let log = scene.log(&job);
    assert!(log.contains("environment: 0\\n"), "{log}");
    assert!(!log.contains(token), "{log}");
    assert!(!left.stdout.contains(token) && !left.stderr.contains(token));
    assert_eq!(holding(scene.folder.path(), token), Vec::<String>::new());
    // At level trace, with every header: neither the access token nor the log token.
    assert!(
        !left.stderr.contains("Token ") && !left.stderr.contains("Bearer "),
        "{}",
        left.stderr
    );
}
