//! A scaler as a service: signals, a configuration that is read again, a manager that is told.

use std::io::{self, IsTerminal};
use std::path::{Path, PathBuf};

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::{Notify, watch};

use super::notify::Manager;
use crate::config::change::fixed;
use crate::config::{Settings, load};
use crate::model::pool::Policy;
use crate::ports::{Clock, Cloud, Hub, Lease};
use crate::scaler::{self, Pace, Scaler, Tick};

/// What surrounds the loop. The handlers of its signals are in place from its beginning on.
#[derive(Debug)]
pub struct Service {
    path: PathBuf,
    started: Settings,
    manager: Manager,
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Service {
    /// The service of a configuration and of the file that it came from.
    ///
    /// # Errors
    /// The signals cannot be listened to.
    pub fn new(path: PathBuf, started: Settings, manager: Manager) -> io::Result<Self> {
        Ok(Self {
            path,
            started,
            manager,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            hangup: signal(SignalKind::hangup())?,
        })
    }

    /// Ticks until SIGTERM or SIGINT, and ends after the tick that is under way.
    ///
    /// SIGHUP reads the file again. `adopt` hands the settings to hub and cloud, or says what is
    /// wrong with them; then, as with a file that is wrong, everything stays as it was.
    pub async fn serve<H: Hub, C: Cloud, K: Clock, L: Lease>(
        self,
        scaler: &mut Scaler<H, C, K, L>,
        hasten: &Notify,
        adopt: impl Fn(&Settings) -> Result<(), Vec<String>>,
        on_tick: impl Fn(&Tick),
    ) {
        let Self {
            path,
            started,
            manager,
            mut terminate,
            mut interrupt,
            mut hangup,
        } = self;
        let pace = Pace {
            interval: started.config.tick_interval,
            spacing: started.config.tick_spacing,
        };
        warn_of_watchdog(&manager, pace);
        let (change, policy) = watch::channel(started.policy());
        let stop = Notify::new();
        let on_tick = |tick: &Tick| {
            manager.ticked(tick);
            on_tick(tick);
        };
        let reload = || match read_again(&path, &started, &adopt) {
            Ok(policy) => {
                tracing::info!(
                    machines_max = policy.machines_max,
                    pools = policy.pools.len(),
                    "the configuration was read again"
                );
                change.send_replace(policy);
                hasten.notify_one();
                "the configuration was read again"
            }
            Err(problems) => {
                for problem in problems {
                    tracing::error!(problem, "refused: the old configuration stays in force");
                }
                "the configuration is refused, and the old one stays in force"
            }
        };
        let was_terminal = io::stderr().is_terminal();
        let listen = async {
            loop {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                    // A terminal that was closed says it by the same signal, and means the end.
                    _ = hangup.recv() => if !was_terminal || io::stderr().is_terminal() {
                        manager.reloading();
                        manager.reloaded(reload());
                        continue;
                    }
                }
                manager.stopping();
                stop.notify_one();
            }
        };
        tokio::select! {
            () = scaler::run(scaler, pace, hasten, policy, stop.notified(), on_tick) => {}
            () = listen => {}
        }
    }
}

/// The policy of the file as it is now, or everything that keeps it from taking effect.
fn read_again(
    path: &Path,
    started: &Settings,
    adopt: &impl Fn(&Settings) -> Result<(), Vec<String>>,
) -> Result<Policy, Vec<String>> {
    let settings = load(path).map_err(|problems| sentences(&problems))?;
    let fixed = fixed(started, &settings);
    if !fixed.is_empty() {
        return Err(sentences(&fixed));
    }
    adopt(&settings)?;
    Ok(settings.policy())
}

fn sentences<T: ToString>(problems: &[T]) -> Vec<String> {
    problems.iter().map(ToString::to_string).collect()
}

/// A manager that hears nothing between two ticks would restart a service that is well.
fn warn_of_watchdog(manager: &Manager, pace: Pace) {
    if let Some(patience) = manager.patience()
        && patience < pace.interval * 2
    {
        tracing::warn!(
            ?patience,
            interval = ?pace.interval,
            "the watchdog waits for less than two ticks: raise WatchdogSec, or lower tick_seconds"
        );
    }
}
