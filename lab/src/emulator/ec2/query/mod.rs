//! EC2's query protocol: calls come as forms, replies go as XML.
//!
//! Only the wire uses it. What an action does is in the modules around; here is how it is asked
//! for and answered.

mod form;
mod parameters;
mod read;
mod read_launch;
mod write;
mod write_launch;
mod write_lists;
mod xml;

use self::form::Form;
use super::action::Action;
use super::api::{Call, Execution, Head, Outcome};
use super::error::{self, Refusal};
use super::ids::RequestId;
use super::settings::Ec2Settings;
use super::throttle::Breadth;
use crate::emulator::message::{Delivery, Request, Response};

/// The version of the protocol that clients have to name.
const VERSION: &str = "2016-11-15";

/// A form that names an action.
#[derive(Debug)]
pub(super) struct Query {
    form: Form,
    pub(super) action: Action,
    /// What it asks for. A form that cannot be read is refused as late as any other call: faults
    /// and throttling come first.
    call: Result<(Call, Execution), Refusal>,
}

impl Query {
    /// Reads a request, if it is one that EC2 would look at.
    pub(super) fn read(request: &Request) -> Result<Self, Refusal> {
        let form = Form::read(&request.body);
        let action = action(request, &form)?;
        let call = read::call(action, &form);
        Ok(Self { form, action, call })
    }

    pub(super) fn call(&self) -> Result<(&Call, Execution), Refusal> {
        match &self.call {
            Ok((call, execution)) => Ok((call, *execution)),
            Err(refusal) => Err(refusal.clone()),
        }
    }

    pub(super) fn head(&self) -> Head<'_> {
        match &self.call {
            Ok((call, _)) => call.head(),
            Err(_) => Head {
                action: self.action,
                machines: self.form.machines(),
                breadth: Breadth::Everything,
            },
        }
    }
}

/// The action, if the request is one that EC2 would look at.
fn action(request: &Request, form: &Form) -> Result<Action, Refusal> {
    if request.authorization.is_none() {
        return Err(error::AUTH_FAILURE.into());
    }
    let name = form.required("Action")?;
    let unknown = || {
        let text = format!("The action {name} is not valid for this web service.");
        Refusal::new(error::INVALID_ACTION, text)
    };
    let action = Action::find(name).filter(|_| request.method == "POST");
    let action = action.ok_or_else(unknown)?;
    if form.get("Version") == Some(VERSION) {
        return Ok(action);
    }
    Err(error::VERSION.into())
}

/// An outcome as it goes over the wire.
pub(super) fn written(
    action: Action,
    outcome: &Outcome,
    settings: &Ec2Settings,
    id: RequestId,
) -> Response {
    match outcome {
        Outcome::Answered(Ok(reply), delivery) => {
            let xml = write::reply(reply, settings);
            response(200, xml.into_answer(action.name(), id), *delivery)
        }
        Outcome::Answered(Err(refusal), delivery) => Response {
            delivery: *delivery,
            ..refused(refusal, id)
        },
        Outcome::Unanswered(delivery) => unanswered(*delivery),
    }
}

/// What is there in place of an answer that never arrives.
pub(super) fn unanswered(delivery: Delivery) -> Response {
    response(500, Vec::new(), delivery)
}

/// A refusal as it goes over the wire.
pub(super) fn refused(refusal: &Refusal, id: RequestId) -> Response {
    let body = xml::refusal(refusal, id);
    response(refusal.code.status, body, Delivery::Prompt)
}

fn response(status: u16, body: Vec<u8>, delivery: Delivery) -> Response {
    Response {
        status,
        content_type: "text/xml;charset=UTF-8",
        location: None,
        body,
        delivery,
    }
}
