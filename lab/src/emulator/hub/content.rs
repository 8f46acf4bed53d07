//! Faults of an answer's content: the JSON says something else than the hub meant.

use serde_json::{Map, Value};

use super::faults::Content;
use dayfly::model::id::JobId;

/// Lets a fault of the answer's content strike; a body that is no JSON object can only be
/// replaced as a whole.
pub(super) fn rewrite(body: &mut Vec<u8>, fault: &Content, own_job: Option<JobId>) {
    if let Content::Body(text) = fault {
        *body = text.clone().into_bytes();
        return;
    }
    let Ok(mut fields) = serde_json::from_slice::<Map<String, Value>>(body) else {
        return;
    };
    let mut put = |name: &str, value: Value| {
        fields.insert(name.to_owned(), value);
    };
    let word = |job: Option<JobId>| Value::from(job.map_or(String::new(), |job| job.to_string()));
    match fault {
        Content::NextSyncAfter(span) => put("next_sync_after", Value::from(*span)),
        Content::ActionUnknown(action) => put("action", Value::from(*action)),
        Content::StopJob(job) => {
            put("action", Value::from("stop-job"));
            put("job_id", word(job.clone().or(own_job)));
        }
        Content::RunJob(job) => {
            put("action", Value::from("run-job"));
            put("job_id", word(Some(job.clone())));
        }
        Content::FieldsExtra => {
            let value = serde_json::json!({"nested": [1, "two", null]});
            put("a_field_of_tomorrow", value);
        }
        Content::FieldsNull => fields.values_mut().for_each(make_null),
        Content::Body(_) => {}
        Content::Zeros => fields.values_mut().for_each(make_zero),
        Content::JobId(job) => put("job_id", word(Some(job.clone()))),
        Content::AgentsFirst(count) => keep_agents(&mut fields, |index| index < *count),
        Content::AgentsEverySecond => keep_agents(&mut fields, |index| index % 2 == 0),
        Content::NextSyncAfterMissing => {
            fields.remove("next_sync_after");
        }
    }
    *body = serde_json::to_vec(&fields).expect("JSON that was read can be written");
}

/// Keeps the agents of a list whose places are kept. The cursor stays, as in a true page.
fn keep_agents(fields: &mut Map<String, Value>, is_kept: impl Fn(usize) -> bool) {
    if let Some(Value::Array(agents)) = fields.get_mut("agents") {
        let mut index = 0..;
        agents.retain(|_| index.next().is_some_and(&is_kept));
    }
}

fn make_zero(value: &mut Value) {
    match value {
        Value::Number(number) => *number = 0.into(),
        Value::Object(fields) => fields.values_mut().for_each(make_zero),
        Value::Array(items) => items.iter_mut().for_each(make_zero),
        Value::Null | Value::Bool(_) | Value::String(_) => {}
    }
}

fn make_null(value: &mut Value) {
    let is_empty = match &*value {
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Number(number) => number.as_i64() == Some(0),
        Value::Null | Value::Bool(_) | Value::Object(_) => false,
    };
    if is_empty {
        *value = Value::Null;
    }
}
