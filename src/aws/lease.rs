//! The lease among replicas: a row of a DynamoDB table, written on a condition (decision 0009).
//!
//! One row for each deployment: the key `deployment`, the `holder`, and `until` in milliseconds
//! since the epoch. DynamoDB compares and writes in one moment, which is all that a lease needs.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::update_item::builders::UpdateItemFluentBuilder;
use aws_sdk_dynamodb::operation::update_item::{UpdateItemError, UpdateItemOutput};
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValuesOnConditionCheckFailure};
use tokio::time::timeout;

use super::failure::{Class, Failure};
use crate::doctor::account::Table;
use crate::model::id::{Deployment, Replica};
use crate::model::time::Timestamp;
use crate::ports::{Claim, Lease, LeaseError};

/// How long an answer is waited for. DynamoDB answers within milliseconds; a tick must not wait
/// for a table that is gone, because its lease may still last.
const PATIENCE: Duration = Duration::from_secs(3);

/// The attributes of a row. All of them go by other names in expressions: some of the words are
/// reserved there.
const DEPLOYMENT: &str = "deployment";
const HOLDER: &str = "holder";
const UNTIL: &str = "until";

/// Free, ours, or over.
const MAY_TAKE: &str = "attribute_not_exists(#holder) OR #holder = :me OR #until < :now";
/// What no row can be: a question that needs all that a claim needs, and writes nothing.
const NEVER: &str = "attribute_not_exists(#holder) AND #holder = :me";

/// The lease of a deployment, as one replica asks for it.
#[derive(Clone, Debug)]
pub struct TableLease {
    dynamodb: Client,
    table: String,
    deployment: Deployment,
    me: Replica,
}

/// Why a row was not written.
enum Unwritten {
    /// Its condition does not hold; with who has it, if that was told.
    Held(Option<(Replica, Timestamp)>),
    /// DynamoDB refuses; in its words, with their remedy.
    Refused(String),
    /// There is no answer; in words.
    Silent(String),
}

impl TableLease {
    /// The lease in a table; `me` is this process and no other.
    pub fn new(dynamodb: Client, table: &str, deployment: &Deployment, me: Replica) -> Self {
        Self {
            dynamodb,
            table: table.to_owned(),
            deployment: deployment.clone(),
            me,
        }
    }

    /// Whether the table is there and may be written, and who holds the lease: a write whose
    /// condition never holds.
    ///
    /// # Errors
    /// There is no answer.
    pub async fn look(&self) -> Result<Table, LeaseError> {
        let call = self.row().update_expression("SET #holder = :me");
        let call = call.condition_expression(NEVER);
        match written(Box::pin(call.send())).await {
            Ok(()) => Ok(Table::Writable(None)),
            Err(Unwritten::Held(by)) => Ok(Table::Writable(by)),
            Err(Unwritten::Refused(word)) => Ok(Table::Refused(word)),
            Err(Unwritten::Silent(reason)) => Err(self.error(reason)),
        }
    }

    /// A write of our row, without what it writes and when.
    fn row(&self) -> UpdateItemFluentBuilder {
        self.dynamodb
            .update_item()
            .table_name(&self.table)
            .key(DEPLOYMENT, text(self.deployment.as_str()))
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_values(":me", text(self.me.as_str()))
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
    }

    fn error(&self, reason: String) -> LeaseError {
        let place = format!("table {}", self.table);
        LeaseError { place, reason }
    }
}

impl Lease for TableLease {
    async fn claim(&self, now: Timestamp, until: Timestamp) -> Result<Claim, LeaseError> {
        let call = self
            .row()
            .update_expression("SET #holder = :me, #until = :until")
            .condition_expression(MAY_TAKE)
            .expression_attribute_names("#until", UNTIL)
            .expression_attribute_values(":now", moment(now))
            .expression_attribute_values(":until", moment(until));
        match written(Box::pin(call.send())).await {
            Ok(()) => Ok(Claim::Granted),
            Err(Unwritten::Held(by)) => Ok(Claim::Held { by }),
            Err(Unwritten::Refused(reason) | Unwritten::Silent(reason)) => Err(self.error(reason)),
        }
    }

    async fn release(&self) -> Result<(), LeaseError> {
        let call = self
            .dynamodb
            .delete_item()
            .table_name(&self.table)
            .key(DEPLOYMENT, text(self.deployment.as_str()))
            .condition_expression("#holder = :me")
            .expression_attribute_names("#holder", HOLDER)
            .expression_attribute_values(":me", text(self.me.as_str()));
        match timeout(PATIENCE, Box::pin(call.send())).await {
            Ok(Ok(_)) => Ok(()),
            Ok(Err(error)) => {
                let service = error.as_service_error();
                // It is another's by now, or nobody's.
                if service.is_some_and(|it| it.is_conditional_check_failed_exception()) {
                    return Ok(());
                }
                Err(self.error(Failure::from(error).word))
            }
            Err(_) => Err(self.error(no_answer())),
        }
    }
}

/// What became of a write.
async fn written(
    call: impl Future<Output = Result<UpdateItemOutput, SdkError<UpdateItemError>>>,
) -> Result<(), Unwritten> {
    match timeout(PATIENCE, call).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(error)) => Err(match error.as_service_error() {
            Some(UpdateItemError::ConditionalCheckFailedException(failed)) => {
                let attribute = |name| failed.item().and_then(|row| row.get(name));
                Unwritten::Held(holder(attribute(HOLDER), attribute(UNTIL)))
            }
            Some(_) | None => {
                let Failure { class, word } = error.into();
                match class {
                    Class::Configuration => Unwritten::Refused(word),
                    _ => Unwritten::Silent(word),
                }
            }
        }),
        Err(_) => Err(Unwritten::Silent(no_answer())),
    }
}

fn no_answer() -> String {
    format!("no answer within {} seconds", PATIENCE.as_secs())
}

/// Who holds a row, if it is one that a claim wrote.
fn holder(
    holder: Option<&AttributeValue>,
    until: Option<&AttributeValue>,
) -> Option<(Replica, Timestamp)> {
    let holder = holder?.as_s().ok()?;
    let until = until?.as_n().ok()?.parse().ok()?;
    Some((Replica::new(holder), Timestamp::from_millis(until)))
}

fn text(text: &str) -> AttributeValue {
    AttributeValue::S(text.to_owned())
}

fn moment(moment: Timestamp) -> AttributeValue {
    AttributeValue::N(moment.as_millis().to_string())
}
