//! Trials: what machines that boot an image say of it, before it is named and after.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use dayfly::aws::bakery::Bakery;
use dayfly::aws::bakery::trial::{TrialError, TrialLaunch};
use dayfly::image::promote::Trials;
use dayfly::image::trial::Fate;
use dayfly::model::id::{Deployment, ImageId, MachineId};
use dayfly::model::offer::Market;
use dayfly::model::plan::LaunchOrder;
use dayfly::model::pool::Policy;
use dayfly::model::template::{ImageSource, LaunchTemplate};
use dayfly::ports::{Clock, Cloud};
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::action::Action;
use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Boot, Fault, Scope};
use dayfly_lab::emulator::ec2::machine::State;
use tokio::sync::watch;

use crate::aws::wire::{VirtualClock, Wire};
use crate::aws::world::{account, offers, order, policy};

/// From the launch to what the console shows next, in seconds.
type Script = Vec<(u64, &'static str)>;

const REGISTERS: (u64, &str) = (40, "dayfly: registered i\n");
const STARTS: (u64, &str) = (60, "dayfly: job j started\n");
const CLOSES: (u64, &str) = (100, "dayfly: log closed j\n");
const POWERS_OFF: (u64, &str) = (110, "");

/// An account, and what its machines do: the script at their place in the order of launches, or
/// the last one.
struct Lane {
    wire: Wire,
    scripts: Vec<Script>,
    done: RefCell<BTreeMap<String, usize>>,
    said: Rc<RefCell<Vec<String>>>,
}

impl Lane {
    fn new(scripts: &[Script]) -> Self {
        Self {
            wire: Wire::new(Ec2::new(account())),
            scripts: scripts.to_vec(),
            done: RefCell::default(),
            said: Rc::default(),
        }
    }

    fn bakery(&self) -> Bakery<VirtualClock> {
        let deployment = Deployment::new("ci");
        Bakery::new(self.wire.clients(), deployment, self.wire.clock)
    }

    async fn live(&self) {
        loop {
            self.wire.clock.sleep(Duration::from_secs(1)).await;
            self.happen();
        }
    }

    fn happen(&self) {
        let now = self.wire.clock.now();
        let mut ec2 = self.wire.ec2();
        let machines: Vec<_> = ec2
            .machines()
            .map(|it| (it.id.clone(), it.state, it.launched_at))
            .collect();
        let mut done = self.done.borrow_mut();
        for (at, (id, state, launched_at)) in machines.into_iter().enumerate() {
            if state != State::Running {
                continue;
            }
            let script = &self.scripts[at.min(self.scripts.len() - 1)];
            let next = done.entry(id.clone()).or_default();
            while let Some((seconds, line)) = script.get(*next) {
                if now.since(launched_at) < Duration::from_secs(*seconds) {
                    break;
                }
                *next += 1;
                match *line {
                    "" => ec2.power_off(&id, now),
                    line => ec2.write_console(&id, line, now),
                }
            }
        }
    }

    async fn try_out(
        &self,
        policy: &Policy,
        machines: u32,
        patience: u64,
    ) -> Result<Vec<Fate>, TrialError> {
        let (_asking, stop) = watch::channel(false);
        let wanted = Trials {
            machines,
            job_patience: Duration::from_secs(patience),
        };
        let image = ImageId::new("ami-x86");
        let launch = launch(policy);
        let bakery = self.bakery();
        let mut say = |fates: &[(MachineId, Fate)]| {
            let mut said = self.said.borrow_mut();
            said.extend(fates.iter().map(|(_, fate)| fate.to_string()));
        };
        tokio::select! {
            biased;
            done = bakery.try_out(&image, &launch, &wanted, stop, &mut say) => {
                done.map(|fates| fates.into_iter().map(|(_, fate)| fate).collect())
            }
            () = self.live() => unreachable!("machines live for ever"),
        }
    }

    async fn watch(&self, failures_max: u32, seconds: u64) -> Option<String> {
        let (_asking, stop) = watch::channel(false);
        let policy = policy(offers(Market::OnDemand));
        let image = ImageId::new("ami-x86");
        let launch = launch(&policy);
        let until = self.wire.clock.now().plus(Duration::from_secs(seconds));
        let bakery = self.bakery();
        let mut say = |_: &[(MachineId, Fate)]| {};
        tokio::select! {
            biased;
            found = bakery.watch(&image, &launch, (failures_max, until), stop, &mut say) => found,
            () = self.live() => unreachable!("machines live for ever"),
        }
    }

    fn launched(&self) -> usize {
        self.wire.ec2().machines().count()
    }
}

fn launch(policy: &Policy) -> TrialLaunch<'_> {
    let pool = policy.pools.values().next().expect("one pool");
    TrialLaunch {
        policy,
        order: LaunchOrder {
            template: LaunchTemplate::new("lt-1", 1)
                .with_image(ImageSource::Id("ami-x86".to_owned())),
            offers: pool.offers.clone(),
            ..order("unused", 1)
        },
    }
}

