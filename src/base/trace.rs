//! What is noted during a request for its log line and for `Server-Timing`. No secrets, no content.

use std::cell::RefCell;
use std::fmt::Write;

/// Notes about one request.
#[derive(Debug, Default)]
pub struct Trace {
    sources: RefCell<Vec<(&'static str, &'static str)>>,
    warnings: RefCell<Vec<String>>,
}

impl Trace {
    /// Notes that a component of the response came from `source`.
    pub fn source(&self, component: &'static str, source: &'static str) {
        self.sources.borrow_mut().push((component, source));
    }

    /// Notes something that went wrong without the client noticing.
    pub fn warn(&self, warning: String) {
        self.warnings.borrow_mut().push(warning);
    }

    /// The warnings so far.
    #[must_use]
    pub fn warnings(&self) -> Vec<String> {
        self.warnings.borrow().clone()
    }

    /// The value of `Server-Timing`: where each component came from, and how many milliseconds the request took.
    #[must_use]
    pub fn server_timing(&self, total_ms: i64) -> String {
        let mut metrics = String::with_capacity(128);
        for (component, source) in self.sources.borrow().iter() {
            // Writing to a String cannot fail.
            let _ = write!(metrics, "{component};desc=\"{source}\", ");
        }
        let _ = write!(metrics, "total;dur={total_ms}");
        metrics
    }
}
