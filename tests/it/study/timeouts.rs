//! How long agents wait for a job: those whose job another took, and those that are kept ready.

use std::fmt::Write as _;
use std::rc::Rc;
use std::time::Duration;

use dayfly::model::pool::Speculation;
use dayfly_lab::study::contender::Contender;
use dayfly_lab::study::recorded::recorded;
use dayfly_lab::study::run::run;
use dayfly_lab::study::score::Score;
use dayfly_lab::study::workload::Workload;

use super::{setting, workload};

/// Our own policy without pipelines in sight, with other timeouts.
fn ours(workload: &Rc<Workload>, idle_seconds: u64, spare_seconds: u64) -> Score {
    let contender = Contender::Ours {
        reserve: 0,
        speculation: Speculation {
            idle_timeout: Duration::from_secs(idle_seconds),
            spare_timeout: Duration::from_secs(spare_seconds),
            ..Speculation::product()
        },
        sees_pipelines: false,
        stopped: 0,
    };
    run(contender, workload, setting(), 1)
}

/// Two weeks with a job of four minutes every minute or so.
fn steady() -> Rc<Workload> {
    let mut text = "start_unix,project,jobs,job_seconds\n".to_owned();
    let mut at = 1_767_571_200_u64;
    while at < 1_767_571_200 + 14 * 86_400 {
        writeln!(text, "{at},acme/site,1,240").expect("a string takes all");
        at += 20 + at * 7919 % 81;
    }
    Rc::new(recorded("steady", &text, 1, 7, 1).expect("it is a recording"))
}

#[test]
fn a_race_whose_losers_leave_soon_is_worth_more_for_the_same_money() {
    let builds = workload();
    let (soon, late) = (ours(&builds, 120, 5), ours(&builds, 120, 120));
    assert!(
        soon.wait_mean < late.wait_mean * 0.91 && soon.wait_p95 < late.wait_p95 * 0.9,
        "{soon:?} {late:?}"
    );
    assert!(
        soon.machine_hours < late.machine_hours * 1.05,
        "{soon:?} {late:?}"
    );
}

#[test]
fn a_machine_that_is_kept_ready_stays_until_its_job_comes() {
    let steady = steady();
    let (stays, leaves) = (ours(&steady, 120, 20), ours(&steady, 20, 20));
    assert!(
        stays.wait_mean < leaves.wait_mean * 0.9,
        "{stays:?} {leaves:?}"
    );
    assert!(stays.wasted < leaves.wasted, "{stays:?} {leaves:?}");
}
