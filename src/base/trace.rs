//! What a request leaves behind for its log line and for `Server-Timing`. No secrets, no content.

use std::cell::RefCell;
use std::fmt::Write;

/// Notes of one request.
#[derive(Debug, Default)]
pub struct Trace {
    sources: RefCell<Vec<(&'static str, &'static str)>>,
    warnings: RefCell<Vec<String>>,
}

impl Trace {
    /// A part of the answer came from `place`.
    pub fn source(&self, part: &'static str, place: &'static str) {
        self.sources.borrow_mut().push((part, place));
    }

    /// Something went wrong that the client does not notice.
    pub fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }

    /// The warnings so far.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.borrow().clone()
    }

    /// The value of `Server-Timing`: where each part came from, and how long all of it took, in milliseconds.
    #[must_use]
    pub fn server_timing(&self, total_ms: i64) -> String {
        let mut metrics = String::with_capacity(128);
        for (part, place) in self.sources.borrow().iter() {
            for text in [part, ";desc=\"", place, "\", "] {
                metrics.push_str(text);
            }
        }
        // Writing to a String cannot fail.
        let _ = write!(metrics, "total;dur={total_ms}");
        metrics
    }
}
