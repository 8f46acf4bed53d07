//! Every mistake of a pipeline file is named at once, with its line and its path.

use super::{HEAD, TASK, loaded, problems};

#[test]
fn unknown_keys_are_refused_at_every_level() {
    let text = "\
version: v1.0
nmae: Test
agent: {machine: {type: s1-test, os: linux}, pool: x}
global_job_config: {prolog: {}, prologue: {comands: []}}
execution_time_limit: {days: 1}
fail_fast: {stop: {if: x}}
after_pipeline: {tasks: []}
blocks:
  - nam: A
    run: {wen: x}
    task:
      jobs:
        - name: one
          commands: []
          comands: []
          matrix: [{env_vars: A, values: [a]}]
          env_vars: [{nme: A, value: b}]
          priority: [{valeu: 1, when: x}]
      epilogue: {allways: {commands: []}, always: {command: []}}
      secrets: [{nam: x}]
      prologues: {}
";
    insta::assert_snapshot!(problems(text), @r#"
    ci.yml:2: nmae: unknown key; did you mean "name"?
    ci.yml:3: agent.pool: unknown key; expected machine or containers
    ci.yml:3: agent.machine.os: unknown key; did you mean "os_image"?
    ci.yml:4: global_job_config.prolog: unknown key; did you mean "prologue"?
    ci.yml:4: global_job_config.prologue.comands: unknown key; did you mean "commands"?
    ci.yml:4: global_job_config.prologue.commands: missing; expected a list of commands
    ci.yml:5: execution_time_limit.days: unknown key; expected hours or minutes
    ci.yml:5: execution_time_limit: found neither hours nor minutes; expected one of them
    ci.yml:6: fail_fast.stop.if: unknown key; expected when
    ci.yml:6: fail_fast.stop.when: missing; expected a condition
    ci.yml:7: after_pipeline.tasks: unknown key; did you mean "task"?
    ci.yml:7: after_pipeline.task: missing; expected the jobs to run at the end
    ci.yml:9: blocks[0].nam: unknown key; did you mean "name"?
    ci.yml:10: blocks[0].run.wen: unknown key; did you mean "when"?
    ci.yml:10: blocks[0].run.when: missing; expected a condition
    ci.yml:15: blocks[0].task.jobs[0].comands: unknown key; did you mean "commands"?
    ci.yml:16: blocks[0].task.jobs[0].matrix[0].env_vars: unknown key; did you mean "env_var"?
    ci.yml:16: blocks[0].task.jobs[0].matrix[0].env_var: missing; expected the variable's name
    ci.yml:17: blocks[0].task.jobs[0].env_vars[0].nme: unknown key; did you mean "name"?
    ci.yml:17: blocks[0].task.jobs[0].env_vars[0].name: missing; expected the variable's name
    ci.yml:18: blocks[0].task.jobs[0].priority[0].valeu: unknown key; did you mean "value"?
    ci.yml:18: blocks[0].task.jobs[0].priority[0].value: missing; expected a number from 0 to 100
    ci.yml:19: blocks[0].task.epilogue.allways: unknown key; did you mean "always"?
    ci.yml:19: blocks[0].task.epilogue.always.command: unknown key; did you mean "commands"?
    ci.yml:19: blocks[0].task.epilogue.always.commands: missing; expected a list of commands
    ci.yml:20: blocks[0].task.secrets[0].nam: unknown key; did you mean "name"?
    ci.yml:20: blocks[0].task.secrets[0].name: missing; expected the secret's name
    ci.yml:21: blocks[0].task.prologues: unknown key; did you mean "prologue"?
    "#);
}

#[test]
fn an_empty_pipeline_lacks_what_it_must_have() {
    insta::assert_snapshot!(problems("name: Test\n"), @"
    ci.yml:1: version: missing; expected v1.0
    ci.yml:1: agent: missing; expected the machine that runs the jobs
    ci.yml:1: blocks: missing; expected a list of blocks
    ");
    insta::assert_snapshot!(problems("[]\n"), @"ci.yml:1: found a list; expected a map of keys and values");
    insta::assert_snapshot!(problems(&format!("{HEAD}blocks: []\n")), @"ci.yml:4: blocks: found a list of 0; expected from 1 to 300");
    let empty = "blocks: [{name: A}, {task: {}}, {task: {jobs: []}}, {task: {jobs: [{}]}}]\n";
    insta::assert_snapshot!(problems(&format!("{HEAD}{empty}")), @"
    ci.yml:4: blocks[0].task: missing; expected the jobs of the block
    ci.yml:4: blocks[1].task.jobs: missing; expected a list of jobs
    ci.yml:4: blocks[2].task.jobs: found a list of 0; expected from 1 to 50
    ci.yml:4: blocks[3].task.jobs[0].commands: missing; expected a list of commands, or commands_file beside it
    ");
}

#[test]
fn values_of_another_kind_are_refused_and_values_of_variables_are_not_shown() {
    let text = "\
version: 1.0
name: 5
agent: {machine: {type: 'a b'}}
execution_time_limit: {hours: 0}
blocks:
  - name: ''
    execution_time_limit: {hours: 1, minutes: 5}
    run: {when: [a]}
    task:
      jobs:
        - name: one
          commands: echo
          parallelism: 51
          execution_time_limit: {}
        - name: two
          commands: [1, true, ~]
          matrix: []
        - commands: ['true']
          matrix: [{env_var: A, values: [1.10]}, {env_var: B, values: []}]
          env_vars:
            - {name: 1A, value: a}
            - {name: PASSWORD, value: 123456789}
        - commands: ['true']
          priority: [{value: 101, when: x}]
          parallelism: '4'
";
    let problems = problems(text);
    assert!(!problems.contains("123456789"), "{problems}");
    insta::assert_snapshot!(problems, @r#"
    ci.yml:1: version: found the number 1.0; expected v1.0
    ci.yml:2: name: found the number 5; expected a text, in quotes
    ci.yml:3: agent.machine.type: found the text "a b"; expected letters, digits, '-', '_' and '.'
    ci.yml:4: execution_time_limit.hours: found the number 0; expected an integer from 1 to 8784
    ci.yml:6: blocks[0].name: found the text ""; expected a text that is not empty
    ci.yml:7: blocks[0].execution_time_limit: found both hours and minutes; expected one of them
    ci.yml:8: blocks[0].run.when: found a list; expected a condition, in quotes
    ci.yml:12: blocks[0].task.jobs[0].commands: found the text "echo"; expected a list
    ci.yml:13: blocks[0].task.jobs[0].parallelism: found the number 51; expected an integer from 1 to 50
    ci.yml:14: blocks[0].task.jobs[0].execution_time_limit: found neither hours nor minutes; expected one of them
    ci.yml:16: blocks[0].task.jobs[1].commands[0]: found the number 1; expected a text, in quotes
    ci.yml:16: blocks[0].task.jobs[1].commands[1]: found true; expected a text, in quotes
    ci.yml:16: blocks[0].task.jobs[1].commands[2]: found nothing; expected a text
    ci.yml:17: blocks[0].task.jobs[1].matrix: found a list of 0; expected at least 1
    ci.yml:19: blocks[0].task.jobs[2].matrix[0].values[0]: found the number 1.10; expected a text, in quotes
    ci.yml:19: blocks[0].task.jobs[2].matrix[1].values: found a list of 0; expected at least 1
    ci.yml:21: blocks[0].task.jobs[2].env_vars[0].name: found the text "1A"; expected letters, digits and _, and no digit in front
    ci.yml:22: blocks[0].task.jobs[2].env_vars[1].value: found a value that is not shown; expected a text, in quotes
    ci.yml:24: blocks[0].task.jobs[3].priority[0].value: found the number 101; expected an integer from 0 to 100
    ci.yml:25: blocks[0].task.jobs[3].parallelism: found the text "4"; expected an integer from 1 to 50
    "#);
}

#[test]
fn what_excludes_each_other_is_refused_together() {
    let text = format!(
        "{HEAD}\
fail_fast: {{stop: {{when: x}}, cancel: {{when: x}}}}
blocks:
  - task:
      jobs:
        - {{commands: [a], commands_file: b}}
        - {{commands: [a], parallelism: 2, matrix: [{{env_var: A, values: [a]}}]}}
        - {{commands: [a], matrix: [{{env_var: A, values: [a]}}, {{env_var: A, values: [b]}}]}}
        - {{commands_file: /etc/a}}
        - {{commands_file: gone.sh}}
"
    );
    insta::assert_snapshot!(problems(&text), @r#"
    ci.yml:4: fail_fast: found both stop and cancel; expected one of them
    ci.yml:8: blocks[0].task.jobs[0]: found both commands and commands_file; expected one of them
    ci.yml:9: blocks[0].task.jobs[1]: found both parallelism and matrix; expected one of them
    ci.yml:10: blocks[0].task.jobs[2].matrix[1]: the variable A is in the matrix already; expected each variable once
    ci.yml:11: blocks[0].task.jobs[3].commands_file: found the text "/etc/a"; expected a path relative to the folder of the pipeline file
    ci.yml:12: blocks[0].task.jobs[4].commands_file: cannot read "gone.sh": no such file; expected a file with a command in each line, relative to the folder of the pipeline file
    "#);
}

#[test]
fn a_matrix_that_would_fill_the_memory_is_refused() {
    let values = vec!["v"; 50].join(", ");
    let axis = |name: &str| format!("{{env_var: {name}, values: [{values}]}}");
    let axes = ["A", "B", "C", "D"].map(axis).join(", ");
    let text = format!("{HEAD}blocks: [{{task: {{jobs: [{{commands: [a], matrix: [{axes}]}}]}}}}]");
    insta::assert_snapshot!(problems(&text), @"ci.yml:4: blocks[0].task.jobs[0].matrix: the matrix makes 6250000 jobs; expected at most 1000");
}

#[test]
fn containers_are_refused_with_the_way_out() {
    let text = format!(
        "version: v1.0
agent:
  machine: {{type: s1-test}}
  containers:
    - {{name: main, image: 'ruby:3', env_vars: [{{name: A, value: b}}], secrets: []}}
    - {{name: db, imgae: 'postgres:17'}}
blocks: [{{task: {TASK}}}]
"
    );
    insta::assert_snapshot!(problems(&text), @r#"
    ci.yml:5: agent.containers: found 2 containers to run the jobs in; a local run has no containers: take `containers` out, and the jobs run in the machine's own shell
    ci.yml:6: agent.containers[1].imgae: unknown key; did you mean "image"?
    ci.yml:6: agent.containers[1].image: missing; expected a text
    "#);
}

#[test]
fn dependencies_that_cannot_be_met_are_named() {
    let block = |name: &str, rest: &str| format!("  - {{name: {name}, task: {TASK}{rest}}}\n");
    let unknown = [
        block("A", ", dependencies: [B, C]"),
        block("B", ", dependencies: [5]"),
    ];
    let text = format!("{HEAD}blocks:\n{}", unknown.concat());
    insta::assert_snapshot!(problems(&text), @r#"
    ci.yml:5: blocks[0].dependencies[1]: there is no block "C"; the blocks are "A", "B"
    ci.yml:6: blocks[1].dependencies[0]: found the number 5; expected a text, in quotes
    "#);
    let cycle = [
        block("Start", ", dependencies: [C]"),
        block("A", ", dependencies: [C]"),
        block("B", ", dependencies: [A, Free]"),
        block("C", ", dependencies: [B]"),
        block("Free", ""),
    ];
    let text = format!("{HEAD}blocks:\n{}", cycle.concat());
    insta::assert_snapshot!(problems(&text), @"ci.yml:6: blocks[1]: blocks wait for each other: A -> C -> B -> A; take one of these dependencies out");
    let own = block("A", ", dependencies: [A]");
    insta::assert_snapshot!(problems(&format!("{HEAD}blocks:\n{own}")), @"ci.yml:5: blocks[0]: blocks wait for each other: A -> A; take one of these dependencies out");
    let twice = [block("A", ""), block("A", "")];
    let text = format!("{HEAD}blocks:\n{}", twice.concat());
    insta::assert_snapshot!(problems(&text), @r#"
    ci.yml:6: blocks[1]: the block "A" has the name of the one in line 5; expected a name of its own
    "#);
}

#[test]
fn what_has_no_effect_is_told_in_one_notice_of_each_kind() {
    let text = "\
global_job_config: {secrets: [{name: aws}], priority: [{value: 5, when: 'true'}]}
fail_fast: {stop: {when: \"branch = 'main'\"}}
promotions: [{name: Deploy, pipeline_file: deploy.yml}]
queue: {scope: project}
auto_cancel: {queued: {when: 'true'}}
partial_rerun: {}
blocks:
  - run: {when: \"branch = 'main'\"}
    task:
      agent: {machine: {type: e1-standard-2, os_image: ubuntu2404}}
      secrets: [{name: npm}, {name: aws}]
      jobs: [{commands: ['true']}]
  - skip: {when: \"tag =~ '.*'\"}
    task: {jobs: [{commands: ['true'], priority: [{value: 1, when: 'true'}]}]}
";
    insta::assert_snapshot!(loaded(text).notices.join("\n"), @"
    e1-standard-2 is a machine type of Semaphore's own; here its jobs run on agent type s1-e1-standard-2
    secrets are not available in a local run, the jobs run without them: aws, npm
    conditions are not evaluated in a local run, their blocks run: blocks[0].run, blocks[1].skip
    the condition of fail_fast is not evaluated in a local run: it counts as true
    priorities have no effect in a local run: jobs are taken in the order of the queue
    ignored in a local run: auto_cancel, partial_rerun, promotions, queue
    ");
}
