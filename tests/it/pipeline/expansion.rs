//! A pipeline's entries become the job requests that Semaphore would make of them.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use dayfly::hub::wire::payload::Command;
use dayfly_lab::emulator::job_request::JobRequest;
use dayfly_lab::emulator::pipeline::{expand, read};
use proptest::prelude::*;

use super::{HEAD, TASK, expanded, ids, no_files};

fn texts(commands: &[Command]) -> Vec<&str> {
    commands.iter().map(|c| c.directive.as_str()).collect()
}

/// The variables of a request, without those that every job of a run gets.
fn variables(request: &JobRequest) -> Vec<String> {
    let own = request.env_vars.iter().skip_while(|variable| {
        variable.name.starts_with("SEMAPHORE_") && variable.name != "SEMAPHORE_BLOCK_NAME"
    });
    let shown = own.map(|variable| {
        let value = STANDARD.decode(&variable.value).expect("base64");
        let value = String::from_utf8(value).expect("a text");
        format!("{}={value}", variable.name)
    });
    shown.collect()
}

#[test]
fn global_settings_come_first_then_the_tasks_then_the_jobs() {
    let expansion = expanded(
        "\
global_job_config:
  prologue: {commands: [global]}
  env_vars: [{name: A, value: global}]
  epilogue: {always: {commands: [global always]}, on_fail: {commands: [global fail]}}
blocks:
  - name: Test
    task:
      agent: {machine: {type: s1-other}}
      prologue: {commands: [task]}
      env_vars: [{name: A, value: task}]
      epilogue: {always: {commands: [task always]}, on_pass: {commands: [task pass]}}
      jobs: [{name: one, commands: [a, b], env_vars: [{name: A, value: job}]}]
after_pipeline: {task: {jobs: [{name: last, commands: [c]}]}}
",
    );
    let job = &expansion.blocks[0].jobs[0];
    assert_eq!(job.name, "one");
    assert_eq!(job.block, "Test");
    assert_eq!(job.agent_type.as_str(), "s1-other");
    assert_eq!(texts(&job.commands), ["global", "task", "a", "b"]);
    assert_eq!(
        texts(&job.epilogue_always),
        ["global always", "task always"]
    );
    assert_eq!(texts(&job.epilogue_on_pass), ["task pass"]);
    assert_eq!(texts(&job.epilogue_on_fail), ["global fail"]);
    let expected = ["SEMAPHORE_BLOCK_NAME=Test", "A=global", "A=task", "A=job"];
    assert_eq!(variables(job), expected);
    let after = expansion.after_pipeline.expect("an after_pipeline");
    assert_eq!(texts(&after.jobs[0].commands), ["global", "c"]);
    assert_eq!(after.jobs[0].agent_type.as_str(), "s1-test");
}

#[test]
fn every_job_is_told_of_its_pipeline() {
    let expansion = expanded(&format!("blocks: [{{task: {TASK}}}]"));
    let names = expansion.blocks[0].jobs[0].env_vars.iter();
    let names: Vec<&str> = names.map(|variable| variable.name.as_str()).collect();
    insta::assert_snapshot!(names.join("\n"), @"
    SEMAPHORE_ORGANIZATION_ID
    SEMAPHORE_WORKFLOW_ID
    SEMAPHORE_WORKFLOW_NUMBER
    SEMAPHORE_WORKFLOW_RERUN
    SEMAPHORE_WORKFLOW_TRIGGERED_BY_HOOK
    SEMAPHORE_WORKFLOW_TRIGGERED_BY_SCHEDULE
    SEMAPHORE_WORKFLOW_TRIGGERED_BY_API
    SEMAPHORE_WORKFLOW_TRIGGERED_BY_MANUAL_RUN
    SEMAPHORE_PIPELINE_ID
    SEMAPHORE_PIPELINE_ARTEFACT_ID
    SEMAPHORE_PIPELINE_0_ARTEFACT_ID
    SEMAPHORE_PIPELINE_RERUN
    SEMAPHORE_PIPELINE_PROMOTION
    SEMAPHORE_JOB_RERUN
    SEMAPHORE_BLOCK_NAME
    ");
}

#[test]
fn parallelism_numbers_its_jobs_from_one() {
    let text = "blocks: [{name: T, task: {jobs: [{name: part, commands: [a], parallelism: 3}]}}]";
    let expansion = expanded(text);
    let jobs = &expansion.blocks[0].jobs;
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["part - 1/3", "part - 2/3", "part - 3/3"]);
    assert_eq!(
        variables(&jobs[1])[1..],
        ["SEMAPHORE_JOB_COUNT=3", "SEMAPHORE_JOB_INDEX=2"]
    );
}

