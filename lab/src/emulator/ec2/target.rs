//! The services that speak JSON and name what is asked in `X-Amz-Target`: SSM, Service Quotas
//! and DynamoDB.

use serde_json::{Value, json};

use super::action::Asked;
use super::error::{self, Code, Refusal};
use super::faults::Occasion;
use super::{Ec2, delivered, response, travel};
use crate::emulator::dynamo::{Operation, Refused};
use crate::emulator::message::{Request, Response};
use dayfly::model::time::Timestamp;

/// Whose JSON it is: each has its content type, and its way to name an error.
#[derive(Clone, Copy, Debug)]
enum Dialect {
    /// That of SSM and of Service Quotas.
    Plain,
    DynamoDb,
}

impl Ec2 {
    /// Answers a request that names its operation in `X-Amz-Target`.
    pub(super) fn answer_target(
        &mut self,
        target: &str,
        request: &Request,
        now: Timestamp,
    ) -> Response {
        let dialect = Dialect::of(target);
        if request.authorization.is_none() {
            return dialect.refused(&error::MISSING_AUTHENTICATION.into(), None);
        }
        let asked = asked(target).filter(|_| request.method == "POST");
        let Some(asked) = asked else {
            return dialect.refused(&error::UNKNOWN_OPERATION.into(), None);
        };
        let refuse = |code: Code| dialect.refused(&code.into(), None);
        if let Some(instead) = self.struck_before(Occasion::of(asked), now, refuse) {
            return instead;
        }
        let mut answer = self.answer_asked(asked, dialect, &request.body, now);
        for travel in self.struck(asked, now, travel) {
            delivered(&mut answer, travel, refuse);
        }
        answer
    }

    fn answer_asked(
        &mut self,
        asked: Asked,
        dialect: Dialect,
        body: &[u8],
        now: Timestamp,
    ) -> Response {
        let done = match asked {
            Asked::Table(operation) => self.tables.answer(operation, body).map_err(explained),
            Asked::GetParameter => self.parameter(body, now).map_err(|refusal| (refusal, None)),
            Asked::PutParameter => {
                let done = self.put_parameter(body, now);
                done.map_err(|refusal| (refusal, None))
            }
            Asked::GetParameterHistory => {
                let done = self.parameter_history(body);
                done.map_err(|refusal| (refusal, None))
            }
            Asked::GetServiceQuota => self.quota(body).map_err(|refusal| (refusal, None)),
            // These come as forms, and no target names them.
            Asked::Ec2(_) => Err((error::UNKNOWN_OPERATION.into(), None)),
        };
        match done {
            Ok(value) => dialect.response(200, &value),
            Err((refusal, item)) => dialect.refused(&refusal, item),
        }
    }
}

/// A table's refusal in DynamoDB's words, with the item that it shows.
fn explained(refused: Refused) -> (Refusal, Option<Value>) {
    match refused {
        Refused::Condition(item) => (error::CONDITION_FAILED.into(), item),
        Refused::Table => (error::TABLE_NOT_FOUND.into(), None),
        Refused::Invalid(text) => (Refusal::new(error::VALIDATION, text), None),
    }
}

impl Dialect {
    fn of(target: &str) -> Self {
        if target.starts_with("DynamoDB_") {
            Self::DynamoDb
        } else {
            Self::Plain
        }
    }

    /// An error, with the item that a failed condition may show.
    fn refused(self, refusal: &Refusal, item: Option<Value>) -> Response {
        let prefix = match self {
            Self::Plain => "",
            Self::DynamoDb => "com.amazonaws.dynamodb.v20120810#",
        };
        let name = refusal.code.name;
        let mut body = json!({ "__type": format!("{prefix}{name}"), "message": refusal.message });
        if let Some(item) = item {
            body["Item"] = item;
        }
        self.response(refusal.code.status, &body)
    }

    fn response(self, status: u16, body: &Value) -> Response {
        Response {
            content_type: match self {
                Self::Plain => "application/x-amz-json-1.1",
                Self::DynamoDb => "application/x-amz-json-1.0",
            },
            ..response(status, body.to_string().into_bytes())
        }
    }
}

fn asked(target: &str) -> Option<Asked> {
    match target {
        "AmazonSSM.GetParameter" => return Some(Asked::GetParameter),
        "AmazonSSM.PutParameter" => return Some(Asked::PutParameter),
        "AmazonSSM.GetParameterHistory" => return Some(Asked::GetParameterHistory),
        "ServiceQuotasV20190624.GetServiceQuota" => return Some(Asked::GetServiceQuota),
        _ => {}
    }
    let name = target.strip_prefix("DynamoDB_20120810.")?;
    let mut all = Operation::ALL.into_iter();
    all.find(|operation| operation.name() == name)
        .map(Asked::Table)
}
