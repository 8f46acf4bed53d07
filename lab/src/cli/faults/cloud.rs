//! The faults of an emulated account.

use std::path::Path;

use super::{needed, seconds, when};
use crate::emulator::dynamo::Operation;
use crate::emulator::ec2::action::{Action, Asked};
use crate::emulator::ec2::error::{CODES, Code};
use crate::emulator::ec2::faults::{Boot, Fault, Making, Scope, Travel};
use crate::emulator::ec2::reason::StateReason;
use dayfly::document::{Problem, Table};
use dayfly::model::offer::Market;
use dayfly::model::time::Timestamp;

const KEYS: &[&str] = &[
    "endpoint",
    "kind",
    "code",
    "machine",
    "type",
    "subnet",
    "market",
    "times",
    "first",
    "every",
    "from_seconds",
    "to_seconds",
    "seconds",
];

/// What `--help` says of the file.
pub const HELP: &str = "\
The file of --faults: a list of faults, each with a kind.

  [[fault]]
  endpoint = \"TerminateInstances\"   # an action of EC2, GetParameter, UpdateItem, …; any if absent
  kind = \"refused\"
  code = \"UnauthorizedOperation\"
  machine = \"i-0123456789abcdef0\"   # only calls that name it
  times = 3                         # the first three times; with first = 5, from the fifth on

In place of times: every = 10 (each tenth time), or from_seconds and to_seconds since the start.
Always, if there is none of them. For machines that are launched, a time is a machine.

Kinds of calls:
  refused (code), reset, black-hole, dropped, lost, late (seconds), done-then-refused (code)
  ends-late (seconds), image-late (seconds), image-fails
Kinds of launches, which type, subnet and market may limit:
  offer (code), pending (seconds), unseen (seconds), impaired
  dies (code, seconds): EC2 ends the machine that long after its launch, with Client.InternalError,
  Server.InternalError, Client.VolumeLimitExceeded or Server.SpotInstanceTermination
  protected: calls may not end the machine
  end-refused (code): a call that would end the machine is refused as a whole";

const KINDS: [&str; 17] = [
    "refused",
    "reset",
    "black-hole",
    "dropped",
    "lost",
    "late",
    "done-then-refused",
    "offer",
    "pending",
    "unseen",
    "dies",
    "protected",
    "end-refused",
    "impaired",
    "ends-late",
    "image-late",
    "image-fails",
];

/// Reads a file of faults; its windows are counted from `start`.
pub fn read(path: &Path, start: Timestamp) -> Result<Vec<(Scope, Fault)>, Vec<Problem>> {
    super::read(path, KEYS, |table| one(table, start))
}

fn one(table: &Table<'_>, start: Timestamp) -> Option<(Scope, Fault)> {
    let text = |key: &str| table.optional(key).map(|reader| reader.filled_text());
    let asked = table.optional("endpoint").map(|reader| {
        let word = reader.filled_text()?;
        let found = endpoint(word);
        if found.is_none() {
            let found = format!("found the text {word:?}");
            let expected = "expected any, or a call that the account knows, such as \
                            TerminateInstances, GetParameter or UpdateItem";
            reader.wrong(found, expected);
        }
        found
    });
    let market = table.optional("market").map(|reader| {
        let markets = [Market::Spot, Market::OnDemand];
        let word = reader.word(&["spot", "on-demand"])?;
        markets.into_iter().find(|it| it.to_string() == word)
    });
    let (size, subnet, machine) = (text("type"), text("subnet"), text("machine"));
    let (when, fault) = (when(table, start), fault(table));
    let owned = |text: Option<Option<&str>>| match text {
        Some(text) => text.map(|text| Some(text.to_owned())),
        None => Some(None),
    };
    let scope = Scope {
        asked: asked.unwrap_or(Some(None))?,
        instance_type: owned(size)?,
        subnet: owned(subnet)?,
        market: market.map_or(Some(None), |market| market.map(Some))?,
        machine: owned(machine)?,
        when: when?,
    };
    Some((scope, fault?))
}

/// What an endpoint's word means; the inner `None` is any.
fn endpoint(word: &str) -> Option<Option<Asked>> {
    let others = [
        ("GetParameter", Asked::GetParameter),
        ("PutParameter", Asked::PutParameter),
        ("GetParameterHistory", Asked::GetParameterHistory),
        ("GetServiceQuota", Asked::GetServiceQuota),
    ];
    if word == "any" {
        return Some(None);
    }
    let other = || others.iter().find(|(name, _)| *name == word);
    let table = || Operation::ALL.into_iter().find(|it| it.name() == word);
    let asked = Action::find(word).map(Asked::Ec2);
    let asked = asked.or_else(|| other().map(|(_, asked)| *asked));
    asked.or_else(|| table().map(Asked::Table)).map(Some)
}

fn fault(table: &Table<'_>) -> Option<Fault> {
    let word = needed(table, "kind", "a kind of fault")?.word(&KINDS)?;
    Some(match word {
        "refused" => Fault::Refused(code(table)?),
        "reset" => Fault::Reset,
        "black-hole" => Fault::BlackHole,
        "dropped" => Fault::Travel(Travel::Dropped),
        "lost" => Fault::Travel(Travel::Lost),
        "late" => Fault::Travel(Travel::Delayed(seconds(table)?)),
        "done-then-refused" => Fault::Travel(Travel::CommittedThen(code(table)?)),
        "offer" => Fault::Offer(code(table)?),
        "pending" => Fault::Boot(Boot::Pending(seconds(table)?)),
        "unseen" => Fault::Boot(Boot::Unseen(seconds(table)?)),
        "dies" => Fault::Boot(Boot::DiesOf {
            reason: reason(table)?,
            after: seconds(table)?,
        }),
        "protected" => Fault::Boot(Boot::Protected),
        "end-refused" => Fault::Boot(Boot::EndRefused(code(table)?)),
        "impaired" => Fault::Boot(Boot::Impaired),
        "ends-late" => Fault::EndsLate(seconds(table)?),
        "image-late" => Fault::Image(Making::Takes(seconds(table)?)),
        // The last of the words that are read.
        _ => Fault::Image(Making::Fails),
    })
}

fn code(table: &Table<'_>) -> Option<Code> {
    let expected = "an error code of AWS, such as OperationNotPermitted";
    let reader = needed(table, "code", expected)?;
    let name = reader.filled_text()?;
    let found = CODES.iter().find(|code| code.name == name);
    if found.is_none() {
        let known = "expected an error code that the account knows, such as OperationNotPermitted";
        reader.wrong(format!("found the text {name:?}"), known);
    }
    found.copied()
}

fn reason(table: &Table<'_>) -> Option<StateReason> {
    let known = StateReason::OF_EC2.map(|reason| reason.code);
    let word = needed(table, "code", "a state reason of EC2")?.word(&known)?;
    let mut reasons = StateReason::OF_EC2.into_iter();
    reasons.find(|reason| reason.code == word)
}
