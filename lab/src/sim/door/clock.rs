//! A controller's clock: the world's time, as far as it goes right.

use std::time::Duration;

use super::line::Line;
use dayfly::model::time::Timestamp;
use dayfly::ports::Clock;

/// Shows the line's time, and waits for the world's.
#[derive(Clone, Debug)]
pub struct SimClock(pub Line);

impl Clock for SimClock {
    fn now(&self) -> Timestamp {
        self.0.clock()
    }

    async fn sleep(&self, span: Duration) {
        self.0.sleep(span).await;
    }
}
