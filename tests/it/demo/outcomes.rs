//! What a job's commands do to its result and to its log (protocol.md 5.5, 7).

use super::{Demo, Ran};

/// Runs jobs with an epilogue that shows which part of it ran.
fn run(jobs: &[(&str, &[&str])]) -> Ran {
    let pipeline = std::fs::read_to_string(Demo::of_jobs(jobs).folder.path().join("pipeline.yml"));
    let epilogue = "
      epilogue:
        always:
          commands: ['echo \"always $SEMAPHORE_JOB_RESULT\"']
        on_pass:
          commands: ['echo on pass']
        on_fail:
          commands: ['echo on fail']
";
    let ran = Demo::new(&(pipeline.expect("just written") + epilogue)).run();
    ran.assert_clean();
    ran
}

/// The steps after the two that every job begins with.
fn own_steps(ran: &Ran, name: &str) -> Vec<(String, String, i64)> {
    let steps = ran.steps(name);
    assert_eq!(steps[0].0, "Exporting environment variables");
    assert_eq!(steps[1].0, "Injecting Files");
    steps[2..].to_vec()
}

fn step(directive: &str, output: &str, exit_code: i64) -> (String, String, i64) {
    (directive.to_owned(), output.to_owned(), exit_code)
}

const EXPORT: &str = "Exporting environment variables";
const EXPORTED: &str = "Exporting SEMAPHORE_JOB_RESULT\n";
const ALWAYS: &str = "echo \"always $SEMAPHORE_JOB_RESULT\"";

#[test]
fn results_and_logs_are_those_of_the_official_agent_or_better() {
    let ran = run(&[
        ("passes", &["echo one", "echo two"]),
        ("fails", &["echo before", "false", "echo never"]),
        ("exits", &["echo before", "exit 3", "echo never"]),
        ("returns", &["return 130", "echo never"]),
        (
            "returns-passed",
            &[
                "export SEMAPHORE_JOB_RESULT=passed",
                "return 130",
                "echo never",
            ],
        ),
        ("unicode", &["printf 'grüße, 世界 🦋\\n'"]),
    ]);
    assert_eq!(ran.status, 1, "not every job passed");

    assert_eq!(ran.result("passes"), "passed");
    let passed = [
        step("echo one", "one\n", 0),
        step("echo two", "two\n", 0),
        step(EXPORT, EXPORTED, 0),
        step(ALWAYS, "always passed\n", 0),
        step("echo on pass", "on pass\n", 0),
    ];
    assert_eq!(own_steps(&ran, "passes"), passed);

    assert_eq!(ran.result("fails"), "failed");
    let failed = [
        step("echo before", "before\n", 0),
        step("false", "", 1),
        step(EXPORT, EXPORTED, 0),
        step(ALWAYS, "always failed\n", 0),
        step("echo on fail", "on fail\n", 0),
    ];
    assert_eq!(own_steps(&ran, "fails"), failed);

    // The official agent shows 1 for a shell that left; ours keeps the true status.
    assert_eq!(ran.result("exits"), "failed");
    let exits = own_steps(&ran, "exits");
    assert_eq!(exits[0], step("echo before", "before\n", 0));
    assert_eq!((exits[1].0.as_str(), exits[1].2), ("exit 3", 3));
    assert!(exits.iter().all(|step| step.0 != "echo never"));

    assert_eq!(ran.result("returns"), "stopped");
    let directives = |name| {
        own_steps(&ran, name)
            .into_iter()
            .map(|it| it.0)
            .collect::<Vec<_>>()
    };
    assert_eq!(directives("returns"), ["return 130", "Checking job result"]);
    assert_eq!(ran.result("returns-passed"), "passed");
    assert!(
        !directives("returns-passed").contains(&ALWAYS.to_owned()),
        "no epilogue after 130"
    );

    assert_eq!(own_steps(&ran, "unicode")[0].1, "grüße, 世界 🦋\n");
    assert_whole(&ran);
}

