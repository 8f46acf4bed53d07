//! The shapes of a pipeline: parallelism, a matrix, a graph of blocks, and what failing does to it.

use super::Demo;

#[test]
fn a_parallelism_of_seven_is_seven_jobs_that_know_their_number() {
    let ran = Demo::new(
        "\
version: v1.0
agent: {machine: {type: s1-test}}
blocks:
  - task:
      jobs:
        - name: part
          parallelism: 7
          commands: ['echo $SEMAPHORE_JOB_INDEX of $SEMAPHORE_JOB_COUNT']
",
    )
    .arguments(&["--machines-max", "4"])
    .run();
    assert_eq!(ran.status, 0, "{:#}", ran.report);
    assert_eq!(ran.jobs().len(), 7);
    for index in 1..=7 {
        let text = ran.text(&format!("part - {index}/7"));
        assert!(text.contains(&format!("{index} of 7\n")), "{text}");
    }
    ran.assert_clean();
}

#[test]
fn a_matrix_is_the_product_of_its_values() {
    let ran = Demo::new(
        "\
version: v1.0
agent: {machine: {type: s1-test}}
blocks:
  - name: Block
    task:
      jobs:
        - name: build
          matrix:
            - {env_var: SHELL_KIND, values: [bash, sh]}
            - {env_var: LEVEL, values: ['1', '2', '3']}
          commands: ['echo $SHELL_KIND-$LEVEL']
",
    )
    .run();
    assert_eq!((ran.status, ran.jobs().len()), (0, 6), "{:#}", ran.report);
    let names: Vec<&str> = ran
        .jobs()
        .iter()
        .filter_map(|job| job["name"].as_str())
        .collect();
    for value in ["bash", "sh", "1", "2", "3"] {
        assert!(
            names.iter().any(|name| name.contains(value)),
            "{value} shows in {names:?}"
        );
    }
    ran.assert_clean();
}

const GRAPH: &str = "\
version: v1.0
agent: {machine: {type: s1-test}}
blocks:
  - name: Base
    dependencies: []
    task: {jobs: [{name: base, commands: ['true']}]}
  - name: Breaks
    dependencies: [Base]
    task: {jobs: [{name: breaks, commands: ['false']}]}
  - name: Works
    dependencies: [Base]
    task: {jobs: [{name: works, commands: ['true']}]}
  - name: After breaks
    dependencies: [Breaks, Works]
    task: {jobs: [{name: never, commands: ['true']}]}
  - name: After works
    dependencies: [Works]
    task: {jobs: [{name: later, commands: ['true']}]}
after_pipeline:
  task: {jobs: [{name: afterwards, commands: ['true']}]}
";

#[test]
fn a_failed_block_cancels_those_that_need_it_and_no_others() {
    let ran = Demo::new(GRAPH).run();
    assert_eq!(ran.status, 1);
    assert_eq!(ran.result("breaks"), "failed");
    assert_eq!(ran.result("never"), "canceled");
    for name in ["base", "works", "later", "afterwards"] {
        assert_eq!(ran.result(name), "passed", "{name}");
    }
    let moment = |name: &str, key: &str| ran.job(name)[key].as_u64().expect("it ran");
    assert!(moment("base", "finished_at") <= moment("works", "queued_at"));
    assert!(moment("works", "finished_at") <= moment("later", "queued_at"));
    assert!(moment("later", "finished_at") <= moment("afterwards", "queued_at"));
    ran.assert_clean();
}

#[test]
fn two_agent_types_are_two_pools() {
    let ran = Demo::new(
        "\
version: v1.0
agent: {machine: {type: s1-small}}
blocks:
  - name: Small
    dependencies: []
    task: {jobs: [{name: small, commands: ['true']}]}
  - name: Large
    dependencies: []
    task:
      agent: {machine: {type: s1-large}}
      jobs: [{name: large, commands: ['echo $SEMAPHORE_AGENT_MACHINE_TYPE']}]
",
    )
    .run();
    assert_eq!(ran.status, 0, "{:#}", ran.report);
    assert!(
        ran.text("large").contains("s1-large\n"),
        "{}",
        ran.text("large")
    );
    ran.assert_clean();
}

#[test]
fn what_a_local_run_cannot_give_is_a_notice() {
    let ran = Demo::new(
        "\
version: v1.0
agent: {machine: {type: s1-test}}
blocks:
  - name: Block
    run: {when: \"branch = 'main'\"}
    task:
      secrets: [{name: aws}]
      jobs: [{name: job, commands: ['true']}]
promotions: []
",
    )
    .run();
    assert_eq!(ran.status, 0, "{:#}", ran.report);
    let notices = ran.report["notices"].to_string();
    for word in ["secret", "run", "promotions"] {
        assert!(notices.contains(word), "{word} in {notices}");
    }
}

#[test]
fn checkout_brings_the_tree_that_the_pipeline_file_lies_in() {
    let demo = Demo::of_jobs(&[("job", &["checkout", "cat hello.txt", "sem-version ruby 3"])]);
    std::fs::write(
        demo.folder.path().join("hello.txt"),
        "hello from the tree\n",
    )
    .expect("a file");
    let ran = demo.run();
    let text = ran.text("job");
    assert!(text.contains("hello from the tree\n"), "{text}");
    // What the image would bring fails as on a bare machine, and the summary names it.
    assert_eq!(ran.result("job"), "failed");
    assert!(
        ran.report["notices"].to_string().contains("sem-version"),
        "{:#}",
        ran.report
    );
}
