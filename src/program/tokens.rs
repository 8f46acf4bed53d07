//! Tokens from wherever the configuration says they are: read at the start, and again when the hub
//! does not know one.

use std::cell::RefCell;
use std::convert::Infallible;
use std::error::Error;
use std::fmt;
use std::marker::PhantomData;

use super::provider::CloudProvider;
use crate::config::Settings;
use crate::config::secret::{self, Parameters, SecretError, Secrets, read_all};
use crate::scaler::{Rotation, Tick};

/// Looks a variable up in the environment.
pub type Variable = fn(&str) -> Option<String>;

/// Reads every token that a configuration names.
///
/// # Errors
/// One for each token that cannot be had.
pub async fn read<P: CloudProvider>(
    settings: &Settings,
    get: Variable,
) -> Result<Secrets, Vec<SecretError>> {
    let parameters = parameters::<P>(settings).await;
    read_all(settings, get, &parameters)
}

/// Takes in settings, and the tokens that were read for them.
type Tell = Box<dyn Fn(&Settings, &Secrets)>;

/// The tokens in use, and who has to be told when they are others.
pub struct Tokens<P> {
    settings: RefCell<Settings>,
    get: Variable,
    /// None while nobody has been told of those that the settings name.
    known: RefCell<Option<Secrets>>,
    tell: Tell,
    rotation: Rotation,
    /// Who reads those that are parameters.
    provider: PhantomData<P>,
}

impl<P: CloudProvider> Tokens<P> {
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
            provider: PhantomData,
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
        match read::<P>(&settings, self.get).await {
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

impl<P> fmt::Debug for Tokens<P> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Tokens").finish_non_exhaustive()
    }
}

/// What the parameters that hold tokens contain, if any do.
async fn parameters<P: CloudProvider>(settings: &Settings) -> Parameters {
    let names = secret::parameters(settings);
    if names.is_empty() {
        return Parameters::new();
    }
    P::parameters(&settings.config.cloud, names).await
}
