//! DynamoDB's tables as far as a lease uses them: one item, taken, kept and given back on
//! conditions.

use std::time::Duration;

use dayfly_lab::emulator::dynamo::{Attribute, Operation};
use dayfly_lab::emulator::ec2::error;
use dayfly_lab::emulator::ec2::faults::{Fault, Scope, Travel};
use dayfly_lab::emulator::message::{Delivery, Request, Response};
use serde_json::{Value, json};

use super::world::World;

const PREFIX: &str = "com.amazonaws.dynamodb.v20120810#";

/// An account with a table whose key is `id`.
fn account() -> World {
    let key = ("dayfly-lease".to_owned(), "id".to_owned());
    World::with(|settings| settings.tables = [key].into())
}

fn send(world: &mut World, operation: &str, body: &Value) -> (Response, Value) {
    let answer = world.send(&Request {
        method: "POST".to_owned(),
        path: "/".to_owned(),
        authorization: Some("AWS4-HMAC-SHA256 Credential=a".to_owned()),
        target: Some(format!("DynamoDB_20120810.{operation}")),
        body: body.to_string().into_bytes(),
        ..Request::default()
    });
    let json = serde_json::from_str(&answer.text).expect("it is JSON");
    (answer.response, json)
}

/// Status and JSON of an answer.
fn call(world: &mut World, operation: &str, body: &Value) -> (u16, Value) {
    let (response, json) = send(world, operation, body);
    (response.status, json)
}

/// The kind of a refusal, and the status that it came with.
fn refusal((status, answer): (u16, Value)) -> (u16, String) {
    let kind = answer["__type"].as_str().unwrap_or_default();
    (status, kind.trim_start_matches(PREFIX).to_owned())
}

fn key() -> Value {
    json!({ "id": { "S": "scaler" } })
}

/// Takes the lease: it is nobody's, or over, or already the taker's.
fn take(owner: &str, now: u64, until: u64) -> Value {
    json!({
        "TableName": "dayfly-lease",
        "Key": key(),
        "UpdateExpression": "SET #owner = :owner, #until = :until",
        "ConditionExpression":
            "attribute_not_exists(#id) OR (#owner = :owner AND #until > :now) OR #until < :now",
        "ExpressionAttributeNames": { "#id": "id", "#owner": "owner", "#until": "until" },
        "ExpressionAttributeValues": {
            ":owner": { "S": owner },
            ":now": { "N": now.to_string() },
            ":until": { "N": until.to_string() },
        },
        "ReturnValues": "ALL_NEW",
    })
}

/// Gives the lease back, if it is the owner's.
fn give_back(owner: &str) -> Value {
    json!({
        "TableName": "dayfly-lease",
        "Key": key(),
        "ConditionExpression": "#owner = :owner",
        "ExpressionAttributeNames": { "#owner": "owner" },
        "ExpressionAttributeValues": { ":owner": { "S": owner } },
    })
}

fn held_by(world: &World) -> Option<&Attribute> {
    let item = world.ec2.tables().item("dayfly-lease", "scaler")?;
    item.get("owner")
}

fn text(text: &str) -> Attribute {
    Attribute::Text(text.to_owned())
}

#[test]
fn a_lease_is_one_owners_until_it_is_over() {
    let mut world = account();
    let (status, first) = call(&mut world, "UpdateItem", &take("a", 100, 160));
    let expected = json!({
        "id": { "S": "scaler" }, "owner": { "S": "a" }, "until": { "N": "160" },
    });
    assert_eq!((status, &first["Attributes"]), (200, &expected));
    let failed = (400, "ConditionalCheckFailedException".to_owned());
    let early = call(&mut world, "UpdateItem", &take("b", 159, 219));
    assert_eq!(refusal(early), failed);
    let renewed = call(&mut world, "UpdateItem", &take("a", 159, 219));
    assert_eq!(renewed.1["Attributes"]["until"]["N"], "219");
    let early = call(&mut world, "UpdateItem", &take("b", 219, 279));
    assert_eq!(refusal(early), failed);
    let late = call(&mut world, "UpdateItem", &take("b", 220, 280));
    assert_eq!(late.1["Attributes"]["owner"]["S"], "b");
}

