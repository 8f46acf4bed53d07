//! What is logged, and how: to stderr, so that stdout holds only what was asked for.

use std::io;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

/// The shape of a log line.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line, its fields beside the message.
    Json,
}

/// Starts logging for the rest of the process: our own events from `level` on, those of the
/// libraries from `warn` on. A second call changes nothing.
pub fn init(format: Format, level: LevelFilter, color: bool) {
    let filter = Targets::new()
        .with_target("dayfly", level)
        .with_target("dayfly_agent", level)
        .with_default(level.min(LevelFilter::WARN));
    let lines = tracing_subscriber::fmt::layer().with_writer(io::stderr);
    let layer = match format {
        Format::Text => lines.with_ansi(color).with_target(false).boxed(),
        Format::Json => lines
            .json()
            .flatten_event(true)
            .with_current_span(false)
            .with_span_list(false)
            .boxed(),
    };
    // A subscriber that is there already is the caller's choice, as in a test.
    let _ = tracing_subscriber::registry()
        .with(layer.with_filter(filter))
        .try_init();
}