/// Every log begins and ends as the grammar says, and with the job's result.
fn assert_whole(ran: &Ran) {
    for name in [
        "passes",
        "fails",
        "exits",
        "returns",
        "returns-passed",
        "unicode",
    ] {
        let events = ran.events(name);
        assert_eq!(
            events.first().map(|it| &it["event"]),
            Some(&"job_started".into())
        );
        let last = events.last().expect("not empty");
        assert_eq!(last["event"], "job_finished");
        assert_eq!(last["result"], ran.result(name));
    }
}

#[test]
fn a_failing_epilogue_stops_its_list_and_changes_no_result() {
    let ran = Demo::new(
        "\
version: v1.0
agent: {machine: {type: s1-test}}
blocks:
  - name: Block
    task:
      epilogue:
        always: {commands: ['false', 'echo not reached']}
        on_pass: {commands: ['echo reached']}
      jobs:
        - name: job
          commands: ['true']
",
    )
    .run();
    assert_eq!((ran.status, ran.result("job")), (0, "passed"));
    let steps = own_steps(&ran, "job");
    assert!(steps.contains(&step("false", "", 1)));
    assert!(steps.contains(&step("echo reached", "reached\n", 0)));
    assert!(steps.iter().all(|step| step.0 != "echo not reached"));
}

#[test]
fn a_hundred_thousand_lines_arrive_whole_and_in_order() {
    let ran = Demo::of_jobs(&[("long", &["seq 1 100000"])]).run();
    assert_eq!(ran.result("long"), "passed");
    let expected: String = (1..=100_000).map(|line| format!("{line}\n")).collect();
    assert!(
        own_steps(&ran, "long")[0].1 == expected,
        "the output of seq differs"
    );
    assert!(ran.text("long").contains(&expected));
}

#[test]
fn a_daemon_that_a_job_leaves_behind_is_gone_with_its_machine() {
    let folder = tempfile::TempDir::new().expect("a temporary folder");
    let pids = folder.path().join("pids");
    let fork = |how: &str| {
        format!(
            "{how} bash -c 'echo $$ >> {}; exec sleep 1000' &",
            pids.display()
        )
    };
    let (setsid, nohup) = (fork("setsid"), fork("nohup"));
    let deaf = format!(
        "(trap '' HUP TERM INT; echo $BASHPID >> {}; while :; do read -t 100 <> <(:); done) &",
        pids.display()
    );
    let wait = format!("until [ $(wc -l < {}) = 3 ]; do :; done", pids.display());
    let ran = Demo::of_jobs(&[("forks", &[&setsid, &nohup, &deaf, &wait])]).run();
    assert_eq!(ran.result("forks"), "passed");
    ran.assert_clean();
    let pids = super::read(&pids);
    assert_eq!(pids.lines().count(), 3);
    for pid in pids.lines() {
        assert!(
            !std::path::Path::new("/proc").join(pid).exists(),
            "process {pid} outlived its job"
        );
    }
}

#[test]
fn environment_and_working_folder_last_from_command_to_command() {
    let ran = Demo::new(
        "\
version: v1.0
agent: {machine: {type: s1-test}}
global_job_config:
  env_vars: [{name: SCOPE, value: global}, {name: GLOBAL, value: 'it''s $HOME'}]
blocks:
  - name: Block
    task:
      env_vars: [{name: SCOPE, value: block}]
      prologue: {commands: ['shout() { echo \"${1^^}\"; }']}
      jobs:
        - name: job
          env_vars: [{name: OWN, value: \"two\\nlines\"}]
          commands:
            - mkdir -p deep/er && cd deep/er && export KEPT=yes
            - echo \"${PWD#$HOME/} $KEPT $SCOPE\"
            - echo \"$GLOBAL\"
            - echo \"$OWN\"
            - shout hello
            - test -z \"$(env | grep SEMAPHORE_AGENT_T)\" && echo \"$CI $SEMAPHORE\"
",
    )
    .run();
    assert_eq!(ran.result("job"), "passed", "{}", ran.text("job"));
    let outputs: Vec<String> = own_steps(&ran, "job")
        .into_iter()
        .map(|step| step.1)
        .collect();
    assert_eq!(outputs[2], "deep/er yes block\n");
    assert_eq!(outputs[3..6], ["it's $HOME\n", "two\nlines\n", "HELLO\n"]);
    assert_eq!(outputs[6], "true true\n");
}
