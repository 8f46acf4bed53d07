//! Agents that have nothing to do, or cannot do it: one clear sentence, and an end.

use std::fs;

use super::Scene;

#[test]
fn wrong_token_that_the_hub_denies_again_ends_with_one_sentence() {
    let scene = Scene::new();
    let endpoint = scene.port.address.to_string();
    let flags = ["--registration-timeout", "3"];
    let left = scene.start_at(&endpoint, "0123", &flags).wait();
    assert_eq!(left.code, Some(1));
    assert_eq!(left.stdout, "dayfly: leaving: not-registered\n");
    assert!(
        left.stderr
            .contains("does not know this registration token"),
        "{}",
        left.stderr
    );
    let tries = left.stderr.matches("cannot register").count();
    assert!(1 < tries, "{}", left.stderr);
}

#[test]
fn a_hub_that_nobody_serves_is_given_up_in_time() {
    let scene = Scene::new();
    // Port 1 of this computer: nothing listens there, and nothing is sent anywhere.
    let flags = ["--registration-timeout", "5"];
    let left = scene.start_at("127.0.0.1:1", "0123", &flags).wait();
    assert_eq!(left.code, Some(1));
    assert!(
        left.stderr.contains("giving up after all tries"),
        "{}",
        left.stderr
    );
    assert!(
        1 < left.stderr.matches("cannot register").count(),
        "{}",
        left.stderr
    );
}

#[test]
fn a_hub_that_nobody_vouches_for_is_not_spoken_to() {
    let scene = Scene::new();
    let other = Scene::new();
    let endpoint = other.port.address.to_string();
    let short = ["--registration-timeout", "2"];
    let left = scene.start_at(&endpoint, "0123", &short).wait();
    assert_eq!(left.code, Some(1));
    assert!(left.stderr.contains("certificate"), "{}", left.stderr);
}

#[test]
fn an_agent_without_a_job_leaves_when_the_hub_says_so() {
    let scene = Scene::new();
    let left = scene
        .start_with(&["--disconnect-after-idle-timeout", "1"])
        .wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert!(
        left.stdout.ends_with("dayfly: leaving: idle\n"),
        "{}",
        left.stdout
    );
    scene.assert_clean();
}

#[test]
fn the_shutdown_hook_learns_the_reason() {
    let scene = Scene::new();
    let hook = scene.folder.path().join("hook");
    let told = scene.folder.path().join("told");
    let script = format!(
        "echo \"$SEMAPHORE_AGENT_SHUTDOWN_REASON\" > {}\n",
        told.display()
    );
    fs::write(&hook, script).expect("a folder of ours");
    scene.enqueue(&["true"]);
    let hook = hook.to_str().expect("a plain name");
    let left = scene.start_with(&["--shutdown-hook-path", hook]).wait();
    assert_eq!(left.code, Some(0), "{}", left.stderr);
    assert_eq!(
        fs::read_to_string(told).expect("the hook ran"),
        "JOB_FINISHED\n"
    );
}

#[test]
fn what_is_wrong_with_the_settings_is_told_before_anything_is_sent() {
    let scene = Scene::new();
    let left = scene
        .start_with(&["--name", "short", "--env-vars", "oops"])
        .wait();
    assert_eq!(left.code, Some(3));
    assert_eq!(left.stderr.lines().count(), 2, "{}", left.stderr);
    assert_eq!(scene.port.with(|hub| hub.agents().count()), 0);
}

#[test]
fn a_missing_bash_is_told_before_anything_is_sent() {
    let scene = Scene::new();
    let endpoint = scene.port.address.to_string();
    let mut agent = scene.command(&endpoint, &[]);
    let output = agent.env("PATH", "/nowhere").output().expect("it starts");
    assert_eq!(output.status.code(), Some(3));
    let stderr = String::from_utf8(output.stderr).expect("text");
    assert!(stderr.contains("bash is not found"), "{stderr}");
    assert_eq!(scene.port.with(|hub| hub.agents().count()), 0);
}
