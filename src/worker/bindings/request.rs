//! What a request says beside its body.

use crate::worker::bindings::platform;
use web_sys::Request;

/// The parts of a request that every answer depends on, taken from the platform in one piece.
pub struct Head {
    text: String,
    /// Where each line but the first begins.
    starts: [usize; 4],
}

impl Head {
    /// Reads it.
    pub fn of(request: &Request) -> Self {
        let text = platform::read(request);
        let mut starts = [text.len(); 4];
        let breaks = text.match_indices('\n').map(|(at, _)| at.saturating_add(1));
        for (start, at) in starts.iter_mut().zip(breaks) {
            *start = at;
        }
        Self { text, starts }
    }

    /// The method.
    pub fn method(&self) -> &str {
        let [url, ..] = self.starts;
        self.line(0, url)
    }

    /// The path of the URL. The platform has parsed it and written it anew: absolute, without credentials.
    pub fn path(&self) -> &str {
        let (_, rest) = self.url().split_once("://").unwrap_or_default();
        let (path, _) = rest.split_once(['?', '#']).unwrap_or((rest, ""));
        path.find('/').and_then(|start| path.get(start..)).unwrap_or("/")
    }

    /// The query of the URL, as it was sent.
    pub fn query(&self) -> &str {
        let (url, _) = self.url().split_once('#').unwrap_or((self.url(), ""));
        url.split_once('?').map_or("", |(_, query)| query)
    }

    /// The value of the header `Authorization`.
    pub fn authorization(&self) -> Option<&str> {
        let [_, authorization, if_none_match, _] = self.starts;
        self.line(authorization, if_none_match).strip_prefix('=')
    }

    /// The value of the header `If-None-Match`.
    pub fn if_none_match(&self) -> Option<&str> {
        let [_, _, if_none_match, origin] = self.starts;
        self.line(if_none_match, origin).strip_prefix('=')
    }

    /// The value of the header `Origin`.
    pub fn origin(&self) -> Option<&str> {
        let [.., origin] = self.starts;
        self.text.get(origin..).and_then(|line| line.strip_prefix('='))
    }

    fn url(&self) -> &str {
        let [url, authorization, ..] = self.starts;
        self.line(url, authorization)
    }

    /// The line at `start`, before the one at `next`.
    fn line(&self, start: usize, next: usize) -> &str {
        self.text.get(start..next.saturating_sub(1)).unwrap_or_default()
    }
}
