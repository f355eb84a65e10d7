//! An organization's settings: how long an answer must have been owed before a row is listed, and for how long it is.

use serde::Serialize;
use std::collections::BTreeMap;

/// The threshold of an organization that has not set one, in minutes.
pub const THRESHOLD_MINUTES_DEFAULT: i64 = 5;
/// How long a row is listed if the organization has not set it, in days.
pub const MAX_AGE_DAYS_DEFAULT: i64 = 30;

/// The settings of an organization.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// The threshold where no other one applies, in minutes.
    pub threshold_minutes: i64,
    /// Thresholds by channel, in minutes. Channels are compared without regard to case.
    pub channel_threshold_minutes: BTreeMap<String, i64>,
    /// Thresholds by department, in minutes. They come before those by channel.
    pub department_threshold_minutes: BTreeMap<String, i64>,
    /// How many days ago an answer that is overdue may have become so. Rows that are older are not listed.
    pub max_age_days: i64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            threshold_minutes: THRESHOLD_MINUTES_DEFAULT,
            channel_threshold_minutes: BTreeMap::new(),
            department_threshold_minutes: BTreeMap::new(),
            max_age_days: MAX_AGE_DAYS_DEFAULT,
        }
    }
}

impl Settings {
    /// The threshold of a department, if it has one of its own.
    #[must_use]
    pub fn department_threshold(&self, department_id: &str) -> Option<i64> {
        self.department_threshold_minutes.get(department_id).copied()
    }

    /// The threshold of a channel where no department's applies: the channel's, or else the organization's.
    #[must_use]
    pub fn channel_threshold(&self, channel_type: &str) -> i64 {
        let channel = channel_key(channel_type);
        let mut thresholds = self.channel_threshold_minutes.iter();
        let own = thresholds.find(|(name, _)| channel_key(name) == channel);
        own.map_or(self.threshold_minutes, |(_, minutes)| *minutes)
    }

    /// About how many bytes of memory its maps take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let keys = self.channel_threshold_minutes.keys();
        keys.chain(self.department_threshold_minutes.keys())
            .map(|key| key.len() + 64)
            .sum()
    }
}

/// What two names of one channel have in common.
#[must_use]
pub fn channel_key(channel_type: &str) -> String {
    channel_type.to_lowercase()
}

/// What tells the settings of an organization apart: the threshold, and the number of everything else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
pub struct SettingsId {
    /// The threshold, in minutes.
    pub threshold_minutes: i64,
    /// Counts the changes of everything else; 0 means that nothing else was ever set.
    pub number: i64,
}
