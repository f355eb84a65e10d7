//! Which pages of other origins may read responses (Fetch standard, section 3.3): those of exactly the origins that are
//! configured.

/// How long a browser may remember the response to a preflight, in seconds: the most that Chromium allows.
const PREFLIGHT_MAX_AGE_SECONDS: &str = "7200";
/// The headers that clients of this API send, besides those that are always allowed.
const REQUEST_HEADERS: &str = "Authorization, Content-Type, Content-Encoding, If-None-Match, \
                               Last-Event-ID, traceparent, tracestate, baggage, sentry-trace";
/// The headers of a response that pages may read, besides those that they always may.
const EXPOSED_HEADERS: &str = "ETag, X-Request-Id, X-Poll-After, Link, Retry-After, RateLimit-Policy, \
                               Server-Timing, WWW-Authenticate, Content-Disposition";

/// The origins whose pages may do something.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<String>);

/// Headers of a response.
pub type Headers = Vec<(&'static str, String)>;

impl AllowedOrigins {
    /// Parses a list of origins separated by commas, each exactly as a browser sends it. `None` means that the text is
    /// not such a list.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let origins = text.split(',').map(str::trim);
        origins
            .map(|origin| is_origin(origin).then(|| origin.to_owned()))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// The origins.
    #[must_use]
    pub fn as_slice(&self) -> &[String] {
        &self.0
    }

    /// Whether no origin is allowed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The headers of the response to a page of `origin`.
    #[must_use]
    pub fn response_headers(&self, origin: &str) -> Headers {
        if !self.allows(origin) {
            return Vec::new();
        }
        vec![
            ("Access-Control-Allow-Origin", origin.to_owned()),
            ("Access-Control-Expose-Headers", EXPOSED_HEADERS.to_owned()),
        ]
    }

    /// The headers of the response to a preflight from `origin` for a route that takes `methods`.
    #[must_use]
    pub fn preflight_headers(&self, origin: &str, methods: &str) -> Headers {
        if !self.allows(origin) {
            return Vec::new();
        }
        vec![
            ("Access-Control-Allow-Origin", origin.to_owned()),
            ("Access-Control-Allow-Methods", methods.to_owned()),
            ("Access-Control-Allow-Headers", REQUEST_HEADERS.to_owned()),
            ("Access-Control-Max-Age", PREFLIGHT_MAX_AGE_SECONDS.to_owned()),
        ]
    }

    fn allows(&self, origin: &str) -> bool {
        self.0.iter().any(|allowed| allowed == origin)
    }
}

/// Whether a text is an origin as a browser serializes it (RFC 6454 section 6.2): with the host in lower case and
/// without the default port. Any other origin would never match.
fn is_origin(text: &str) -> bool {
    let (host, default_port) = match (text.strip_prefix("https://"), text.strip_prefix("http://")) {
        (Some(host), _) => (host, ":443"),
        (_, Some(host)) => (host, ":80"),
        _ => return false,
    };
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-._:[]".contains(&byte);
    !host.is_empty() && host.bytes().all(is_plain) && !host.ends_with(default_port) && !host.ends_with(':')
}

#[cfg(test)]
mod tests {
    use super::AllowedOrigins;

    #[test]
    fn takes_origins_as_browsers_send_them_and_nothing_else() {
        let check = |text: &str, accepted: bool| assert_eq!(AllowedOrigins::parse(text).is_some(), accepted, "{text}");
        for text in [
            "https://a.example",
            "https://a.example, http://localhost:3000",
            "https://[::1]:8443,https://xn--bcher-kva.example",
        ] {
            check(text, true);
        }
        for text in [
            "",
            "*",
            "null",
            "a.example",
            "https://",
            "https://a.example/",
            "https://*.example",
            "https://A.example",
            "https://a.example:443",
            "http://a.example:80",
            "https://a.example:",
            "https://a.example,",
            "https://u@a.example",
            "ftp://a.example",
            "https://a.example https://b.example",
            "https://bücher.example",
        ] {
            check(text, false);
        }
    }

    #[test]
    fn reflects_nothing_that_is_not_listed() {
        let allowed = AllowedOrigins::parse("https://a.example,http://localhost:3000").unwrap();
        for origin in ["https://a.example", "http://localhost:3000"] {
            assert_eq!(
                allowed.response_headers(origin)[0],
                ("Access-Control-Allow-Origin", origin.to_owned())
            );
            assert_eq!(allowed.preflight_headers(origin, "GET, HEAD")[1].1, "GET, HEAD");
        }
        for origin in [
            "",
            "null",
            "*",
            "http://a.example",
            "https://a.example.evil.example",
            "https://a.example:444",
            "https://A.example",
            "https://a.example ",
            "http://localhost",
            "https://a.example,http://localhost:3000",
        ] {
            assert!(allowed.response_headers(origin).is_empty(), "{origin}");
            assert!(allowed.preflight_headers(origin, "GET").is_empty(), "{origin}");
        }
        assert!(AllowedOrigins::default().response_headers("").is_empty());
    }
}