#[test]
fn a_lease_is_given_back_by_its_owner_alone() {
    let mut world = account();
    call(&mut world, "UpdateItem", &take("a", 100, 160));
    let other = call(&mut world, "DeleteItem", &give_back("b"));
    assert_eq!(
        refusal(other),
        (400, "ConditionalCheckFailedException".to_owned())
    );
    assert_eq!(held_by(&world), Some(&text("a")));
    let own = call(&mut world, "DeleteItem", &give_back("a"));
    assert_eq!(own, (200, json!({})));
    assert_eq!(held_by(&world), None);
    let read = json!({ "TableName": "dayfly-lease", "Key": key(), "ConsistentRead": true });
    assert_eq!(call(&mut world, "GetItem", &read), (200, json!({})));
}

#[test]
fn a_failed_condition_shows_the_item_to_who_asks() {
    let mut world = account();
    call(&mut world, "UpdateItem", &take("a", 100, 160));
    let mut curious = take("b", 100, 160);
    curious["ReturnValuesOnConditionCheckFailure"] = json!("ALL_OLD");
    let (status, shown) = call(&mut world, "UpdateItem", &curious);
    assert_eq!(
        (status, &shown["Item"]["owner"]),
        (400, &json!({ "S": "a" }))
    );
    let (_, hidden) = call(&mut world, "UpdateItem", &take("b", 100, 160));
    assert_eq!(hidden["Item"], Value::Null);
    assert_eq!(
        hidden["__type"],
        format!("{PREFIX}ConditionalCheckFailedException")
    );
}

#[test]
fn an_item_is_put_as_a_whole_and_read_back_as_it_is() {
    let mut world = account();
    call(&mut world, "UpdateItem", &take("a", 100, 160));
    let item = json!({
        "id": { "S": "scaler" }, "kept": { "BOOL": true }, "big": { "N": "-90000000000000000000" },
    });
    let mut put = json!({
        "TableName": "dayfly-lease",
        "Item": item,
        "ConditionExpression": "attribute_not_exists(#id)",
        "ExpressionAttributeNames": { "#id": "id" },
    });
    let failed = (400, "ConditionalCheckFailedException".to_owned());
    assert_eq!(refusal(call(&mut world, "PutItem", &put)), failed);
    put["ConditionExpression"] = json!("attribute_exists(#id)");
    put["ReturnValues"] = json!("ALL_OLD");
    let (status, old) = call(&mut world, "PutItem", &put);
    assert_eq!(
        (status, &old["Attributes"]["owner"]["S"]),
        (200, &json!("a"))
    );
    let read = json!({ "TableName": "dayfly-lease", "Key": key() });
    assert_eq!(call(&mut world, "GetItem", &read).1["Item"], item);
}

/// Whether a condition holds for an item with `n` = 5 and `s` = "m".
fn holds(condition: &str) -> bool {
    let mut world = account();
    let item = json!({ "id": { "S": "scaler" }, "n": { "N": "5" }, "s": { "S": "m" } });
    let put = json!({ "TableName": "dayfly-lease", "Item": item });
    assert_eq!(call(&mut world, "PutItem", &put).0, 200);
    let uses = |name: &&str| condition.contains(*name);
    let names = ["#n", "#s", "#x"].into_iter().filter(uses);
    let names = names.map(|name| (name.to_owned(), json!(name[1..])));
    let values = [
        (":4", json!({ "N": "4" })),
        (":5", json!({ "N": "5" })),
        (":m", json!({ "S": "m" })),
        (":z", json!({ "S": "z" })),
    ];
    let values = values.into_iter().filter(|(name, _)| uses(name));
    let values = values.map(|(name, value)| (name.to_owned(), value));
    let delete = json!({
        "TableName": "dayfly-lease",
        "Key": key(),
        "ConditionExpression": condition,
        "ExpressionAttributeNames": Value::Object(names.collect()),
        "ExpressionAttributeValues": Value::Object(values.collect()),
    });
    let (status, answer) = call(&mut world, "DeleteItem", &delete);
    let refused = refusal((status, answer)).1;
    assert!(status == 200 || refused == "ConditionalCheckFailedException");
    status == 200
}

#[test]
fn conditions_are_read_as_dynamodb_reads_them() {
    let all = [
        ("#n = :5", true),
        ("#n = :4", false),
        ("#n <> :4", true),
        ("#n<:5", false),
        ("#n <= :5", true),
        ("#n > :4", true),
        ("#n >= :5", true),
        ("#s < :z", true),
        ("attribute_exists(#x)", false),
        ("attribute_not_exists (#x)", true),
        // What is not there has no order and equals nothing.
        ("#x = :5", false),
        ("#x < :5", false),
        ("#x <> :5", true),
        // Nor do a text and a number.
        ("#n = :m", false),
        ("#s < :5", false),
        // AND binds tighter than OR, and parentheses tighter than both.
        ("#n = :5 OR #n = :4 AND #s = :z", true),
        ("(#n = :5 or #n = :4) and #s = :z", false),
        ("((#n = :5))", true),
    ];
    for (condition, expected) in all {
        assert_eq!(holds(condition), expected, "{condition}");
    }
}

