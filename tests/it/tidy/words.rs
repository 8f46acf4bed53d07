//! One word per thing: job, pool, machine, agent, hub, offer, tick, plan, verdict.
//!
//! The world has other words for them, and where its own names pass through (the protocol's
//! fields, a library's types) they keep them: those places are listed with their reason.

use super::source::{PRODUCT, Source, sources, words};
use super::{Finding, assert_clean, lines_of};

/// A losing word and the one we use.
const LOSERS: [(&str, &str); 6] = [
    ("instance", "machine"),
    ("node", "machine"),
    ("vm", "machine"),
    ("runner", "agent"),
    ("worker", "agent"),
    ("executor", "shell, or agent"),
];

/// The reason of the SDK's names.
const SDK: &str = "a name of AWS's SDK";

/// Where a loser may stand: the beginning of the path, the name, the reason.
const ALLOWED: &[(&str, &str, &str)] = &[
    ("src/", "instance_type", "the cloud's name for a size"),
    ("agent/src/", "instance_type", "the cloud's name for a size"),
    ("lab/src/", "instance_type", "the cloud's name for a size"),
    ("src/", "worker_threads", "the runtime's own word"),
    ("src/hub/wire/", "executor", "a field of the payload"),
    ("src/hub/wire/", "Executor", "a field of the payload"),
    ("agent/src/", "executor", "a field of the payload"),
    ("lab/src/emulator/", "executor", "a field of the payload"),
    (
        "lab/src/emulator/ec2/",
        "RunInstances",
        "an action of EC2's protocol",
    ),
    (
        "lab/src/emulator/ec2/",
        "DescribeInstances",
        "an action of EC2's protocol",
    ),
    (
        "lab/src/emulator/ec2/",
        "TerminateInstances",
        "an action of EC2's protocol",
    ),
    (
        "lab/src/emulator/ec2/",
        "DescribeInstanceStatus",
        "an action of EC2's protocol",
    ),
    (
        "lab/src/emulator/ec2/",
        "ModifyInstanceMetadataOptions",
        "an action of EC2's protocol",
    ),
    (
        "lab/src/emulator/ec2/",
        "ModifyInstanceAttribute",
        "an action of EC2's protocol",
    ),
    (
        "lab/src/emulator/ec2/",
        "DescribeInstanceTypes",
        "an action of EC2's protocol",
    ),
    ("lab/src/sim/", "executor", "a field of the payload"),
    (
        "lab/src/sim/",
        "DescribeInstances",
        "an action of EC2's protocol",
    ),
    (
        "lab/src/sim/",
        "TerminateInstances",
        "an action of EC2's protocol",
    ),
    (
        "lab/src/sim/",
        "RunInstances",
        "an action of EC2's protocol",
    ),
    (
        "lab/src/sim/",
        "DescribeInstanceStatus",
        "an action of EC2's protocol",
    ),
    (
        "lab/src/sim/",
        "ModifyInstanceAttribute",
        "an action of EC2's protocol",
    ),
    ("src/aws/", "Instance", SDK),
    ("src/aws/", "InstanceLifecycleType", SDK),
    ("src/aws/", "InstanceStateName", SDK),
    ("src/aws/", "InstanceStatus", SDK),
    ("src/aws/", "instance_status", SDK),
    ("src/aws/", "InstanceType", SDK),
    ("src/aws/", "describe_instances", SDK),
    ("src/aws/", "describe_instance_status", SDK),
    ("src/aws/", "instances", SDK),
    ("src/aws/", "instance_id", SDK),
    ("src/aws/", "instance_ids", SDK),
    ("src/aws/", "instance_lifecycle", SDK),
    ("src/aws/", "instance_statuses", SDK),
    ("src/aws/", "terminate_instances", SDK),
    ("src/aws/", "set_instance_ids", SDK),
    ("src/aws/", "describe_instance_types", SDK),
    ("src/aws/", "set_instance_types", SDK),
    ("src/aws/", "instance_types", SDK),
    ("src/aws/", "run_instances", SDK),
    ("src/aws/", "instance_initiated_shutdown_behavior", SDK),
    ("src/aws/", "iam_instance_profile", SDK),
    ("src/aws/", "instance_metadata_tags", SDK),
    ("src/document", "node", "a YAML library's word"),
    ("src/document", "Node", "a YAML library's word"),
];

fn check(source: &Source) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (line, code) in source.lines() {
        for (_, name) in words(code) {
            let loser = LOSERS.iter().find(|(loser, _)| contains(name, loser));
            if let Some((loser, ours)) = loser.filter(|_| !is_allowed(&source.path, name)) {
                let text = format!(
                    "`{name}` says {loser} where we say {ours}: one word per thing, so that a \
                     search finds all of it"
                );
                findings.push(Finding::new(&source.path, line, text));
            }
        }
    }
    findings
}

fn is_allowed(path: &str, name: &str) -> bool {
    let fits =
        |(place, allowed, _): &&(&str, &str, &str)| path.starts_with(place) && name == *allowed;
    ALLOWED.iter().any(|row| fits(&row))
}

/// Whether a word is one of the parts of a name: `runner` is in `job_runners` and `JobRunner`.
fn contains(name: &str, word: &str) -> bool {
    let mut parts: Vec<String> = vec![String::new()];
    for character in name.chars() {
        let starts_part = character == '_' || character.is_uppercase();
        let inside_capitals = name.chars().all(|c| !c.is_lowercase());
        if starts_part && (character == '_' || !inside_capitals) {
            parts.push(String::new());
        }
        if let Some(part) = parts.last_mut().filter(|_| character != '_') {
            part.extend(character.to_lowercase());
        }
    }
    let plural = format!("{word}s");
    parts.iter().any(|part| part == word || *part == plural)
}

#[test]
fn things_are_called_by_our_words() {
    let findings: Vec<Finding> = sources(&PRODUCT).iter().flat_map(check).collect();
    assert_clean(&findings);
}

#[test]
fn a_losing_word_is_found_in_every_spelling() {
    let text =
        "let worker = 1;\nstruct JobRunner;\nconst NODES_MAX: u32 = 1;\nfn end_instances() {}\n";
    let findings = check(&Source::new("src/plan/a.rs", text));
    assert_eq!(lines_of(&findings), [1, 2, 3, 4]);
}

#[test]
fn the_names_of_the_world_are_left_alone_in_their_places() {
    let text = "let executor = offer.instance_type; // a worker\nlet denoted = \"node\";\n";
    assert!(check(&Source::new("src/hub/wire/payload.rs", text)).is_empty());
    let elsewhere = check(&Source::new("src/plan/a.rs", text));
    assert_eq!(lines_of(&elsewhere), [1]);
}
