//! SSM's `GetParameter`: a name in, a value out, in JSON.
//!
//! Every parameter is a `SecureString`: without `WithDecryption` the value is not given.

use serde::Deserialize;
use serde_json::{Value, json};

use super::action::Asked;
use super::error::{self, Code, Refusal};
use super::{Ec2, delivered, response, travel};
use crate::emulator::message::{Request, Response};
use crate::model::time::Timestamp;

const CONTENT_TYPE: &str = "application/x-amz-json-1.1";

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct GetParameter {
    name: String,
    #[serde(default)]
    with_decryption: bool,
}

impl Ec2 {
    /// Answers a request that names its operation in `X-Amz-Target`.
    pub(super) fn answer_target(
        &mut self,
        target: &str,
        request: &Request,
        now: Timestamp,
    ) -> Response {
        if request.authorization.is_none() {
            return refused(&error::MISSING_AUTHENTICATION.into());
        }
        if target != "AmazonSSM.GetParameter" || request.method != "POST" {
            return refused(&error::UNKNOWN_OPERATION.into());
        }
        let refuse = |code: Code| refused(&code.into());
        if let Some(instead) = self.struck_before(Asked::GetParameter, now, refuse) {
            return instead;
        }
        let mut answer = match self.parameter(&request.body) {
            Ok(parameter) => json_response(200, &parameter),
            Err(refusal) => refused(&refusal),
        };
        for travel in self.struck(Asked::GetParameter, now, travel) {
            delivered(&mut answer, travel, refuse);
        }
        answer
    }

    fn parameter(&self, body: &[u8]) -> Result<Value, Refusal> {
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

fn refused(refusal: &Refusal) -> Response {
    let body = json!({ "__type": refusal.code.name, "message": refusal.message });
    json_response(refusal.code.status, &body)
}

fn json_response(status: u16, body: &Value) -> Response {
    Response {
        content_type: CONTENT_TYPE,
        ..response(status, body.to_string().into_bytes())
    }
}