/// The sentence with which a change of a good request is refused.
fn wrong(operation: &str, change: impl FnOnce(&mut Value)) -> String {
    let mut world = account();
    let mut body = match operation {
        "UpdateItem" => take("a", 100, 160),
        _ => give_back("a"),
    };
    change(&mut body);
    let (status, answer) = call(&mut world, operation, &body);
    assert_eq!(
        refusal((status, answer.clone())),
        (400, "ValidationException".to_owned())
    );
    answer["message"].as_str().unwrap_or_default().to_owned()
}

#[test]
fn what_is_not_emulated_or_not_right_is_refused_with_its_reason() {
    let condition = |text: &'static str| {
        wrong("DeleteItem", move |body| {
            body["ConditionExpression"] = json!(text)
        })
    };
    assert!(condition("owner = :owner").contains("#name"), "a bare name");
    assert!(condition("size(#owner) = :owner").contains("#name"));
    assert!(condition("#owner = :owner)").contains("its end"));
    assert!(condition("(#owner = :owner").contains("expected )"));
    assert!(condition("#owner").contains("comparison"));
    assert!(condition("#owner = ?").contains("syntax error"));
    assert!(condition("#owner = :other").contains("not defined"));
    assert!(condition("#other = :owner").contains("not defined"));
    assert!(condition("attribute_exists(#owner)").contains("unused in expressions: :owner"));
    let update = |text: &'static str| {
        wrong("UpdateItem", move |body| {
            body["UpdateExpression"] = json!(text)
        })
    };
    assert!(update("REMOVE #owner").contains("expected SET"));
    assert!(update("SET #id = :owner, #until = :until").contains("part of the key"));
    assert!(update("SET #owner = :owner, #owner = :until").contains("overlap"));
    let member =
        |name: &'static str, value: Value| wrong("DeleteItem", move |body| body[name] = value);
    assert!(member("Colour", json!("red")).contains("Colour"));
    assert!(member("UpdateExpression", json!("SET")).contains("no member"));
    assert!(member("ReturnValues", json!("ALL_NEW")).contains("ALL_NEW"));
    assert!(member("Key", json!({ "name": { "S": "a" } })).contains("expected id"));
    assert!(member("Key", json!({ "id": { "S": "" } })).contains("expected id"));
    assert!(member("Key", json!({ "id": "a" })).contains("no attribute value"));
    assert!(member("Key", json!({ "id": { "N": "1.5" } })).contains("whole number"));
}

#[test]
fn a_table_that_is_not_there_is_said() {
    let mut world = account();
    let mut body = give_back("a");
    body["TableName"] = json!("none");
    let lost = call(&mut world, "DeleteItem", &body);
    assert_eq!(refusal(lost), (400, "ResourceNotFoundException".to_owned()));
    let dance = call(&mut world, "Dance", &body);
    assert_eq!(
        refusal(dance),
        (400, "UnknownOperationException".to_owned())
    );
}

#[test]
fn faults_strike_one_operation_and_an_answer_can_be_lost_after_the_write() {
    let mut world = account();
    let once = Scope::on_table(Operation::UpdateItem).times(1);
    world
        .ec2
        .add_fault(once.clone(), Fault::Refused(error::TABLE_THROTTLED));
    let throttled = call(&mut world, "UpdateItem", &take("a", 100, 160));
    assert_eq!(
        refusal(throttled),
        (400, "ProvisionedThroughputExceededException".to_owned())
    );
    assert_eq!(held_by(&world), None);
    let failed = Travel::CommittedThen(error::TABLE_INTERNAL);
    world.ec2.add_fault(once.clone(), Fault::Travel(failed));
    let lost = call(&mut world, "UpdateItem", &take("a", 100, 160));
    assert_eq!(refusal(lost), (500, "InternalServerError".to_owned()));
    assert_eq!(held_by(&world), Some(&text("a")));
    let late = Travel::Delayed(Duration::from_secs(9));
    world.ec2.add_fault(once, Fault::Travel(late));
    let (response, _) = send(&mut world, "UpdateItem", &take("a", 110, 170));
    assert_eq!(response.delivery, Delivery::Delayed(Duration::from_secs(9)));
}
