//! The scaler's configuration: one file, every mistake in it named at once.
//!
//! [`load`] reads `dayfly.toml` (or the same in JSON) into [`Settings`]: each pool once, with
//! everything about it, and a [`Config`] for everything around them. The policy that decisions are
//! made from is a part of it. The values are in `settings`, and what several tables have in common
//! is in `fields`: readers import these two, and neither imports a reader. What must stay true: no
//! token stands in the file, every number carries its unit in its name, every value has been
//! checked before anything starts. What is not here: reading the tokens, which
//! [`secret::read_all`] does on its own.

pub mod change;
mod cloud;
pub mod default;
mod ec2;
mod fields;
mod file;
mod hours;
mod machine;
mod pool;
pub mod price;
mod resolve;
pub mod secret;
mod settings;
mod source;
mod speed;

pub use file::load;
pub use resolve::{keys, resolve};
pub use settings::{
    AgentKind, AgentProgram, AgentSettings, CloudSettings, Config, Ec2Settings, HubSettings,
    LogFormat, MachineSettings, Metadata, Metrics, Pool, ProcessSettings, SecretSource, Settings,
};
