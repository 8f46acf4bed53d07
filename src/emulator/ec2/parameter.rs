//! SSM's `GetParameter`: a name in, a value out, in JSON.
//!
//! Every parameter is a `SecureString`: without `WithDecryption` the value is not given.

use serde::Deserialize;
use serde_json::{Value, json};

use super::Ec2;
use super::error::{self, Refusal};
use super::throttle::Throttling;
use crate::model::time::Timestamp;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

impl Ec2 {
    /// What a request's body asks for.
    pub(super) fn parameter(&mut self, body: &[u8], now: Timestamp) -> Result<Value, Refusal> {
        let is_real = self.settings.throttling == Throttling::Real;
        if is_real && !self.buckets.take_parameter(now) {
            return Err(error::THROTTLING.into());
        }
        let read = serde_json::from_slice(body);
        let asked: GetParameter =
            read.map_err(|error| Refusal::new(error::VALIDATION, error.to_string()))?;
        let value = self.settings.parameters.get(&asked.name);
        let value = value.ok_or(Refusal::from(error::PARAMETER_NOT_FOUND))?;
        let (region, owner) = (&self.settings.region, &self.settings.owner);
        let name = asked.name.trim_start_matches('/');
        // What is encrypted is not to be mistaken for the value.
        let shown = if asked.with_decryption {
            value.as_str()
        } else {
            "(encrypted)"
        };
        Ok(json!({
            "Parameter": {
                "ARN": format!("arn:aws:ssm:{region}:{owner}:parameter/{name}"),
                "DataType": "text",
                "Name": asked.name,
                "Type": "SecureString",
                "Value": shown,
                "Version": 1,
            }
        }))
    }
}
