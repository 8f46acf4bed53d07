//! The services that speak JSON and name what is asked in `X-Amz-Target`: SSM, Service Quotas
//! and DynamoDB.

use serde_json::{Value, json};

use super::action::Asked;
use super::error::{self, Refusal};
use crate::emulator::dynamo::{Operation, Refused};
use crate::emulator::message::{Delivery, Request, Response};

/// A request that names its operation in `X-Amz-Target`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Target {
    dialect: Dialect,
    pub(super) asked: Asked,
}

/// Why an operation was refused, and the item that a failed condition may show.
#[derive(Debug)]
pub(super) struct TargetRefusal {
    refusal: Refusal,
    item: Option<Value>,
}

/// Whose JSON it is: each has its content type, and its way to name an error.
#[derive(Clone, Copy, Debug)]
enum Dialect {
    /// That of SSM and of Service Quotas.
    Plain,
    DynamoDb,
}

impl Target {
    /// Reads what a request asks for, or refuses it.
    pub(super) fn read(target: &str, request: &Request) -> Result<Self, Response> {
        let dialect = Dialect::of(target);
        let refused = |refusal: Refusal| Err(dialect.refused(&refusal.into()));
        if request.authorization.is_none() {
            return refused(error::MISSING_AUTHENTICATION.into());
        }
        match asked(target).filter(|_| request.method == "POST") {
            Some(asked) => Ok(Self { dialect, asked }),
            None => refused(error::UNKNOWN_OPERATION.into()),
        }
    }

    pub(super) fn answer(self, done: &Result<Value, TargetRefusal>) -> Response {
        match done {
            Ok(value) => self.dialect.response(200, value),
            Err(refused) => self.dialect.refused(refused),
        }
    }
}

impl From<Refusal> for TargetRefusal {
    fn from(refusal: Refusal) -> Self {
        Self {
            refusal,
            item: None,
        }
    }
}

/// A table's refusal in DynamoDB's words.
impl From<Refused> for TargetRefusal {
    fn from(refused: Refused) -> Self {
        match refused {
            Refused::Condition(item) => Self {
                refusal: error::CONDITION_FAILED.into(),
                item,
            },
            Refused::Table => Refusal::from(error::TABLE_NOT_FOUND).into(),
            Refused::Invalid(text) => Refusal::new(error::VALIDATION, text).into(),
        }
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

    fn refused(self, refused: &TargetRefusal) -> Response {
        let prefix = match self {
            Self::Plain => "",
            Self::DynamoDb => "com.amazonaws.dynamodb.v20120810#",
        };
        let TargetRefusal { refusal, item } = refused;
        let name = refusal.code.name;
        let mut body = json!({ "__type": format!("{prefix}{name}"), "message": refusal.message });
        if let Some(item) = item {
            body["Item"] = item.clone();
        }
        self.response(refusal.code.status, &body)
    }

    fn response(self, status: u16, body: &Value) -> Response {
        Response {
            status,
            content_type: match self {
                Self::Plain => "application/x-amz-json-1.1",
                Self::DynamoDb => "application/x-amz-json-1.0",
            },
            location: None,
            body: body.to_string().into_bytes(),
            delivery: Delivery::Prompt,
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
