//! What a test reads of the log: the events of its own thread, without their times.

use std::io::{self, Write};
use std::sync::{Arc, Mutex};

use tracing::subscriber::DefaultGuard;
use tracing_subscriber::fmt::MakeWriter;

/// The lines that were logged since it was made.
#[derive(Clone, Default)]
pub struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// Takes in what this thread logs for as long as the guard lives.
    pub fn start() -> (Self, DefaultGuard) {
        let log = Self::default();
        let subscriber = tracing_subscriber::fmt()
            .with_writer(log.clone())
            .with_ansi(false)
            .with_target(false)
            .without_time()
            .finish();
        let guard = tracing::subscriber::set_default(subscriber);
        (log, guard)
    }

    /// Every line but the one that each tick has.
    pub fn lines(&self) -> Vec<String> {
        let (_, others) = self.split();
        others
    }

    /// The line that each tick has.
    pub fn ticks(&self) -> Vec<String> {
        let (ticks, _) = self.split();
        ticks
    }

    fn split(&self) -> (Vec<String>, Vec<String>) {
        let bytes = self.0.lock().expect("nobody panics with it");
        let text = String::from_utf8_lossy(&bytes);
        let lines = text.lines().map(|line| line.trim_start().to_owned());
        lines.partition(|line| line.starts_with("INFO tick "))
    }
}

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().expect("nobody panics with it").write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Log {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
