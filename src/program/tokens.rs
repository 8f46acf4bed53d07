//! Tokens from wherever the configuration says they are: read at the start, and again when the hub
//! does not know one.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;

#[cfg(feature = "aws")]
use crate::aws::{self, Clients};
use crate::config::secret::{self, Parameters, SecretError, Secrets, read_all};
#[cfg(feature = "aws")]
use crate::config::{CloudSettings, Ec2Settings};
use crate::config::{Config, Settings};
use crate::scaler::{Rotation, Tick};

/// Looks a variable up in the environment.
pub type Variable = fn(&str) -> Option<String>;

/// Reads every token that a configuration names.
///
/// # Errors
/// One for each token that cannot be had.
pub async fn read(config: &Config, get: Variable) -> Result<Secrets, Vec<SecretError>> {
    let parameters = parameters(config).await;
    read_all(config, get, &parameters)
}

/// Takes in settings, and the tokens that were read for them.
type Tell = Box<dyn Fn(&Settings, &Secrets)>;

/// The tokens in use, and who has to be told when they are others.
pub struct Tokens {
    settings: RefCell<Settings>,
    get: Variable,
    /// None while nobody has been told of those that the settings name.
    known: RefCell<Option<Secrets>>,
    tell: Tell,
    rotation: Rotation,
}

impl Tokens {
    /// Keeps tokens that have been read; `tell` is called with others.
    pub fn new(
        settings: Settings,
        get: Variable,
        known: Secrets,
        tell: impl Fn(&Settings, &Secrets) + 'static,
    ) -> Self {
        Self {
            settings: RefCell::new(settings),
            get,
            known: RefCell::new(Some(known)),
            tell: Box::new(tell),
            rotation: Rotation::default(),
        }
    }

    /// Takes in a tick: the hub may not have known a token.
    pub fn see(&self, tick: &Tick) {
        self.rotation.see(tick);
    }

    /// Takes in other settings, whose tokens are read at once.
    pub fn adopt(&self, settings: &Settings) {
        self.settings.replace(settings.clone());
        self.known.replace(None);
        self.rotation.ask();
    }

    /// Reads the tokens again whenever the hub did not know one or the settings are others, for
    /// ever.
    pub async fn keep(&self) -> Infallible {
        self.rotation.keep(async || self.renew().await).await
    }

    /// Reads the tokens again. Those that cannot be read, or have not changed, stay.
    async fn renew(&self) {
        let settings = self.settings.borrow().clone();
        match read(&settings.config, self.get).await {
            Ok(secrets) if self.known.borrow().as_ref() == Some(&secrets) => {
                tracing::warn!("the tokens have been read again and are the same");
            }
            Ok(secrets) => {
                tracing::info!("the tokens have been read again; others hold from now on");
                (self.tell)(&settings, &secrets);
                self.known.replace(Some(secrets));
            }
            Err(errors) => {
                for error in &errors {
                    let cause = error.source().map(ToString::to_string);
                    let cause = cause.unwrap_or_default();
                    tracing::warn!(%error, cause, "a token cannot be read again");
                }
            }
        }
    }
}

impl fmt::Debug for Tokens {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tokens").finish_non_exhaustive()
    }
}

/// What SSM gives for the parameters that hold tokens, if any do.
async fn parameters(config: &Config) -> Parameters {
    let names = secret::parameters(config);
    if names.is_empty() {
        return Parameters::new();
    }
    ask_ssm(config, names).await
}

#[cfg(feature = "aws")]
async fn ask_ssm(config: &Config, names: BTreeSet<String>) -> Parameters {
    // Machines on this computer may have their tokens in AWS: where its own tools look.
    let settings = match &config.cloud {
        CloudSettings::Ec2(settings) => settings.clone(),
        CloudSettings::Process(_) => Ec2Settings::default(),
    };
    match Clients::connect(&settings).await {
        Ok(clients) => aws::secrets::read(&clients.ssm, &names).await,
        Err(error) => nothing(names, &error.to_string()),
    }
}

#[cfg(not(feature = "aws"))]
#[expect(clippy::unused_async, reason = "with AWS it waits")]
async fn ask_ssm(_: &Config, names: BTreeSet<String>) -> Parameters {
    nothing(names, "this program was built without the feature aws")
}

/// The same reason for each.
fn nothing(names: BTreeSet<String>, reason: &str) -> Parameters {
    let refused = |name| (name, Err(reason.to_owned()));
    names.into_iter().map(refused).collect()
}
