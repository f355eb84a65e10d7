//! How many streams each caller has open in an isolate.

use std::collections::HashMap;

/// The most streams of one caller that are open in an isolate.
pub const STREAMS_MAX: usize = 10;

/// The open streams, by the key of the caller.
#[derive(Debug, Default)]
pub struct OpenStreams(HashMap<String, usize>);

impl OpenStreams {
    /// Counts a stream; false means that it is one too many.
    pub fn open(&mut self, caller_key: &str) -> bool {
        let count = self.0.get(caller_key).copied().unwrap_or_default();
        let is_allowed = count < STREAMS_MAX;
        if is_allowed {
            self.0.insert(caller_key.to_owned(), count + 1);
        }
        is_allowed
    }

    /// A stream has ended.
    pub fn close(&mut self, caller_key: &str) {
        let Some(count) = self.0.get_mut(caller_key) else {
            return;
        };
        *count -= 1;
        if *count == 0 {
            self.0.remove(caller_key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{OpenStreams, STREAMS_MAX};

    #[test]
    fn each_caller_has_so_many_at_a_time() {
        let mut streams = OpenStreams::default();
        for _ in 0..STREAMS_MAX {
            assert!(streams.open("a"));
        }
        assert!(!streams.open("a"));
        assert!(streams.open("b"));
        streams.close("a");
        assert!(streams.open("a"));
        assert!(!streams.open("a"));
        streams.close("nobody");
        streams.close("b");
        assert_eq!(streams.0.len(), 1);
    }
}