#[test]
fn a_matrix_makes_the_product_and_names_show_the_values() {
    let expansion = expanded(
        "blocks:
  - name: T
    task:
      jobs:
        - name: tests
          commands: [a]
          env_vars: [{name: OS, value: none}]
          matrix: [{env_var: OS, values: [linux, mac]}, {env_var: RUST, values: ['1.80', beta]}]
",
    );
    let jobs = &expansion.blocks[0].jobs;
    let names: Vec<&str> = jobs.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(
        names,
        [
            "tests - OS=linux, RUST=1.80",
            "tests - OS=linux, RUST=beta",
            "tests - OS=mac, RUST=1.80",
            "tests - OS=mac, RUST=beta",
        ]
    );
    // The matrix wins over the job's own variable of the same name: it comes last.
    assert_eq!(variables(&jobs[3])[1..], ["OS=none", "OS=mac", "RUST=beta"]);
}

#[test]
fn the_tightest_time_limit_counts_and_an_hour_is_the_default() {
    let minutes = |text: &str| {
        let expansion = expanded(text);
        let limits = expansion.blocks[0].jobs.iter();
        let limits = limits.map(|job| job.execution_time_limit.as_secs() / 60);
        limits.collect::<Vec<_>>()
    };
    let jobs = "task: {jobs: [{commands: [a]}, {commands: [a], execution_time_limit: {minutes: 5}}, {commands: [a], execution_time_limit: {hours: 9}}]}";
    assert_eq!(minutes(&format!("blocks: [{{{jobs}}}]")), [60, 5, 60]);
    let block = format!("blocks: [{{execution_time_limit: {{minutes: 3}}, {jobs}}}]");
    assert_eq!(minutes(&block), [3, 3, 3]);
    let all = format!("execution_time_limit: {{hours: 4}}\nblocks: [{{{jobs}}}]");
    assert_eq!(minutes(&all), [240, 5, 240]);
    let pipeline = super::loaded(&all).pipeline;
    assert_eq!(pipeline.execution_time_limit, Duration::from_secs(4 * 3600));
}

#[test]
fn blocks_run_one_after_another_unless_one_names_its_dependencies() {
    let dependencies = |text: &str| {
        let blocks = expanded(text).blocks.into_iter();
        blocks.map(|block| block.dependencies).collect::<Vec<_>>()
    };
    let chain = format!("blocks: [{{task: {TASK}}}, {{task: {TASK}}}, {{task: {TASK}}}]");
    assert_eq!(dependencies(&chain), [vec![], vec![0], vec![1]]);
    let graph = format!(
        "blocks: [{{name: A, task: {TASK}, dependencies: [C]}}, {{name: B, task: {TASK}}}, {{name: C, task: {TASK}, dependencies: []}}]"
    );
    assert_eq!(dependencies(&graph), [vec![2], vec![], vec![]]);
}

#[test]
fn each_line_of_a_commands_file_is_a_command() {
    let files = |name: &str| {
        assert_eq!(name, "scripts/test.sh");
        Ok("echo a\r\n\n  echo b\n".to_owned())
    };
    let text = format!("{HEAD}blocks: [{{task: {{jobs: [{{commands_file: scripts/test.sh}}]}}}}]");
    let pipeline = read(&text, "ci.yml", &files).expect("a pipeline").pipeline;
    let expansion = expand(&pipeline, &ids());
    assert_eq!(
        texts(&expansion.blocks[0].jobs[0].commands),
        ["echo a", "  echo b"]
    );
}

proptest! {
    #[test]
    fn a_block_expands_to_the_sum_of_its_parallelisms_and_products(
        parts in prop::collection::vec((0_usize..6, prop::collection::vec(1_usize..4, 0..4)), 1..6),
    ) {
        let job = |(parallelism, axes): &(usize, Vec<usize>)| {
            let axis = |(at, count): (usize, &usize)| {
                let values: Vec<String> = (0..*count).map(|value| format!("v{value}")).collect();
                format!("{{env_var: A{at}, values: [{}]}}", values.join(", "))
            };
            let axes: Vec<String> = axes.iter().enumerate().map(axis).collect();
            let spread = match (axes.is_empty(), parallelism) {
                (false, _) => format!(", matrix: [{}]", axes.join(", ")),
                (true, 0) => String::new(),
                (true, count) => format!(", parallelism: {count}"),
            };
            format!("{{name: j, commands: [a]{spread}}}")
        };
        let jobs: Vec<String> = parts.iter().map(job).collect();
        let text = format!("{HEAD}blocks: [{{task: {{jobs: [{}]}}}}]", jobs.join(", "));
        let pipeline = read(&text, "ci.yml", &no_files).expect("a pipeline").pipeline;
        let expansion = expand(&pipeline, &ids());
        let expected: usize = parts.iter().map(|(parallelism, axes)| {
            if axes.is_empty() { (*parallelism).max(1) } else { axes.iter().product() }
        }).sum();
        prop_assert_eq!(expansion.blocks[0].jobs.len(), expected);
    }
}
