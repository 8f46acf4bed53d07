//! What people read: every sentence names what was counted and until when.

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
    insta::assert_snapshot!(sentence.expect("of the policy"), @"Pool linux: 1 queued + 1 reserve against 0 booting + 0 waiting (0 running, 0 alive); 2 missing, none launched, because the cloud did not list its machines.");
    assert_eq!(explain::job(&plan, &JobId::new("unheard-of"), now()), None);
}
