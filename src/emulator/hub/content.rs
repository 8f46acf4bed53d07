//! Faults of an answer's content: the JSON says something else than the hub meant.

use serde_json::{Map, Value};

use super::faults::Content;
use crate::model::id::JobId;

/// Lets a fault of the answer's content strike; a body that is no JSON object is left alone.
pub(super) fn rewrite(body: &mut Vec<u8>, fault: &Content, own_job: Option<JobId>) {
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
        Content::NextSyncAfterMissing => {
            fields.remove("next_sync_after");
        }
    }
    *body = serde_json::to_vec(&fields).expect("JSON that was read can be written");
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
