//! What the scaler has learned, kept in a file across restarts. Only a hint: a file that is lost or
//! of another shape is one to begin without.

use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use super::output::replace;
use crate::forecast::Forecast;
use crate::model::time::Timestamp;

/// How often it is written: what five minutes teach can be learned again.
const EVERY: Duration = Duration::from_secs(300);

/// The file, and what goes into it.
#[derive(Debug)]
pub struct Learned {
    path: PathBuf,
    forecast: Arc<Mutex<Forecast>>,
    written_at: Mutex<Option<Timestamp>>,
}

impl Learned {
    /// Keeps that forecast in this file from now on.
    pub fn new(path: PathBuf, forecast: Arc<Mutex<Forecast>>) -> Self {
        Self {
            path,
            forecast,
            written_at: Mutex::default(),
        }
    }

    /// Writes, if the last time is long enough ago. That it cannot is said at each try.
    pub fn see(&self, now: Timestamp) {
        let mut written_at = self
            .written_at
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if written_at.is_some_and(|at| now.since(at) < EVERY) {
            return;
        }
        *written_at = Some(now);
        self.write();
    }

    /// Writes.
    pub fn write(&self) {
        let text = {
            let forecast = self.forecast.lock().unwrap_or_else(PoisonError::into_inner);
            serde_json::to_string(&*forecast).expect("a forecast has number and text keys")
        };
        if let Err(error) = replace(&self.path, &text) {
            let path = self.path.display();
            tracing::warn!(%path, %error, "cannot keep what was learned");
        }
    }
}

/// What an earlier process has learned; nothing, with a word in the log, if that cannot be read.
pub fn read(path: &Path) -> Forecast {
    let shown = path.display();
    let text = match std::fs::read_to_string(path) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => {
            tracing::info!(path = %shown, "nothing was learned yet");
            return Forecast::default();
        }
        Err(error) => {
            tracing::warn!(path = %shown, %error, "begins without what was learned");
            return Forecast::default();
        }
    };
    match serde_json::from_str::<Forecast>(&text) {
        Ok(forecast) if forecast.is_current() => forecast,
        Ok(_) => {
            tracing::warn!(path = %shown, "what was learned has another version: begins without it");
            Forecast::default()
        }
        Err(error) => {
            tracing::warn!(path = %shown, %error, "what was learned cannot be read: begins without it");
            Forecast::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::model::id::PoolName;
    use crate::model::job::QueueCounts;
    use crate::model::pool::{Policy, Speed};
    use crate::model::snapshot::{Memory, PoolView};

    /// A forecast that has watched a pool for three hours.
    fn watched() -> Forecast {
        let text = "deployment = 'ci'\nmachines_max = 9\n[hub]\nendpoint = 'a.b'\n[cloud]\n\
                    kind = 'process'\nfolder = 'f'\n[pools.linux]\nagent_type = 's1-linux'\n\
                    registration_token = { env = 'A' }\n";
        let format = crate::document::Format::Toml;
        let settings = crate::config::resolve(text, "f", format, Path::new(""));
        let policy: Policy = settings.expect("it is right").policy();
        assert_eq!(
            policy.pools[&PoolName::new("linux")].speculation.speed,
            Speed::Balanced
        );
        let mut forecast = Forecast::default();
        for tick in 0..1000 {
            let counts = QueueCounts {
                queued: tick % 7,
                running: tick % 3,
                ..QueueCounts::default()
            };
            let view = PoolView {
                counts: Some(counts),
                ..PoolView::default()
            };
            let pools = BTreeMap::from([(PoolName::new("linux"), view)]);
            let now = Timestamp::from_seconds(1_767_571_200 + u64::from(tick) * 10);
            forecast.see(
                &policy,
                &pools,
                Some(&BTreeMap::new()),
                None,
                &Memory::default(),
                now,
            );
        }
        forecast
    }

    #[test]
    fn what_was_learned_survives_a_restart() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("learned.json");
        assert_eq!(read(&path), Forecast::default());
        let forecast = watched();
        assert_ne!(forecast, Forecast::default());
        let learned = Learned::new(path.clone(), Arc::new(Mutex::new(forecast.clone())));
        learned.see(Timestamp::from_seconds(1));
        assert_eq!(read(&path), forecast);
        std::fs::remove_file(&path).expect("it was written");
        learned.see(Timestamp::from_seconds(300));
        assert!(!path.exists(), "five minutes are not over");
        learned.see(Timestamp::from_seconds(301));
        assert!(path.exists());
    }

    #[test]
    fn a_poisoned_file_is_one_to_begin_without() {
        let folder = tempfile::tempdir().expect("there is room");
        let path = folder.path().join("learned.json");
        for text in ["", "{", "[]", "{\"version\":999,\"pools\":{}}"] {
            std::fs::write(&path, text).expect("there is room");
            assert_eq!(read(&path), Forecast::default(), "{text}");
        }
    }
}
