//! What the account lists of a machine.

/// EC2's word for a machine that has powered itself off.
pub const BY_ITSELF: &str = "Client.InstanceInitiatedShutdown";
/// And for one that somebody has ended.
pub const BY_REQUEST: &str = "Client.UserInitiatedShutdown";

/// A machine, as the account lists it.
#[derive(Clone, Debug)]
pub struct Listed {
    pub id: String,
    pub state: String,
    /// EC2's word for its end; empty before.
    pub reason: String,
}

impl Listed {
    pub fn read(answer: &str) -> Vec<Self> {
        let machines = answer.split("<instanceId>").skip(1);
        let machines = machines.map(|text| Self {
            id: text.split('<').next().unwrap_or_default().to_owned(),
            state: between(text, "<name>", "<").unwrap_or_default().to_owned(),
            reason: between(text, "<stateReason><code>", "<")
                .unwrap_or_default()
                .to_owned(),
        });
        machines.collect()
    }

    pub fn has_ended(&self) -> bool {
        self.state == "terminated"
    }
}

pub fn between<'a>(text: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = text.split_once(before)?;
    rest.split(after).next()
}
