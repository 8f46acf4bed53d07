//! Tags: set, removed, and their limits.

use super::world::{Parameters, World};

/// The tags of a machine after an action on a machine with the tag `a=1`.
fn after(action: &str, parameters: Parameters<'_>) -> Result<Vec<String>, String> {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    world.pass(3);
    let on = [("ResourceId.1", id.as_str())];
    let given = [("Tag.1.Key", "a"), ("Tag.1.Value", "1")];
    world.call("CreateTags", &[&on[..], &given[..]].concat());
    let answer = world.call(action, &[&on[..], parameters].concat());
    if answer.response.status != 200 {
        return Err(answer.one("Code"));
    }
    let tags = &world.ec2.machine(&id).expect("it was launched").tags;
    Ok(tags
        .iter()
        .map(|(key, value)| format!("{key}={value}"))
        .collect())
}

fn set(key: &str, value: &str) -> Result<Vec<String>, String> {
    after("CreateTags", &[("Tag.1.Key", key), ("Tag.1.Value", value)])
}

fn tags(pairs: &[&str]) -> Result<Vec<String>, String> {
    Ok(pairs.iter().map(|pair| (*pair).to_owned()).collect())
}

fn refused(code: &str) -> Result<Vec<String>, String> {
    Err(code.to_owned())
}

#[test]
fn tags_are_set_and_replaced() {
    assert_eq!(set("b", "2"), tags(&["a=1", "b=2"]));
    assert_eq!(set("a", "2"), tags(&["a=2"]));
}

#[test]
fn tags_are_removed_by_key_or_by_key_and_value() {
    let gone = |parameters: Parameters<'_>| after("DeleteTags", parameters);
    assert_eq!(gone(&[("Tag.1.Key", "a")]), tags(&[]));
    assert_eq!(gone(&[("Tag.1.Key", "a"), ("Tag.1.Value", "1")]), tags(&[]));
    assert_eq!(
        gone(&[("Tag.1.Key", "a"), ("Tag.1.Value", "2")]),
        tags(&["a=1"])
    );
    assert_eq!(gone(&[("Tag.1.Key", "b")]), tags(&["a=1"]));
    assert_eq!(gone(&[]), tags(&[]));
}

#[test]
fn keys_and_values_have_their_limits() {
    let (key, value) = ("k".repeat(128), "v".repeat(256));
    assert!(set(&key, &value).is_ok());
    assert_eq!(
        set(&format!("{key}k"), ""),
        refused("InvalidParameterValue")
    );
    assert_eq!(
        set("b", &format!("{value}v")),
        refused("InvalidParameterValue")
    );
    assert_eq!(set("aws:ours", ""), refused("InvalidParameterValue"));
    let doubled = [("Tag.1.Key", "b"), ("Tag.2.Key", "b")];
    assert_eq!(
        after("CreateTags", &doubled),
        refused("InvalidParameterValue")
    );
    assert_eq!(after("CreateTags", &[]), refused("MissingParameter"));
}

#[test]
fn fifty_tags_fit_and_one_more_does_not() {
    let names: Vec<String> = (1..=50).map(|index| format!("Tag.{index}.Key")).collect();
    let many: Vec<(&str, &str)> = names
        .iter()
        .map(|name| (name.as_str(), &name[4..]))
        .collect();
    assert_eq!(
        after("CreateTags", &many[..49]).map(|tags| tags.len()),
        Ok(50)
    );
    assert_eq!(after("CreateTags", &many), refused("TagLimitExceeded"));
}

#[test]
fn a_tag_that_is_set_later_can_be_filtered_by_and_one_that_is_removed_cannot() {
    let mut world = World::new();
    let id = world.launch(1).remove(0);
    world.pass(3);
    let on = ("ResourceId.1", id.as_str());
    let filter = [("Filter.1.Name", "tag:held"), ("Filter.1.Value.1", "yes")];
    world.call(
        "CreateTags",
        &[on, ("Tag.1.Key", "held"), ("Tag.1.Value", "yes")],
    );
    assert_eq!(world.describe(&filter).one("instanceId"), id);
    world.call("DeleteTags", &[on, ("Tag.1.Key", "held")]);
    assert_eq!(world.describe(&filter).all("instanceId"), [""; 0]);
}

#[test]
fn only_known_machines_are_tagged() {
    let refused = |id: &str| {
        let parameters = [("ResourceId.1", id), ("Tag.1.Key", "a")];
        World::new().call("CreateTags", &parameters).one("Code")
    };
    assert_eq!(refused("i-lost"), "InvalidInstanceID.NotFound");
    assert_eq!(refused("vol-1"), "InvalidID");
}
