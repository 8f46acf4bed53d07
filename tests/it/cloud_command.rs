//! `dayfly-lab emulate aws`: one line tells how to reach the account, then any AWS client can.

use std::fs;
use std::io::Read;
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use reqwest::{Certificate, Client};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::told::told;

/// An account that has told its line.
struct Running {
    child: Child,
    line: Value,
    client: Client,
    folder: TempDir,
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(crate::programs::lab());
    command
        .args(["emulate", "aws"])
        .args(arguments)
        .current_dir(folder)
        .env("TMPDIR", folder)
        .stdin(Stdio::null());
    command
}

impl Running {
    fn new(arguments: &[&str]) -> Self {
        Self::inside(TempDir::new().expect("a temporary folder"), arguments)
    }

    fn inside(folder: TempDir, arguments: &[&str]) -> Self {
        let mut command = command(folder.path(), arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("the cloud starts");
        let line = told(&mut child);
        let client = client(line["ca_file"].as_str());
        Self {
            child,
            line,
            client,
            folder,
        }
    }

    fn text(&self, pointer: &str) -> &str {
        let value = self.line.pointer(pointer);
        let text = value.and_then(Value::as_str);
        text.unwrap_or_else(|| panic!("no text at {pointer} in {}", self.line))
    }

    /// What EC2 answers to a form.
    async fn ec2(&self, form: &str) -> String {
        let request = self
            .client
            .post(self.text("/endpoint"))
            .header("authorization", "AWS4-HMAC-SHA256 Credential=a")
            .body(format!("Version=2016-11-15&{form}"));
        let answer = request.send().await.expect("it answers");
        answer.text().await.expect("a text")
    }

    /// What a service answers to JSON.
    async fn json(&self, target: &str, body: &Value) -> Value {
        let request = self
            .client
            .post(self.text("/endpoint"))
            .header("authorization", "AWS4-HMAC-SHA256 Credential=a")
            .header("x-amz-target", target)
            .body(body.to_string());
        let answer = request.send().await.expect("it answers");
        let text = answer.text().await.expect("a text");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Ends it with SIGTERM; gives its exit code and what it wrote after its line.
    fn end(mut self) -> (Option<i32>, String, TempDir) {
        let pid = Pid::from_child(&self.child);
        kill_process(pid, Signal::TERM).expect("it has not been waited for");
        let status = self.child.wait().expect("it ends");
        let mut rest = String::new();
        let stdout = self.child.stdout.as_mut().expect("it is piped");
        stdout.read_to_string(&mut rest).expect("text");
        (status.code(), rest, self.folder)
    }
}

/// A client that trusts this certificate alone, if there is one.
fn client(ca_file: Option<&str>) -> Client {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder();
    let client = match ca_file {
        Some(path) => {
            let pem = fs::read(path).expect("the file that the line names");
            let certificate = Certificate::from_pem(&pem).expect("a certificate");
            client.tls_certs_only([certificate])
        }
        None => client,
    };
    client.build().expect("good settings")
}

/// Asks for spot machines of one offer.
fn fleet(count: u32) -> String {
    let config = "LaunchTemplateConfigs.1";
    format!(
        "Action=CreateFleet&Type=instant\
         &{config}.LaunchTemplateSpecification.LaunchTemplateId=lt-1\
         &{config}.Overrides.1.InstanceType=c7i.large&{config}.Overrides.1.SubnetId=subnet-a\
         &TargetCapacitySpecification.TotalTargetCapacity={count}\
         &TargetCapacitySpecification.DefaultTargetCapacityType=spot"
    )
}

#[tokio::test]
async fn an_account_with_two_spot_machines_launches_two_and_says_what_is_short() {
    let cloud = Running::new(&["--capacity", "c7i.large@subnet-a/spot=2"]);
    assert!(cloud.text("/endpoint").starts_with("https://127.0.0.1:"));
    let answer = cloud.ec2(&fleet(3)).await;
    assert_eq!(answer.matches("<item>i-").count(), 2, "{answer}");
    assert!(answer.contains("InsufficientInstanceCapacity"), "{answer}");
    let ca_file = cloud.text("/ca_file").to_owned();
    let (code, rest, _folder) = cloud.end();
    assert_eq!((code, rest.as_str()), (Some(0), ""));
    assert!(!Path::new(&ca_file).exists(), "it leaves {ca_file}");
}

#[tokio::test]
async fn the_line_names_what_the_account_holds_and_all_of_it_is_there() {
    let cloud = Running::new(&["--plain-http"]);
    assert!(cloud.text("/endpoint").starts_with("http://127.0.0.1:"));
    assert_eq!(cloud.line["ca_file"], Value::Null);
    assert_eq!(cloud.text("/region"), "eu-central-1");
    let subnet = cloud.text("/subnets/0");
    let listed = cloud
        .ec2(&format!("Action=DescribeSubnets&SubnetId.1={subnet}"))
        .await;
    assert!(listed.contains("availableIpAddressCount"), "{listed}");
    let template = cloud.text("/templates/0");
    let form = format!("Action=DescribeLaunchTemplateVersions&LaunchTemplateId={template}");
    let listed = cloud.ec2(&form).await;
    assert!(listed.contains(cloud.text("/images/1")), "{listed}");
    let size = cloud.text("/types/0");
    let listed = cloud
        .ec2(&format!(
            "Action=DescribeInstanceTypes&InstanceType.1={size}"
        ))
        .await;
    assert!(listed.contains("defaultVCpus"), "{listed}");
    let item = json!({ "deployment": { "S": "ci" } });
    let put = json!({ "TableName": cloud.text("/tables/0"), "Item": item });
    let done = cloud.json("DynamoDB_20120810.PutItem", &put).await;
    assert_eq!(done, json!({}));
    cloud.end();
}

#[tokio::test]
async fn a_parameter_is_what_its_file_says() {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("token.txt"), "opaque\n").expect("a file");
    let cloud = Running::inside(folder, &["--parameter", "/dayfly/token=token.txt"]);
    let asked = json!({ "Name": "/dayfly/token", "WithDecryption": true });
    let told = cloud.json("AmazonSSM.GetParameter", &asked).await;
    assert_eq!(told["Parameter"]["Value"], "opaque");
    assert!(!cloud.line.to_string().contains("opaque"));
    cloud.end();
}

const FAULTS: &str = r#"{"fault": [
  {"kind": "unseen", "seconds": 0},
  {"kind": "protected", "times": 1},
  {"kind": "dies", "code": "Client.InternalError", "seconds": 0, "first": 2},
  {"endpoint": "DescribeSubnets", "kind": "refused", "code": "UnauthorizedOperation"}
]}"#;

