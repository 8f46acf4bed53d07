//! `dayfly image` as an operator types it, over TLS, against an emulated account whose machines do
//! what their consoles are told to show.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::Duration;

use dayfly::ports::{Clock, SystemClock};
use dayfly_lab::emulator::ec2::Ec2;
use dayfly_lab::emulator::ec2::journal::Change;
use dayfly_lab::emulator::ec2::machine::State;
use dayfly_lab::emulator::ec2::settings::{Delays, Ec2Settings as Account, Image, ImageState};
use dayfly_lab::emulator::ec2::template::ShutdownBehavior;
use dayfly_lab::emulator::ec2::throttle::Throttling;
use dayfly_lab::emulator::http::{Server, Shared, Transport};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use tempfile::TempDir;

const PARAMETER: &str = "/dayfly/linux/image";

/// What a machine that boots a pool's image does.
#[derive(Clone, Copy, Debug)]
enum Machines {
    Register,
    Fail,
}

struct Site {
    folder: TempDir,
    server: Server<Ec2>,
}

impl Site {
    fn new() -> Self {
        let none = Duration::ZERO;
        let mut account = Account {
            throttling: Throttling::Off,
            delays: Delays {
                pending: none,
                unseen: none,
                shutting_down: none,
                image: none,
                ..Delays::default()
            },
            ..Account::default()
        };
        let stock = Image {
            architecture: "x86_64",
            name: "stock".to_owned(),
            state: ImageState::Available,
        };
        account.images.insert("ami-stock".to_owned(), stock);
        let stock = ("/stock".to_owned(), "ami-stock".to_owned());
        account.parameters.extend([stock]);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let shared = Shared::new(Ec2::new(account));
        let server = Server::start(shared, listener, Transport::Tls, SystemClock);
        let server = server.expect("it can be served");
        let folder = TempDir::new().expect("a temporary folder");
        let pem = server.ca_pem().expect("it speaks TLS");
        fs::write(folder.path().join("account.pem"), pem).expect("a file");
        let site = Self { folder, server };
        site.configure(&format!("image = {{ parameter = \"{PARAMETER}\" }}\n"));
        site
    }

    fn configure(&self, image: &str) {
        let text = format!(
            "deployment = \"ci\"\nmachines_max = 4\n[hub]\nendpoint = \"hub.invalid\"\n\
             [cloud]\nkind = \"ec2\"\nregion = \"eu-central-1\"\nendpoint_url = \"https://{}\"\n\
             ca_file = \"account.pem\"\n[pools.linux]\nagent_type = \"s1-test\"\n\
             registration_token = {{ parameter = \"/dayfly/linux\" }}\n\
             launch_template = {{ id = \"lt-1\", version = 1 }}\n{image}\
             instance_types = [\"c7i.large\"]\nsubnets = [\"subnet-a\"]\n\
             [pools.linux.machine]\nagent_url = \"https://example.invalid/agent\"\n\
             agent_sha256 = \"{}\"\n",
            self.server.address(),
            "0".repeat(64),
        );
        fs::write(self.path().join("dayfly.toml"), text).expect("a file");
    }

    fn path(&self) -> &Path {
        self.folder.path()
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(crate::programs::dayfly());
        command
            .arg("image")
            .args(arguments)
            .args(["--config", "dayfly.toml", "--pool", "linux"])
            .current_dir(self.path())
            .env("AWS_ACCESS_KEY_ID", "any")
            .env("AWS_SECRET_ACCESS_KEY", "the-key")
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("RUST_BACKTRACE", "0")
            .stdin(Stdio::null());
        command
    }

    /// Runs a command while machines live, and gives its exit code, stdout and stderr.
    async fn run(&self, arguments: &[&str], machines: Machines) -> (i32, String, String) {
        let mut command = self.command(arguments);
        let output = tokio::task::spawn_blocking(move || command.output());
        let output = tokio::select! {
            output = output => output.expect("no panic").expect("it starts"),
            () = self.live(machines) => unreachable!("machines live for ever"),
        };
        said(&output)
    }

    /// What machines do as soon as they run: builders their work, others what they are to do.
    async fn live(&self, machines: Machines) {
        let mut bell = self.server.shared().listen();
        loop {
            bell.mark_unchanged();
            let changes = self.server.shared().lock().drain_changes();
            for change in changes {
                if let Change::StateChanged {
                    machine,
                    state: State::Running,
                    ..
                } = change
                {
                    self.boot(&machine, machines);
                }
            }
            bell.changed().await.expect("the account outlives this");
        }
    }

    fn boot(&self, id: &str, machines: Machines) {
        let now = SystemClock.now();
        let shared = self.server.shared();
        let mut ec2 = shared.lock();
        let shutdown = ec2.machine(id).map(|it| it.shutdown);
        let line = match (shutdown, machines) {
            (Some(ShutdownBehavior::Stop), _) => "dayfly: image ready\n",
            (_, Machines::Register) => "dayfly: registered i\ndayfly: log closed j\n",
            (_, Machines::Fail) => "dayfly: not begun: Trouble: no role\n",
        };
        ec2.write_console(id, line, now);
        if shutdown == Some(ShutdownBehavior::Stop) {
            ec2.power_off(id, now);
        }
    }

