//! What can be made to go wrong with machines on this computer.

/// Faults, each for the next so many occasions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Faults {
    /// Machines that may live at once; more is "no capacity".
    pub capacity: Option<u32>,
    /// Boots that end before the agent starts.
    pub boots_that_fail: u32,
    /// Boots in which the agent never starts.
    pub boots_that_hang: u32,
    /// Launches whose answer is lost, although the machines come.
    pub launch_answers_lost: u32,
    /// Listings that fail.
    pub listings_that_fail: u32,
}

/// How one machine boots.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boot {
    /// The agent starts.
    #[default]
    Normal,
    /// The machine ends before that.
    Fails,
    /// The machine stays, and the agent never starts.
    Hangs,
}

impl Faults {
    pub(super) fn next_boot(&mut self) -> Boot {
        if take(&mut self.boots_that_fail) {
            Boot::Fails
        } else if take(&mut self.boots_that_hang) {
            Boot::Hangs
        } else {
            Boot::Normal
        }
    }
}

/// Uses up one occasion, if there is one left.
pub(super) fn take(occasions: &mut u32) -> bool {
    let is_due = 0 < *occasions;
    *occasions = occasions.saturating_sub(1);
    is_due
}
