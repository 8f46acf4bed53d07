//! SSM's parameters, as far as a scaler, an agent and images use them.

use std::time::Duration;

use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Fault, Scope, Travel};
use dayfly_lab::emulator::ec2::throttle::Throttling;
use dayfly_lab::emulator::message::{Delivery, Request};
use serde_json::{Value, json};

use super::world::World;

fn request(target: &str, body: &Value) -> Request {
    Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        authorization: Some("AWS4-HMAC-SHA256 Credential=a".to_owned()),
        target: Some(target.to_owned()),
        body: body.to_string().into_bytes(),
        ..Request::default()
    }
}

/// Status and JSON of an answer.
fn send(world: &mut World, request: &Request) -> (u16, Value) {
    let answer = world.send(request);
    let json = serde_json::from_str(&answer.text).expect("it is JSON");
    (answer.response.status, json)
}

fn get(world: &mut World, name: &str, with_decryption: bool) -> (u16, Value) {
    let body = json!({ "Name": name, "WithDecryption": with_decryption });
    send(world, &request("AmazonSSM.GetParameter", &body))
}

#[test]
fn a_parameter_has_a_value_that_has_to_be_decrypted() {
    let mut world = World::new();
    let (status, found) = get(&mut world, "/dayfly/image", true);
    assert_eq!(
        (status, &found["Parameter"]["Value"]),
        (200, &json!("ami-x86"))
    );
    let (_, hidden) = get(&mut world, "/dayfly/image", false);
    assert_eq!(hidden["Parameter"]["Value"], "(encrypted)");
}

#[test]
fn what_cannot_be_asked_is_refused() {
    let mut world = World::new();
    let (status, lost) = get(&mut world, "/none", true);
    assert_eq!(
        (status, &lost["__type"]),
        (400, &json!("ParameterNotFound"))
    );
    let (_, unread) = send(&mut world, &request("AmazonSSM.GetParameter", &json!({})));
    assert_eq!(unread["__type"], "ValidationException");
    let (_, unknown) = send(&mut world, &request("AmazonSSM.Dance", &json!({})));
    assert_eq!(unknown["__type"], "UnknownOperationException");
    let mut unsigned = request("AmazonSSM.GetParameter", &json!({}));
    unsigned.authorization = None;
    let (_, refused) = send(&mut world, &unsigned);
    assert_eq!(refused["__type"], "MissingAuthenticationTokenException");
}

#[test]
fn a_parameter_has_a_bucket_of_its_own() {
    let mut world = World::with(|settings| settings.throttling = Throttling::Real);
    let burst = |world: &mut World| {
        let mut calls = 0..100;
        calls.position(|_| get(world, "/dayfly/image", true).0 != 200)
    };
    assert_eq!(burst(&mut world), Some(40));
    let (status, refused) = get(&mut world, "/dayfly/image", true);
    assert_eq!(
        (status, &refused["__type"]),
        (400, &json!("ThrottlingException"))
    );
    assert_eq!(world.describe(&[]).response.status, 200);
    world.pass(1);
    assert_eq!(burst(&mut world), Some(40));
}

#[test]
fn faults_strike_it_and_leave_ec2_alone() {
    let mut world = World::new();
    let once = Scope::on_get_parameter().times(1);
    world
        .ec2
        .add_fault(once.clone(), Fault::Refused(error::THROTTLING));
    assert_eq!(world.describe(&[]).response.status, 200);
    let (status, refused) = get(&mut world, "/dayfly/image", true);
    assert_eq!(
        (status, &refused["__type"]),
        (400, &json!("ThrottlingException"))
    );
    let delay = Duration::from_secs(9);
    world
        .ec2
        .add_fault(once, Fault::Travel(Travel::Delayed(delay)));
    let body = json!({ "Name": "/dayfly/image" });
    let late = world.send(&request("AmazonSSM.GetParameter", &body));
    assert_eq!(late.response.delivery, Delivery::Delayed(delay));
}

fn put(world: &mut World, name: &str, body: &Value) -> (u16, Value) {
    let mut body = body.clone();
    body["Name"] = json!(name);
    send(world, &request("AmazonSSM.PutParameter", &body))
}

fn history(world: &mut World, name: &str) -> Vec<(u64, String)> {
    let mut found = Vec::new();
    let mut token = Value::Null;
    loop {
        let body = json!({ "Name": name, "MaxResults": 2, "NextToken": token });
        let (status, page) = send(world, &request("AmazonSSM.GetParameterHistory", &body));
        assert_eq!(status, 200, "{page}");
        for row in page["Parameters"].as_array().expect("rows") {
            let version = row["Version"].as_u64().expect("a number");
            found.push((version, row["Value"].as_str().expect("a text").to_owned()));
        }
        token = page["NextToken"].clone();
        if token.is_null() {
            return found;
        }
    }
}

