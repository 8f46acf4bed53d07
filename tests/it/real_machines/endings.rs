//! Everything that keeps a machine from its job, or its agent from leaving, powers it off: each
//! mechanism in a machine of its own, with nobody outside who would end it in time.

use super::listed::BY_ITSELF;
use super::setting::{Pool, Told};
use super::world::{System, World};

/// A machine, what makes it end, and how that shows.
struct Case {
    pool: Pool,
    /// What its job does.
    command: &'static str,
    /// A part of a line that its console has then.
    console: &'static str,
    /// A part of what `dayfly explain` says.
    explained: &'static str,
}

/// The scaler's own limits are far away: whatever ends one of these is in the machine.
const fn case(
    name: &'static str,
    changes: &'static [(&'static str, &'static str)],
    command: &'static str,
    [console, explained]: [&'static str; 2],
) -> Case {
    let told = Told::Product(changes);
    let pool = Pool {
        told,
        ..Pool::usual(name)
    };
    Case {
        pool,
        command,
        console,
        explained,
    }
}

const OLDER: &str = "it was older than its lifetime";

const CASES: [Case; 5] = [
    // A unit that fails: the token's parameter is not there.
    case(
        "s1-no-token",
        &[("token_parameter", "/dayfly/lost")],
        "true",
        [
            "dayfly: not begun: Trouble: ssm answered 400",
            "it could not begin: Trouble: ssm answered 400",
        ],
    ),
    // The boot limit: nobody answers at the hub's address, and the agent tries for two minutes.
    case(
        "s1-no-hub",
        &[("endpoint", "169.254.77.77"), ("boot_limit_seconds", "100")],
        "true",
        [
            "dayfly: not registered within 100 s",
            "no agent registered within its boot limit",
        ],
    ),
    // The agent's exit: its job ends it, once its marks have had the time to reach the console.
    case(
        "s1-killed",
        &[],
        "sleep 30; sudo pkill -KILL -x dayfly-agent; sleep 10000",
        [
            "dayfly: job ",
            "its agent had registered, and ended without closing a job's log",
        ],
    ),
    // The lifetime, by its timer, whether or not a slow computer has got to the job by then.
    case(
        "s1-old",
        &[("lifetime_seconds", "200")],
        "sleep 10000",
        ["dayfly: lifetime of 200 s is over", OLDER],
    ),
    // What the timer starts, where the network is gone and the agent can tell nobody.
    case(
        "s1-cut-off",
        &[],
        "for card in /sys/class/net/*; do sudo ip link set ${card##*/} down; done; \
         sudo systemctl --no-block start dayfly-lifetime.service; sleep 10000",
        ["dayfly: lifetime of 7200 s is over", OLDER],
    ),
];

#[tokio::test]
async fn whatever_goes_wrong_a_machine_powers_itself_off() {
    let Some(image) = System::Bookworm.image() else {
        return;
    };
    let pools = CASES.map(|case| case.pool);
    // Two cores emulate them, and some do nothing but wait.
    let mut world = World::new(&image, &pools, 4);
    let jobs = CASES.map(|case| world.enqueue(case.pool.name, case.command));
    world.start_scaler();
    for (case, job) in CASES.iter().zip(&jobs) {
        let machine = world.ended(case.pool.name).await;
        let console = world.console(&machine.id).await;
        assert_eq!(machine.reason, BY_ITSELF, "{console}");
        assert!(
            console.contains(case.console),
            "{} in {console}",
            case.console
        );
        let explained = world.explain(&machine.id).await;
        for words in ["has powered itself off", case.explained] {
            assert!(explained.contains(words), "{words} in {explained}");
        }
        // Nobody runs it any more, or ever did: no machine is launched for it again.
        world.stop(job);
    }
    world.end();
}
