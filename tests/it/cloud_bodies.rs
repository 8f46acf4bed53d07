//! Emulated machines with bodies: real processes on this computer that begin and end with them.

use std::net::TcpListener;
use std::time::Duration;

use dayfly::model::id::MachineId;
use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::cli::cloud::bodies::Bodies;
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::machine::{MachineRecord, State};
use dayfly_lab::emulator::ec2::settings::{Delays, Ec2Settings};
use dayfly_lab::emulator::ec2::throttle::Throttling;
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use dayfly_lab::emulator::message::Request;
use dayfly_lab::local::process::ProcessCloud;
use tokio::task::JoinSet;

use crate::local_process::World;

/// An account on a port, whose machines have bodies.
struct Account {
    server: Server<Ec2>,
    computer: ProcessCloud<SystemClock>,
    _following: JoinSet<()>,
}

impl Account {
    /// `number` keeps the machines of one test apart from those of another.
    fn new(number: u64, computer: ProcessCloud<SystemClock>) -> Self {
        let ec2 = Ec2::new(Ec2Settings {
            ids_from: u64::from(std::process::id()) << 24 | number << 16,
            throttling: Throttling::Off,
            delays: Delays {
                pending: Duration::from_millis(1),
                unseen: Duration::ZERO,
                shutting_down: Duration::from_millis(1),
                ..Delays::default()
            },
            ..Ec2Settings::default()
        });
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let shared = Shared::new(ec2);
        let server = Server::start(shared.clone(), listener, Transport::Plain, SystemClock);
        let mut following = JoinSet::new();
        following.spawn(Bodies::new(shared, computer.clone()).follow());
        Self {
            server: server.expect("it can be served"),
            computer,
            _following: following,
        }
    }

    fn call(&self, form: &str) -> String {
        let request = Request {
            method: "POST".to_owned(),
            authorization: Some("AWS4-HMAC-SHA256 Credential=a".to_owned()),
            body: format!("Version=2016-11-15&{form}").into_bytes(),
            ..Request::default()
        };
        let shared = self.server.shared();
        let answer = shared.lock().handle(&request, SystemClock.now());
        shared.ring();
        let text = String::from_utf8(answer.body).expect("answers are UTF-8");
        assert_eq!(answer.status, 200, "{text}");
        text
    }

    fn launch(&self, pool: &str) -> String {
        let answer = self.call(&format!(
            "Action=RunInstances&LaunchTemplate.LaunchTemplateId=lt-1&InstanceType=c7i.large\
             &SubnetId=subnet-a&MinCount=1&MaxCount=1&TagSpecification.1.ResourceType=instance\
             &TagSpecification.1.Tag.1.Key=dayfly:pool&TagSpecification.1.Tag.1.Value={pool}"
        ));
        let id = answer.split("<instanceId>").nth(1);
        let id = id.and_then(|rest| rest.split('<').next());
        id.expect("a machine").to_owned()
    }

    /// The machine, as soon as it is as wanted.
    async fn when(&self, id: &str, is_so: impl Fn(&MachineRecord) -> bool) -> MachineRecord {
        let mut bell = self.server.shared().listen();
        loop {
            bell.mark_unchanged();
            let found = self.server.shared().lock().machine(id).cloned();
            if let Some(machine) = found.filter(|machine| is_so(machine)) {
                return machine;
            }
            bell.changed().await.expect("the account outlives this");
        }
    }
}

fn console(machine: &MachineRecord) -> String {
    let lines = machine.console.iter().map(|(_, text)| text.as_str());
    lines.collect()
}

#[tokio::test]
async fn an_agent_runs_in_a_machine_and_takes_it_along_when_it_leaves() {
    let world =
        World::new("register; say \"$DAYFLY_MACHINE\"; wait_for_go; echo 'dayfly: log closed j'");
    let mut wire = world.wire();
    let account = Account::new(1, world.cloud());
    let id = account.launch("linux");
    assert_eq!(wire.line().await, id);
    let running = account.when(&id, |machine| !machine.console.is_empty());
    let running = running.await;
    assert_eq!(running.state, State::Running);
    assert_eq!(console(&running), format!("dayfly: registered {id}\n"));
    world.go().await;
    let ended = account.when(&id, |machine| machine.state == State::Terminated);
    let ended = ended.await;
    let reason = ended.reason.expect("a reason").code;
    assert_eq!(reason, "Client.InstanceInitiatedShutdown");
    assert_eq!(
        console(&ended),
        format!("dayfly: registered {id}\ndayfly: log closed {id}\n")
    );
    account.computer.shutdown().await;
    world.assert_clean();
}

#[tokio::test]
async fn a_machine_that_is_ended_from_outside_leaves_no_process() {
    let world = World::new(
        "register; setsid bash -c 'say() { echo $* >&3; }; say hidden; sleep 100000' & wait_for_go",
    );
    let mut wire = world.wire();
    let account = Account::new(2, world.cloud());
    let id = account.launch("linux");
    assert_eq!(wire.line().await, "hidden");
    account.call(&format!("Action=TerminateInstances&InstanceId.1={id}"));
    assert_eq!(wire.end().await, Vec::<String>::new());
    let ended = account.when(&id, |machine| machine.state == State::Terminated);
    let reason = ended.await.reason.expect("a reason").code;
    assert_eq!(reason, "Client.UserInitiatedShutdown");
    account.computer.shutdown().await;
    assert!(account.computer.gone_at(&MachineId::new(&id)).is_some());
}

#[tokio::test]
async fn a_machine_of_no_pool_of_ours_stays_empty_and_runs() {
    let world = World::new("say here");
    let _wire = world.wire();
    let account = Account::new(3, world.cloud());
    let empty = account.launch("other");
    account
        .when(&empty, |machine| machine.state == State::Running)
        .await;
    let full = account.launch("linux");
    account
        .when(&full, |machine| machine.state == State::Terminated)
        .await;
    let state = account.when(&empty, |_| true).await.state;
    assert_eq!((state, account.computer.totals().0), (State::Running, 1));
    account.computer.shutdown().await;
}

#[tokio::test]
async fn a_machine_that_cannot_have_a_body_powers_off() {
    let world = World::new("say here");
    let mut settings = world.settings();
    settings.init_command = vec!["nowhere/at/all".into()];
    let account = Account::new(4, ProcessCloud::reader(settings, SystemClock));
    let id = account.launch("linux");
    let ended = account.when(&id, |machine| machine.state == State::Terminated);
    let reason = ended.await.reason.expect("a reason").code;
    assert_eq!(reason, "Client.InstanceInitiatedShutdown");
}