    fn named(&self) -> Option<String> {
        let shared = self.server.shared();
        let ec2 = shared.lock();
        ec2.settings().parameters.get(PARAMETER).cloned()
    }
}

fn said(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let (stdout, stderr) = (text(&output.stdout), text(&output.stderr));
    assert!(!stderr.contains("the-key"), "{stderr}");
    (output.status.code().expect("not killed"), stdout, stderr)
}

#[tokio::test]
async fn an_image_is_built_tried_named_and_taken_back() {
    let site = Site::new();
    let good = Machines::Register;
    let stock = [
        "promote",
        "ami-stock",
        "--job-seconds",
        "0",
        "--watch-seconds",
        "0",
    ];
    let (code, stdout, stderr) = site.run(&stock, good).await;
    assert_eq!((code, stdout.as_str()), (0, "ami-stock\n"), "{stderr}");
    assert_eq!(site.named().as_deref(), Some("ami-stock"));

    let build = ["build", "--from", "/stock", "--json"];
    let (code, stdout, stderr) = site.run(&build, good).await;
    assert_eq!(code, 0, "{stderr}");
    let built: Value = serde_json::from_str(&stdout).expect("JSON");
    let image = built["image"].as_str().expect("an id").to_owned();
    assert_eq!(built["source"], "ami-stock");
    assert!(stderr.contains("image: launching a builder\n"), "{stderr}");
    // Machines go on booting what they booted.
    assert_eq!(site.named().as_deref(), Some("ami-stock"));

    let promote = ["promote", "--watch-seconds", "1", "--json"];
    let (code, stdout, stderr) = site.run(&promote, good).await;
    assert_eq!(code, 0, "{stderr}");
    let promoted: Value = serde_json::from_str(&stdout).expect("JSON");
    assert_eq!(
        (
            &promoted["image"],
            &promoted["before"],
            &promoted["version"]
        ),
        (
            &Value::from(image.as_str()),
            &Value::from("ami-stock"),
            &Value::from(2)
        )
    );
    let fate = &promoted["machines"][0]["fate"];
    assert_eq!(fate, "has run its job, and the log has closed");
    assert_eq!(site.named().as_deref(), Some(image.as_str()));

    let (code, _, stderr) = site.run(&["remove", &image], good).await;
    assert_eq!(code, 1);
    assert!(
        stderr.contains("is named by /dayfly/linux/image"),
        "{stderr}"
    );
    let back = ["rollback", "--reason", "jobs (many!) fail"];
    let (code, stdout, stderr) = site.run(&back, good).await;
    assert_eq!((code, stdout.as_str()), (0, "ami-stock\n"), "{stderr}");
    assert_eq!(site.named().as_deref(), Some("ami-stock"));
    let (code, stdout, _) = site.run(&["list"], good).await;
    assert_eq!(code, 0);
    assert!(stdout.contains(&image), "{stdout}");
    assert!(stdout.contains("rejected: jobs  many   fail"), "{stdout}");

    // There is nothing before that.
    let (code, _, stderr) = site.run(&["rollback"], good).await;
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("was rejected: jobs"), "{stderr}");
    assert_eq!(site.named().as_deref(), Some("ami-stock"));
    let (code, _, stderr) = site.run(&["promote"], good).await;
    assert_eq!(code, 1);
    assert!(
        stderr.contains("has no image that could be promoted"),
        "{stderr}"
    );
    let (code, stdout, _) = site.run(&["remove", &image], good).await;
    assert_eq!((code, stdout), (0, format!("{image}\n")));
    let shared = site.server.shared();
    let ec2 = shared.lock();
    assert_eq!((ec2.made_images().count(), ec2.snapshots().count()), (0, 0));
}

