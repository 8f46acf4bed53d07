//! What people read: every sentence names what was counted and until when.

use std::time::Duration;

use dayfly::model::ending::{EndedBy, Ending};
use dayfly::model::id::{JobId, MachineId};
use dayfly::plan::{decide, explain};

use super::world::{World, machine, now, policy, pool};

#[test]
fn a_plan_reads_as_sentences() {
    let world = World::new()
        .queued(4)
        .booting("i-1")
        .waiting("i-2")
        .machine(machine("i-3", "linux", 400));
    let plan = decide(&world.snapshot, &policy(4, 0), now());
    insta::assert_snapshot!(explain::whole(&plan, now()), @"
    Pool linux: 4 queued + 0 reserve against 1 booting + 1 waiting (0 running, 3 alive); 2 missing, launches 1, because the pool has as many machines as it may (machines_max = 4).
      job job-00000 goes to an agent that waits (1 of them do)
      job job-00001 goes to a machine that boots (1 of them do)
      job job-00002 gets a machine launched now, one of 1
      job job-00003 waits, because the pool has as many machines as it may (machines_max = 4)
      machine i-1 stays: it boots, and has 4 min 50 s left for it
      machine i-2 stays: its agent waits for a job
      machine i-3 is ended: no agent registered within its boot limit of 5 min
    ");
}

/// What a machine of 400 seconds is said to have come to, in the middle of the sentence.
fn came_to(by: EndedBy, seconds_after_launch: Option<u64>, console: &str) -> String {
    let machine = machine("i-1", "linux", 9000);
    let span = seconds_after_launch.map(Duration::from_secs);
    let ending = Ending {
        by,
        at: span.map(|span| machine.launched_at.plus(span)),
        console: console.to_owned(),
    };
    explain::ending::text(&machine, &ending, now())
}

#[test]
fn a_machine_that_has_ended_says_who_ended_it_and_why_and_what_it_wrote_last() {
    let text = came_to(
        EndedBy::Request,
        Some(300),
        "Linux version 6.1\n\u{1b}[1mWelcome\u{1b}[0m\n",
    );
    insta::assert_snapshot!(text, @"
    Machine i-1 of pool linux was ended by request 2 h 25 min ago, 5 min after its launch: no agent registered within its boot limit of 5 min.
    The last lines of its console:
      Linux version 6.1
      Welcome
    ");
    let text = came_to(EndedBy::Itself, None, "");
    insta::assert_snapshot!(text, @"
    Machine i-1 of pool linux has powered itself off: no agent had registered, and its limits were not over.
    Its console shows nothing.
    ");
}

#[test]
fn the_cause_of_an_end_is_what_is_left_of_the_machine() {
    let word = "Server.SpotInstanceTermination: Spot instance termination".to_owned();
    let registered = "dayfly: registered i-1 at 31.5 s\n";
    let not_begun = "dayfly: not begun: Trouble: ssm answered 400\n";
    let timed_out = "dayfly: not registered within 300 s\n";
    let too_old =
        "dayfly: registered i-1\ndayfly: lifetime of 7200 s is over\ndayfly: log closed 7\n";
    let done = "dayfly: registered i-1\ndayfly: log closed 7\n";
    for (by, after, console, cause) in [
        (EndedBy::Cloud { word }, None, registered, "Server.Spot"),
        (EndedBy::Itself, None, done, "its job is done"),
        // Its log was closed, and it did not power itself off.
        (EndedBy::Request, Some(7300), done, "its job is done"),
        (
            EndedBy::Request,
            Some(7200),
            registered,
            "older than its lifetime of 2 h",
        ),
        (
            EndedBy::Request,
            Some(7199),
            registered,
            "ended without closing",
        ),
        (
            EndedBy::Itself,
            None,
            too_old,
            "older than its lifetime of 2 h",
        ),
        (
            EndedBy::Itself,
            Some(20),
            not_begun,
            "could not begin: Trouble: ssm",
        ),
        (EndedBy::Itself, None, timed_out, "boot limit of 5 min"),
        (
            EndedBy::Request,
            Some(299),
            "",
            "no agent had registered, and its limits",
        ),
        (EndedBy::Request, Some(300), "", "boot limit of 5 min"),
        // A job cannot make a mark in the middle of a line.
        (
            EndedBy::Itself,
            None,
            "echo dayfly: log closed 7",
            "no agent had registered",
        ),
    ] {
        let text = came_to(by, after, console);
        assert!(text.contains(cause), "{cause} in {text}");
    }
}

#[test]
fn a_question_about_one_thing_is_answered_by_one_sentence() {
    let mut world = World::new()
        .queued(1)
        .running("i-1")
        .counts(|counts| counts.running = 1);
    let plan = decide(&world.snapshot, &policy(4, 1), now());
    let job = explain::job(&plan, &JobId::new("job-00000"), now());
    insta::assert_snapshot!(job.expect("listed"), @"Job job-00000 of pool linux gets a machine launched now, one of 2.");
    let machine = explain::machine(&plan, &MachineId::new("i-1"), now());
    insta::assert_snapshot!(machine.expect("listed"), @"Machine i-1 of pool linux stays: its agent has a job.");
    world.snapshot.machines = None;
    let plan = decide(&world.snapshot, &policy(4, 1), now());
    let sentence = explain::pool(&plan, &pool("linux"), now());
    insta::assert_snapshot!(sentence.expect("of the policy"), @"Pool linux: 1 queued + 1 reserve, machines unknown; nothing is launched, because the cloud did not list its machines.");
    assert_eq!(explain::job(&plan, &JobId::new("unheard-of"), now()), None);
}
