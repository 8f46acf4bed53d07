//! What bad input gets: a sentence that says what was found, where, and what would be right.

use super::Demo;

/// Runs the demo and gives exit code and stderr; nothing may be on stdout.
fn refused(demo: &Demo) -> (i32, String) {
    let output = demo.command().output().expect("the demo starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code().expect("not killed"), stderr)
}

#[test]
fn every_error_of_a_pipeline_file_is_listed_at_once_with_its_line() {
    let demo = Demo::new(
        "\
version: v1.0
agent: {machine: {type: s1-test}}
blocks:
  - name: A
    dependencies: [B]
    task:
      jobs:
        - name: one
          comands: ['true']
          parallelism: 99
  - name: B
    dependencies: [A, Nowhere]
    task: {jobs: [{name: two, commands: ['true']}]}
",
    );
    let (status, stderr) = refused(&demo);
    assert_eq!(status, 3, "{stderr}");
    for part in [
        "pipeline.yml:9",
        "comands",
        "commands",
        "pipeline.yml:10",
        "Nowhere",
    ] {
        assert!(stderr.contains(part), "{part} in\n{stderr}");
    }
}

#[test]
fn a_file_that_is_not_there_or_not_yaml_is_named() {
    let demo = Demo::new("blocks: [\n");
    let (status, stderr) = refused(&demo);
    assert_eq!(status, 3);
    assert!(stderr.contains("pipeline.yml"), "{stderr}");
    std::fs::remove_file(demo.folder.path().join("pipeline.yml")).expect("it is there");
    let (status, stderr) = refused(&demo);
    assert_eq!(status, 3);
    assert!(stderr.contains("pipeline.yml"), "{stderr}");
}

#[test]
fn a_log_folder_that_cannot_be_written_is_said_before_anything_starts() {
    let demo = Demo::of_jobs(&[("job", &["true"])]);
    let file = demo.folder.path().join("a-file");
    std::fs::write(&file, "").expect("a file");
    let path = file.join("logs").display().to_string();
    let (status, stderr) = refused(&demo.arguments(&["--logs", &path]));
    assert_eq!(status, 1, "{stderr}");
    assert!(stderr.contains("a-file"), "{stderr}");
    assert!(!stderr.contains("started"), "{stderr}");
}

#[test]
fn a_missing_bash_is_said_before_anything_starts() {
    let demo = Demo::of_jobs(&[("job", &["true"])]);
    let output = demo
        .command()
        .env("PATH", "/nowhere")
        .output()
        .expect("the demo starts");
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert!(stderr.contains("bash"), "{stderr}");
}

#[test]
fn a_wrong_argument_is_a_usage_error() {
    let demo = Demo::of_jobs(&[("job", &["true"])]);
    assert_eq!(refused(&demo.arguments(&["--machines-max", "many"])).0, 2);
    let demo = Demo::of_jobs(&[("job", &["true"])]);
    assert_eq!(refused(&demo.arguments(&["--machines-max", "0"])).0, 2);
}
