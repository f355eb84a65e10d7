//! How many streams each caller has open in an isolate.

use crate::base::timestamp::Timestamp;
use std::collections::HashMap;

/// The most streams of one caller that are open in an isolate.
pub const STREAMS_MAX: usize = 10;
/// For how long a stream counts whose end was never reported, because its client was gone before the first byte: an
/// hour, which is longer than any stream lasts.
const COUNTED_MS: i64 = 60 * 60_000;

/// When each open stream was opened, by the key of the caller.
#[derive(Debug, Default)]
pub struct OpenStreams(HashMap<String, Vec<Timestamp>>);

impl OpenStreams {
    /// Counts a stream that is opened at `now`; false means that it is one too many.
    pub fn open(&mut self, caller_key: &str, now: Timestamp) -> bool {
        self.0.retain(|_, streams| {
            streams.retain(|opened_at| now.milliseconds_since(*opened_at) < COUNTED_MS);
            !streams.is_empty()
        });
        let streams = self.0.entry(caller_key.to_owned()).or_default();
        let is_allowed = streams.len() < STREAMS_MAX;
        if is_allowed {
            streams.push(now);
        }
        is_allowed
    }

    /// Notes that a stream has ended.
    pub fn close(&mut self, caller_key: &str) {
        if let Some(streams) = self.0.get_mut(caller_key) {
            streams.pop();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{COUNTED_MS, OpenStreams, STREAMS_MAX};
    use crate::base::timestamp::Timestamp;

    #[test]
    fn each_caller_has_so_many_at_a_time() {
        let mut streams = OpenStreams::default();
        let now = Timestamp::from_milliseconds(0);
        for _ in 0..STREAMS_MAX {
            assert!(streams.open("a", now));
        }
        assert!(!streams.open("a", now));
        assert!(streams.open("b", now));
        streams.close("a");
        assert!(streams.open("a", now));
        assert!(!streams.open("a", now));
        streams.close("nobody");
        streams.close("b");
        assert!(!streams.open("a", now));
        assert_eq!(streams.0.len(), 1);
    }

    #[test]
    fn a_stream_whose_end_nobody_was_told_of_counts_for_an_hour() {
        let mut streams = OpenStreams::default();
        for _ in 0..STREAMS_MAX {
            assert!(streams.open("a", Timestamp::from_milliseconds(0)));
        }
        assert!(!streams.open("a", Timestamp::from_milliseconds(COUNTED_MS - 1)));
        assert!(streams.open("b", Timestamp::from_milliseconds(COUNTED_MS)));
        assert_eq!(streams.0.len(), 1, "those of a are forgotten");
        assert!(streams.open("a", Timestamp::from_milliseconds(COUNTED_MS)));
    }
}