#[tokio::test]
async fn an_image_whose_machines_do_not_boot_is_not_named_and_given_up() {
    let site = Site::new();
    let build = ["build", "--from", "ami-stock"];
    let (code, stdout, stderr) = site.run(&build, Machines::Fail).await;
    assert_eq!(code, 0, "{stderr}");
    let image = stdout.trim();
    let (code, stdout, stderr) = site.run(&["promote", "--keep"], Machines::Fail).await;
    assert_eq!((code, stdout.as_str()), (1, ""), "{stderr}");
    let why = format!("error: image {image} is not promoted: machine i-");
    assert!(stderr.contains(&why), "{stderr}");
    assert!(
        stderr.contains("did not boot: not begun: Trouble: no role"),
        "{stderr}"
    );
    assert_eq!(site.named(), None);
    // It is kept with its reason, and so neither named nor built again.
    let (_, stdout, _) = site.run(&["list", "--json"], Machines::Fail).await;
    let listed: Value = serde_json::from_str(&stdout).expect("JSON");
    let verdict = listed[0]["verdict"].as_str().expect("a verdict");
    assert!(verdict.starts_with("rejected: machine i-"), "{verdict}");
    let (code, _, stderr) = site.run(&["promote", image], Machines::Fail).await;
    assert_eq!(code, 1);
    assert!(stderr.contains("was rejected"), "{stderr}");
    let (code, _, stderr) = site.run(&build, Machines::Fail).await;
    assert_eq!(code, 1);
    assert!(
        stderr.contains(&format!("dayfly image remove {image}")),
        "{stderr}"
    );
    // By somebody's word it is named all the same.
    let stock = ["promote", "ami-stock", "--untried", "--watch-seconds", "0"];
    let all_the_same = ["promote", image, "--untried", "--watch-seconds", "0"];
    let (code, _, stderr) = site.run(&all_the_same, Machines::Fail).await;
    assert_eq!(code, 0, "{stderr}");
    assert_eq!(site.named().as_deref(), Some(image));
    let (code, _, stderr) = site.run(&stock, Machines::Fail).await;
    assert_eq!(code, 0, "{stderr}");
    site.server
        .shared()
        .lock()
        .settings_mut()
        .parameters
        .remove(PARAMETER);
    let (code, _, stderr) = site.run(&["rollback"], Machines::Fail).await;
    assert_eq!(code, 1, "{stderr}");
    assert!(stderr.contains("named no earlier image"), "{stderr}");
    site.run(&["remove", image], Machines::Fail).await;
    let (code, _, _) = site.run(&build, Machines::Fail).await;
    assert_eq!(code, 0);
    let (code, _, stderr) = site.run(&["promote"], Machines::Fail).await;
    assert_eq!(code, 1);
    assert!(stderr.contains("and its snapshots are removed"), "{stderr}");
    let shared = site.server.shared();
    let ec2 = shared.lock();
    assert_eq!((ec2.made_images().count(), ec2.snapshots().count()), (0, 0));
}

#[tokio::test]
async fn a_signal_ends_the_builder() {
    let site = Site::new();
    let mut command = site.command(&["build", "--from", "ami-stock"]);
    let child = command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = child.spawn().expect("it starts");
    let pid = Pid::from_child(&child);
    let mut bell = site.server.shared().listen();
    while site.server.shared().lock().machines().next().is_none() {
        bell.changed().await.expect("the account outlives this");
    }
    kill_process(pid, Signal::INT).expect("it has not been waited for");
    let output = tokio::task::spawn_blocking(move || child.wait_with_output()).await;
    let (code, _, stderr) = said(&output.expect("no panic").expect("it ends"));
    assert_eq!(code, 1, "{stderr}");
    assert!(
        stderr.contains("error: no image: somebody asked to stop\n"),
        "{stderr}"
    );
    let shared = site.server.shared();
    let ec2 = shared.lock();
    let kept = ec2.machines().filter(|it| it.state.is_kept()).count();
    assert_eq!(kept, 0);
}

#[tokio::test]
async fn what_cannot_be_done_is_said_before_anything_is_launched() {
    let site = Site::new();
    let good = Machines::Register;
    let (code, stdout, stderr) = site
        .run(&["build", "--from", "ami-stock", "--dry-run"], good)
        .await;
    assert_eq!(code, 0, "{stderr}");
    assert!(stdout.starts_with("#cloud-config\n") && stdout.contains("def fetch_agent("));
    assert!(
        stderr.contains("would launch a c7i.large in subnet-a from ami-stock"),
        "{stderr}"
    );
    let (code, _, stderr) = site.run(&["build", "--from", "stock"], good).await;
    assert_eq!(code, 3);
    assert!(
        stderr.contains("stock is no image: expected ami-"),
        "{stderr}"
    );
    let long = site.path().join("long");
    fs::write(&long, "x".repeat(9_000)).expect("a file");
    let build = ["build", "--from", "ami-stock", "--script", "long"];
    let (code, _, stderr) = site.run(&build, good).await;
    assert_eq!(code, 3);
    assert!(stderr.contains("expected at most 16384"), "{stderr}");
    let (code, _, stderr) = site.run(&["promote", "ami-lost"], good).await;
    assert_eq!(code, 1);
    assert!(
        stderr.contains("ami-lost cannot be named: is not there"),
        "{stderr}"
    );
    for (image, found) in [
        ("", "its image is the launch template's"),
        ("image = \"ami-1\"\n", "its image is ami-1"),
        (
            "image = { parameter = \"/aws/service/x\" }\n",
            "is AWS's own",
        ),
        (
            "image = { parameter = \"/x:3\" }\n",
            "is one version of a parameter",
        ),
    ] {
        site.configure(image);
        let (code, _, stderr) = site.run(&["rollback"], good).await;
        assert_eq!(code, 3, "{stderr}");
        assert!(stderr.contains(found), "{stderr}");
        assert!(
            stderr.contains("hint: write image = { parameter ="),
            "{stderr}"
        );
    }
    assert_eq!(site.server.shared().lock().machines().count(), 0);
}