#[test]
fn what_is_written_is_read_with_its_version_and_its_history() {
    let mut world = World::new();
    let first = json!({ "Value": "ami-1", "Type": "String" });
    assert_eq!(put(&mut world, "/new", &first).1["Version"], 1);
    let (status, taken) = put(&mut world, "/new", &first);
    assert_eq!(
        (status, &taken["__type"]),
        (400, &json!("ParameterAlreadyExists"))
    );
    for value in ["ami-2", "ami-3"] {
        world.pass(60);
        put(
            &mut world,
            "/new",
            &json!({ "Value": value, "Overwrite": true }),
        );
    }
    let (_, found) = get(&mut world, "/new", false);
    let found = &found["Parameter"];
    assert_eq!(
        (&found["Value"], &found["Version"], &found["Type"]),
        (&json!("ami-3"), &json!(3), &json!("String"))
    );
    let versions = [(1, "ami-1"), (2, "ami-2"), (3, "ami-3")];
    assert_eq!(
        history(&mut world, "/new"),
        versions.map(|(version, value)| (version, value.to_owned()))
    );
    // A template that names the parameter launches what it says now.
    assert_eq!(world.ec2.settings().parameters["/new"], "ami-3");
}

#[test]
fn what_cannot_be_written_is_refused() {
    let mut world = World::new();
    let wrong = [
        (
            "/aws/service/x",
            json!({ "Value": "a", "Type": "String" }),
            "ValidationException",
        ),
        (
            "/x",
            json!({ "Value": "", "Type": "String" }),
            "ValidationException",
        ),
        ("/x", json!({ "Value": "a" }), "ValidationException"),
        (
            "/x",
            json!({ "Value": "a", "Type": "Number" }),
            "ValidationException",
        ),
        (
            "/x",
            json!({ "Value": "a".repeat(4097), "Type": "String" }),
            "ValidationException",
        ),
        (
            "/dayfly/image",
            json!({ "Value": "a", "Type": "String", "Overwrite": true }),
            "HierarchyTypeMismatchException",
        ),
    ];
    for (name, body, code) in wrong {
        let (status, refused) = put(&mut world, name, &body);
        assert_eq!((status, &refused["__type"]), (400, &json!(code)), "{name}");
    }
    let lost = json!({ "Name": "/x" });
    let (_, lost) = send(&mut world, &request("AmazonSSM.GetParameterHistory", &lost));
    assert_eq!(lost["__type"], "ParameterNotFound");
}

#[test]
fn a_history_keeps_a_hundred_versions() {
    let mut world = World::new();
    for number in 0..150 {
        let body = json!({ "Value": format!("ami-{number}"), "Overwrite": true });
        put(&mut world, "/dayfly/image", &body);
    }
    let found = send(
        &mut world,
        &request(
            "AmazonSSM.GetParameterHistory",
            &json!({ "Name": "/dayfly/image", "WithDecryption": true }),
        ),
    );
    let first = &found.1["Parameters"][0];
    // The account's own first version, and 150 more.
    assert_eq!(
        (&first["Version"], &first["Value"]),
        (&json!(52), &json!("ami-50"))
    );
    assert_eq!(history(&mut world, "/dayfly/image").len(), 100);
}

#[test]
fn faults_strike_writes_and_histories() {
    let mut world = World::new();
    let refused = Fault::Refused(error::THROTTLING);
    world.ec2.add_fault(Scope::on_put_parameter(), refused);
    world.ec2.add_fault(
        Scope::on_get_parameter_history(),
        Fault::Refused(error::ACCESS_DENIED),
    );
    let body = json!({ "Value": "ami-1", "Overwrite": true });
    let (_, throttled) = put(&mut world, "/dayfly/image", &body);
    assert_eq!(throttled["__type"], "ThrottlingException");
    let asked = request(
        "AmazonSSM.GetParameterHistory",
        &json!({ "Name": "/dayfly/image" }),
    );
    assert_eq!(
        send(&mut world, &asked).1["__type"],
        "AccessDeniedException"
    );
    assert_eq!(
        get(&mut world, "/dayfly/image", true).1["Parameter"]["Value"],
        "ami-x86"
    );
}
