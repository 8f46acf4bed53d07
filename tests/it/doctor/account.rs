//! What AWS's answers mean for the account and its role.

use std::collections::BTreeMap;
use std::time::Duration;

use dayfly::doctor::Health;
use dayfly::doctor::account::{
    Launches, Reached, Rehearsal, Table, credentials, launches, lease, permissions,
};
use dayfly::model::id::Replica;

use super::{assert_said, pool};
use crate::plan::world::now;

fn denied() -> Rehearsal {
    Rehearsal::Denied("UnauthorizedOperation: you may not".into())
}

#[test]
fn credentials_and_silence_are_told_apart() {
    assert_said(&credentials(&Reached::Yes), Health::Ok, "AWS: answers");
    let stranger = Reached::Stranger("AuthFailure: who?".into());
    assert_said(
        &credentials(&stranger),
        Health::Wrong,
        "AWS: AuthFailure: who?; give this",
    );
    let silent = Reached::No("no route".into());
    assert_said(
        &credentials(&silent),
        Health::Wrong,
        "AWS: no route; check the network",
    );
}

#[test]
fn a_permission_is_wrong_only_where_a_machine_was_there_to_ask_for() {
    let found = |action, rehearsal: &Rehearsal, has_machine| {
        let rehearsals = BTreeMap::from([(action, rehearsal.clone())]);
        permissions(&rehearsals, has_machine).remove(0)
    };
    let end = "TerminateInstances";
    assert_said(&found(end, &Rehearsal::Allowed, true), Health::Ok, "given");
    assert_said(
        &found(end, &denied(), true),
        Health::Wrong,
        "allow ec2:TerminateInstances in",
    );
    assert_said(
        &found(end, &denied(), false),
        Health::Warning,
        "that does not exist",
    );
    assert_said(
        &found(end, &Rehearsal::NotFound, false),
        Health::Warning,
        "no machine is there",
    );
    assert_said(
        &found(end, &Rehearsal::NotFound, true),
        Health::Warning,
        "has just gone",
    );
    // A list asks for no machine.
    let list = "DescribeInstances";
    assert_said(
        &found(list, &denied(), false),
        Health::Wrong,
        "allow ec2:DescribeInstances",
    );
    let unclear = Rehearsal::Unclear("no answer in time".into());
    assert_said(
        &found(list, &unclear, true),
        Health::Warning,
        "cannot be told: no answer in time",
    );
}

#[test]
fn a_launch_that_is_denied_for_its_tags_says_so() {
    let found = |fleet: Rehearsal, run: Rehearsal, without: Option<Rehearsal>| {
        let asked = Launches {
            fleet,
            run,
            run_without_tags: without,
        };
        launches(&pool(), &asked)
    };
    let well = found(Rehearsal::Allowed, Rehearsal::Allowed, None);
    assert_said(
        &well[0],
        Health::Ok,
        "pool linux: CreateFleet: would go through",
    );
    assert_said(
        &well[1],
        Health::Ok,
        "pool linux: RunInstances: would go through",
    );
    let tags = found(Rehearsal::Allowed, denied(), Some(Rehearsal::Allowed));
    assert_said(
        &tags[1],
        Health::Wrong,
        "pool linux: permission CreateTags: Unauthorized",
    );
    let all = found(denied(), denied(), Some(denied()));
    assert_said(
        &all[0],
        Health::Wrong,
        "allow ec2:CreateFleet in the scaler's role, and iam:",
    );
    assert_said(
        &all[1],
        Health::Wrong,
        "allow ec2:RunInstances in the scaler's role",
    );
    let refused = Rehearsal::Refused("InvalidParameterValue: no".into());
    let refused = found(refused, Rehearsal::Unclear("no answer".into()), None);
    assert_said(
        &refused[0],
        Health::Wrong,
        "InvalidParameterValue: no; see the other lines",
    );
    assert_said(&refused[1], Health::Warning, "no answer; ask again");
}

#[test]
fn the_lease_tells_who_holds_it() {
    let held = |seconds: u64| {
        let until = now()
            .plus(Duration::from_secs(60))
            .minus(Duration::from_secs(seconds));
        Table::Writable(Some((Replica::new("host-1"), until)))
    };
    let found = |table: Option<&Table>| lease("leases", table, now());
    assert_said(&found(None), Health::Ok, "none is configured");
    assert_said(
        &found(Some(&Table::Writable(None))),
        Health::Ok,
        "nobody holds it",
    );
    assert_said(
        &found(Some(&held(15))),
        Health::Ok,
        "host-1 holds it for 45 s more",
    );
    assert_said(
        &found(Some(&held(90))),
        Health::Ok,
        "that of host-1 ended 30 s ago",
    );
    let lost = Table::Refused("ResourceNotFoundException".into());
    assert_said(
        &found(Some(&lost)),
        Health::Wrong,
        "make the table with the text `deployment`",
    );
    let silent = Table::Silent("table leases did not answer".into());
    assert_said(&found(Some(&silent)), Health::Wrong, "nothing is applied");
}