#[tokio::test]
async fn faults_of_a_file_strike_machines_and_calls() {
    let folder = TempDir::new().expect("a temporary folder");
    fs::write(folder.path().join("faults.json"), FAULTS).expect("a file");
    let cloud = Running::inside(folder, &["--plain-http", "--faults", "faults.json"]);
    let launched = cloud.ec2(&fleet(2)).await;
    let ids = launched.split("<item>").skip(1);
    let mut ids = ids.filter_map(|rest| rest.split('<').next());
    let protected = ids.find(|id| id.starts_with("i-")).expect("a machine");
    let listed = cloud.ec2("Action=DescribeInstances").await;
    assert!(
        listed.contains("<code>Client.InternalError</code>"),
        "{listed}"
    );
    let form = format!("Action=TerminateInstances&InstanceId.1={protected}");
    let refused = cloud.ec2(&form).await;
    assert!(refused.contains("OperationNotPermitted"), "{refused}");
    let refused = cloud.ec2("Action=DescribeSubnets").await;
    assert!(refused.contains("UnauthorizedOperation"), "{refused}");
    cloud.end();
}

#[test]
fn wrong_faults_are_listed_with_their_lines() {
    let folder = TempDir::new().expect("a temporary folder");
    let text = "[[fault]]\nkind = \"dies\"\ncode = \"Boom\"\nseconds = 1\n\n\
                [[fault]]\nendpoint = \"Dance\"\nkind = \"refused\"\ncode = \"Boom\"\n";
    fs::write(folder.path().join("faults.toml"), text).expect("a file");
    let (code, stderr) = refused_in(&folder, &["--faults", "faults.toml"]);
    assert_eq!(code, Some(3));
    insta::assert_snapshot!(stderr, @r#"
    error: faults.toml:3: fault[0].code: found the text "Boom"; expected Client.InternalError, Server.InternalError, Client.VolumeLimitExceeded or Server.SpotInstanceTermination
    error: faults.toml:7: fault[1].endpoint: found the text "Dance"; expected any, or a call that the account knows, such as TerminateInstances, GetParameter or UpdateItem
    error: faults.toml:9: fault[1].code: found the text "Boom"; expected an error code that the account knows, such as OperationNotPermitted
    "#);
}

/// Exit code and stderr of a cloud that does not start.
fn refused(arguments: &[&str]) -> (Option<i32>, String) {
    refused_in(&TempDir::new().expect("a temporary folder"), arguments)
}

fn refused_in(folder: &TempDir, arguments: &[&str]) -> (Option<i32>, String) {
    let output = command(folder.path(), arguments).output();
    let output = output.expect("the cloud starts");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "");
    let stderr = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status.code(), stderr)
}

#[test]
fn an_offer_that_the_account_does_not_have_is_answered_with_those_that_it_has() {
    let (code, stderr) = refused(&["--capacity", "x9.huge@subnet-a/spot=2"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(stderr, @"error: --capacity names the type x9.huge, and the account has c7g.large, c7i.large, c7i.xlarge, m7i.large");
    let (code, stderr) = refused(&["--capacity", "c7i.large@subnet-z/spot=2"]);
    assert_eq!(code, Some(2));
    insta::assert_snapshot!(stderr, @"error: --capacity names the subnet subnet-z, and the account has subnet-a, subnet-b");
}

#[test]
fn an_option_that_cannot_be_read_is_answered_with_what_would_be_right() {
    for wrong in [
        "c7i.large",
        "c7i.large@subnet-a/free=2",
        "c7i.large@subnet-a/spot=-1",
    ] {
        let (code, stderr) = refused(&["--capacity", wrong]);
        assert_eq!(code, Some(2), "{wrong}");
        assert!(stderr.contains("c7i.large@subnet-a/spot=2"), "{stderr}");
    }
    let (code, stderr) = refused(&["--parameter", "opaque"]);
    assert_eq!(code, Some(2));
    assert!(stderr.contains("/dayfly/token=token.txt"), "{stderr}");
}

#[test]
fn what_cannot_be_read_or_served_is_said_in_one_sentence() {
    let (code, stderr) = refused(&["--parameter", "/a=nowhere"]);
    assert_eq!(code, Some(1));
    insta::assert_snapshot!(stderr, @"error: the file nowhere of the parameter /a cannot be read: No such file or directory (os error 2)");
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = taken.local_addr().expect("it is bound").to_string();
    let (code, stderr) = refused(&["--listen", &address]);
    assert_eq!(code, Some(1));
    let expected = format!("error: cannot listen on {address}: Address already in use");
    assert!(stderr.starts_with(&expected), "{stderr}");
    let (code, stderr) = refused(&["--listen", "0.0.0.0:0"]);
    assert_eq!(code, Some(1));
    assert!(
        stderr.starts_with("error: cannot serve on 0.0.0.0:0"),
        "{stderr}"
    );
}
