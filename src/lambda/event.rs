//! What Lambda hands over, as far as it matters: a schedule, or messages about machines.
//!
//! Nothing here fails. A message that cannot be read is an oddity to be logged: an error would
//! make SQS deliver it again, and again.

use serde::Deserialize;
use serde_json::Value;

use crate::model::id::MachineId;

/// Why the function was invoked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It is time: tick for as long as there is time. Everything that is not messages.
    Schedule,
    /// A batch of messages from SQS.
    Messages(Messages),
}

/// What a batch of messages says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Messages {
    /// About machines, in the order of the batch.
    pub notices: Vec<Notice>,
    /// Messages that should not have come.
    pub oddities: Vec<Oddity>,
}

/// One message about one machine. It hastens a tick, which then sees for itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// What happened.
    pub what: Happening,
    /// To which machine; whether it is one of ours, the tick will see.
    pub machine: MachineId,
}

/// What EC2 tells of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Happening {
    /// A spot machine is taken away in two minutes.
    Interruption,
    /// A spot machine may be taken away soon.
    Rebalance,
    /// A machine's state has changed.
    StateChange,
}

/// A message that says nothing about a machine, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Oddity {
    /// The message's id; empty if it has none.
    pub message: String,
    /// What was found, and what would be right. Never the message itself.
    pub reason: String,
}

/// A record of SQS, as far as we read it.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Record {
    #[serde(default)]
    message_id: String,
    #[serde(default)]
    event_source: String,
    #[serde(default)]
    body: String,
}

/// An event of EventBridge, as far as we read it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct Body {
    source: String,
    detail_type: String,
    #[serde(default)]
    detail: Value,
}

impl Event {
    /// Reads what Lambda hands over.
    pub fn read(payload: &Value) -> Self {
        let Some(records) = payload.get("Records") else {
            return Self::Schedule;
        };
        let mut messages = Messages::default();
        for record in records.as_array().into_iter().flatten() {
            match read_record(record) {
                Ok(notice) => messages.notices.extend(notice),
                Err(oddity) => messages.oddities.push(oddity),
            }
        }
        Self::Messages(messages)
    }
}

/// A notice, or nothing where the message is about something else.
fn read_record(record: &Value) -> Result<Option<Notice>, Oddity> {
    let record = Record::deserialize(record).map_err(|error| Oddity {
        message: String::new(),
        reason: format!("a record is none of SQS: {error}"),
    })?;
    let odd = |reason: String| Oddity {
        message: record.message_id.clone(),
        reason,
    };
    if record.event_source != "aws:sqs" {
        let found = &record.event_source;
        return Err(odd(format!(
            "a record comes from {found:?}, expected aws:sqs"
        )));
    }
    let body: Value = serde_json::from_str(&record.body)
        .map_err(|error| odd(format!("a message is no JSON: {error}")))?;
    // Other queues and other rules may end here; what they say is none of our business.
    let Ok(body) = Body::deserialize(&body) else {
        return Ok(None);
    };
    let Some(what) = happening(&body) else {
        return Ok(None);
    };
    match body.detail.get("instance-id").and_then(Value::as_str) {
        Some(id) if !id.is_empty() => Ok(Some(Notice {
            what,
            machine: MachineId::new(id),
        })),
        Some(_) | None => Err(odd(format!("{:?} names no machine", body.detail_type))),
    }
}

fn happening(body: &Body) -> Option<Happening> {
    if body.source != "aws.ec2" {
        return None;
    }
    match body.detail_type.as_str() {
        "EC2 Spot Instance Interruption Warning" => Some(Happening::Interruption),
        "EC2 Instance Rebalance Recommendation" => Some(Happening::Rebalance),
        "EC2 Instance State-change Notification" => Some(Happening::StateChange),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn record(body: &str) -> Value {
        json!({ "messageId": "m-1", "eventSource": "aws:sqs", "body": body, "attributes": {} })
    }

    fn about(detail_type: &str, detail: Value) -> Value {
        let body = json!({
            "version": "0", "id": "7bf73129", "source": "aws.ec2", "detail-type": detail_type,
            "region": "eu-central-1", "resources": [], "detail": detail,
        });
        record(&body.to_string())
    }

    fn messages(records: &[Value]) -> Messages {
        match Event::read(&json!({ "Records": records })) {
            Event::Messages(messages) => messages,
            Event::Schedule => panic!("a batch is no schedule"),
        }
    }

    #[test]
    fn everything_without_records_is_a_schedule() {
        let schedule = json!({
            "version": "0", "source": "aws.events", "detail-type": "Scheduled Event", "detail": {},
        });
        for payload in [schedule, json!({}), json!(null), json!("tick"), json!([1])] {
            assert_eq!(Event::read(&payload), Event::Schedule);
        }
    }

    #[test]
    fn the_three_kinds_of_notices_are_read_in_their_order() {
        let detail = |id| json!({ "instance-id": id, "instance-action": "terminate" });
        let messages = messages(&[
            about("EC2 Spot Instance Interruption Warning", detail("i-1")),
            about("EC2 Instance Rebalance Recommendation", detail("i-2")),
            about("EC2 Instance State-change Notification", detail("i-3")),
        ]);
        let kinds = [
            (Happening::Interruption, "i-1"),
            (Happening::Rebalance, "i-2"),
            (Happening::StateChange, "i-3"),
        ];
        let expected = kinds.map(|(what, id)| Notice {
            what,
            machine: MachineId::new(id),
        });
        assert_eq!(messages.notices, expected);
        assert_eq!(messages.oddities, []);
    }

    #[test]
    fn messages_about_something_else_are_nothing() {
        let other = json!({
            "source": "aws.s3", "detail-type": "Object Created", "detail": { "instance-id": "i-1" },
        });
        let messages = messages(&[
            about("EBS Volume Notification", json!({ "instance-id": "i-1" })),
            record(&other.to_string()),
            record("{\"hello\": \"world\"}"),
            record("17"),
        ]);
        assert_eq!(messages, Messages::default());
    }

    #[test]
    fn a_message_that_cannot_be_read_is_an_oddity_and_the_others_still_count() {
        let sns = json!({ "EventSource": "aws:sns", "Sns": { "Message": "{}" } });
        let messages = messages(&[
            record("{ secret"),
            sns,
            json!("text"),
            about("EC2 Instance Rebalance Recommendation", json!({})),
            about(
                "EC2 Instance Rebalance Recommendation",
                json!({ "instance-id": 7 }),
            ),
            about(
                "EC2 Instance Rebalance Recommendation",
                json!({ "instance-id": "i-9" }),
            ),
        ]);
        assert_eq!(messages.notices.len(), 1);
        let reasons: Vec<&str> = messages
            .oddities
            .iter()
            .map(|oddity| oddity.reason.as_str())
            .collect();
        assert_eq!(
            reasons,
            [
                "a message is no JSON: key must be a string at line 1 column 3",
                "a record comes from \"\", expected aws:sqs",
                "a record is none of SQS: invalid type: string \"text\", expected struct Record",
                "\"EC2 Instance Rebalance Recommendation\" names no machine",
                "\"EC2 Instance Rebalance Recommendation\" names no machine",
            ]
        );
        assert_eq!(messages.oddities[0].message, "m-1");
    }

    #[test]
    fn records_of_an_unknown_shape_are_an_empty_batch() {
        for records in [json!({}), json!(null), json!("x"), json!([])] {
            let event = Event::read(&json!({ "Records": records }));
            assert_eq!(event, Event::Messages(Messages::default()));
        }
    }
}
