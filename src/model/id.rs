//! Names and identifiers, one type each, so that none can stand in for another.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Makes a name type over a non-empty string. A tick copies thousands of names, from lists into
/// verdicts and memory: a copy shares the text.
macro_rules! name_type {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Eq)]
        pub struct $name(Arc<str>);

        // Most that are compared in a tick are copies of each other, and share their text.
        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.cmp(other).is_eq()
            }
        }

        impl Hash for $name {
            fn hash<H: Hasher>(&self, state: &mut H) {
                self.0.hash(state);
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                if Arc::ptr_eq(&self.0, &other.0) {
                    Ordering::Equal
                } else {
                    self.0.cmp(&other.0)
                }
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl $name {
            /// Takes the text as it is; the door it came through has checked it.
            pub fn new(text: impl AsRef<str>) -> Self {
                Self(text.as_ref().into())
            }

            /// The text itself.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.pad(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(formatter, "{}", self.0)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }
    };
}

name_type! {
    /// Our side of one agent type, as the configuration names it.
    PoolName
}
name_type! {
    /// A job's UUID, as the hub gives it.
    JobId
}
name_type! {
    /// A machine's id; the agent in it registers under the same name.
    MachineId
}
name_type! {
    /// The hub's name for a kind of agent, such as `s1-linux`.
    AgentType
}
name_type! {
    /// Whose machines these are: only machines that carry our deployment's tag are ours.
    Deployment
}
name_type! {
    /// Which version of a pool's launch template made a machine.
    TemplateVersion
}
name_type! {
    /// The same causes give the same token, so that a cloud launches nothing twice.
    LaunchToken
}
name_type! {
    /// One of the processes that scale the same deployment; a process that starts anew is another.
    Replica
}
name_type! {
    /// A pipeline's UUID, as the hub gives it.
    PipelineId
}
name_type! {
    /// By what the runs of a block are compared: its project, the pipeline's file and its name.
    BlockKind
}
name_type! {
    /// What machines boot: an image's id, such as `ami-0123456789abcdef0`.
    ImageId
}
name_type! {
    /// What an image is made by: the same ingredients give the same recipe, and the same image
    /// need not be made twice.
    Recipe
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_by_their_text_whether_they_share_it_or_not() {
        let name = MachineId::new("b");
        let others = [name.clone(), MachineId::new("b"), MachineId::new("a")];
        let same = others.each_ref().map(|other| name == *other);
        assert_eq!(same, [true, true, false]);
        let order = others.each_ref().map(|other| name.cmp(other));
        assert_eq!(order, [Ordering::Equal, Ordering::Equal, Ordering::Greater]);
    }
}