fn on_demand() -> Policy {
    policy(offers(Market::OnDemand))
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_runs_its_job_speaks_for_its_image() {
    let lane = Lane::new(&[vec![REGISTERS, STARTS, CLOSES, POWERS_OFF]]);
    let fates = lane.try_out(&on_demand(), 1, 600).await;
    assert_eq!(fates, Ok(vec![Fate::Passed]));
    let said = lane.said.borrow().join("\n");
    insta::assert_snapshot!(said, @"
    boots
    has registered, and waits for a job
    runs its job
    has run its job, and the log has closed
    ");
    let ec2 = lane.wire.ec2();
    let machine = ec2.machines().next().expect("one");
    assert_eq!(machine.image, "ami-x86");
    // The pool's machine like any other: the scaler counts it, and its own timers end it.
    let tags = [
        "dayfly:deployment",
        "dayfly:pool",
        "dayfly:template",
        "dayfly:boot-limit",
    ];
    let tags = tags.map(|key| machine.tags.get(key).map(String::as_str));
    assert_eq!(
        tags,
        [
            Some("ci"),
            Some("linux"),
            Some("lt-1:1 ami-x86"),
            Some("300")
        ]
    );
}

#[tokio::test(start_paused = true)]
async fn a_job_is_waited_for_and_not_for_ever() {
    // Without a job it has booted, which is what can be known.
    let lane = Lane::new(&[vec![REGISTERS]]);
    let began = lane.wire.clock.now();
    let fates = lane.try_out(&on_demand(), 2, 120).await;
    assert_eq!(fates, Ok(vec![Fate::Registered, Fate::Registered]));
    let took = lane.wire.clock.now().since(began);
    assert!(Duration::from_secs(160) <= took, "{took:?}");
    let lane = Lane::new(&[vec![REGISTERS, (90, "")]]);
    assert_eq!(
        lane.try_out(&on_demand(), 1, 600).await,
        Ok(vec![Fate::Idle])
    );
    let lane = Lane::new(&[vec![REGISTERS]]);
    let fates = lane.try_out(&on_demand(), 1, 0).await;
    assert_eq!(fates, Ok(vec![Fate::Registered]));
}

#[tokio::test(start_paused = true)]
async fn a_machine_that_does_not_boot_or_loses_its_job_speaks_against() {
    let not_begun = "dayfly: not begun: Trouble: no role at 9 s\n";
    for (script, said) in [
        (vec![], "did not boot: not registered within 300 s"),
        (
            vec![POWERS_OFF],
            "did not boot: not registered within 300 s",
        ),
        (
            vec![(10, not_begun), POWERS_OFF],
            "did not boot: not begun: Trouble: no role at 9 s",
        ),
        (
            vec![REGISTERS, STARTS, POWERS_OFF],
            "ended in the middle of its job",
        ),
    ] {
        let lane = Lane::new(&[vec![REGISTERS, STARTS], script]);
        let error = lane.try_out(&on_demand(), 2, 600).await;
        let Err(TrialError::Bad(reason)) = error else {
            panic!("{said}: {error:?}");
        };
        assert!(reason.ends_with(said), "{reason}");
        // None of them is ended from here: it may be at work.
        assert_eq!(lane.wire.count("TerminateInstances"), 0);
    }
}

#[tokio::test(start_paused = true)]
async fn machines_of_an_earlier_process_count_and_repeats_launch_nothing_twice() {
    let lane = Lane::new(&[vec![REGISTERS]]);
    lane.try_out(&on_demand(), 1, 0).await.expect("good");
    lane.try_out(&on_demand(), 2, 0).await.expect("good");
    assert_eq!(lane.launched(), 2);
    let lane = Lane::new(&[vec![REGISTERS]]);
    let scope = Scope::on(Action::CreateFleet).times(1);
    let lost = Fault::Travel(dayfly_lab::emulator::ec2::faults::Travel::Dropped);
    lane.wire.ec2().add_fault(scope, lost);
    let scope = Scope::on(Action::GetConsoleOutput).times(3);
    lane.wire
        .ec2()
        .add_fault(scope, Fault::Refused(error::THROTTLED));
    lane.try_out(&on_demand(), 1, 0).await.expect("good");
    assert_eq!(lane.launched(), 1);
}

#[tokio::test(start_paused = true)]
async fn trials_are_on_demand_even_where_the_pool_is_on_spot() {
    let lane = Lane::new(&[vec![REGISTERS]]);
    let spot = policy([offers(Market::Spot), offers(Market::OnDemand)].concat());
    lane.try_out(&spot, 1, 0).await.expect("good");
    let market = lane.wire.ec2().machines().next().expect("one").market;
    assert_eq!(market, Market::OnDemand);
}

#[tokio::test(start_paused = true)]
async fn machines_that_the_cloud_takes_say_nothing_of_the_image() {
    let lane = Lane::new(&[vec![], vec![], vec![], vec![REGISTERS]]);
    let spot = policy(offers(Market::Spot));
    let cloud = dayfly::aws::Ec2Cloud::new(lane.wire.clients(), &spot, lane.wire.clock);
    let mut order = order("scaler", 3);
    order.offers = offers(Market::Spot);
    cloud.launch(&order).await.expect("machines");
    let ids: Vec<String> = lane.wire.ec2().machines().map(|it| it.id.clone()).collect();
    let now = lane.wire.clock.now();
    ids.iter().for_each(|id| lane.wire.ec2().interrupt(id, now));
    tokio::time::advance(Duration::from_secs(200)).await;
    let fates = lane.try_out(&spot, 1, 0).await.expect("good");
    let taken = fates.iter().filter(|fate| **fate == Fate::Taken).count();
    assert_eq!((taken, fates.last()), (3, Some(&Fate::Registered)));
}

#[tokio::test(start_paused = true)]
async fn nothing_is_learned_where_nothing_can_be_launched_or_seen() {
    let lane = Lane::new(&[vec![REGISTERS]]);
    let scope = Scope::on(Action::CreateFleet);
    let refused = Fault::Refused(error::UNAUTHORIZED);
    lane.wire.ec2().add_fault(scope, refused);
    let error = lane.try_out(&on_demand(), 1, 0).await;
    assert!(matches!(error, Err(TrialError::Launch(_))), "{error:?}");
    let scope = Scope::on(Action::DescribeInstances);
    let refused = Fault::Refused(error::THROTTLED);
    lane.wire.ec2().clear_faults();
    lane.wire.ec2().add_fault(scope, refused);
    let error = lane.try_out(&on_demand(), 1, 0).await;
    assert!(matches!(error, Err(TrialError::Unseen(_))), "{error:?}");
    assert_eq!(lane.launched(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_named_image_is_taken_back_once_enough_of_its_machines_fail() {
    let begun = async |lane: &Lane, machines: u32, market: Market| {
        let policy = policy(offers(market));
        let cloud = dayfly::aws::Ec2Cloud::new(lane.wire.clients(), &policy, lane.wire.clock);
        let mut order = order("scaler", machines);
        order.offers = offers(market);
        cloud.launch(&order).await.expect("machines");
    };
    // Two of three fail.
    let lane = Lane::new(&[vec![REGISTERS], vec![], vec![]]);
    begun(&lane, 3, Market::OnDemand).await;
    let reason = lane.watch(2, 900).await.expect("it is bad");
    assert!(
        reason.starts_with("2 of 3 machines failed, the last one: machine i-"),
        "{reason}"
    );
    // One of three fails.
    let lane = Lane::new(&[vec![REGISTERS], vec![REGISTERS], vec![]]);
    begun(&lane, 3, Market::OnDemand).await;
    assert_eq!(lane.watch(1, 900).await, None);
    // The cloud takes all of them.
    let lane = Lane::new(&[vec![]]);
    begun(&lane, 3, Market::Spot).await;
    let ids: Vec<String> = lane.wire.ec2().machines().map(|it| it.id.clone()).collect();
    let now = lane.wire.clock.now();
    ids.iter().for_each(|id| lane.wire.ec2().interrupt(id, now));
    assert_eq!(lane.watch(1, 900).await, None);
    // Those that were launched badly die before anything else.
    let lane = Lane::new(&[vec![]]);
    let scope = Scope::on(Action::CreateFleet);
    lane.wire.ec2().add_fault(scope, Fault::Boot(Boot::Dies));
    begun(&lane, 2, Market::OnDemand).await;
    assert!(lane.watch(2, 900).await.is_some());
}
