//! Which pages of other origins may read answers: the Fetch standard, section 3.3. Exact origins from the
//! configuration; nothing is reflected that is not listed.

/// How long a browser may remember the answer to a preflight, in seconds: as long as Chromium does at most.
const PREFLIGHT_MAX_AGE_SECONDS: &str = "7200";
/// What clients of this API send beside what is always allowed.
const REQUEST_HEADERS: &str = "Authorization, Content-Type, Content-Encoding, If-None-Match";
/// What pages may read of an answer beside what they always may.
const EXPOSED_HEADERS: &str = "ETag, X-Request-Id, Retry-After, Server-Timing, WWW-Authenticate, Content-Disposition";

/// The origins whose pages may read answers.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AllowedOrigins(Vec<String>);

/// Headers of an answer.
pub type Headers = Vec<(&'static str, String)>;

impl AllowedOrigins {
    /// Reads origins separated by commas, each just as a browser sends it.
    #[must_use]
    pub fn read(text: &str) -> Option<Self> {
        let origins = text.split(',').map(str::trim);
        origins
            .map(|origin| is_origin(origin).then(|| origin.to_owned()))
            .collect::<Option<_>>()
            .map(Self)
    }

    /// The headers of an answer to a page of `origin`.
    #[must_use]
    pub fn answer(&self, origin: &str) -> Headers {
        if !self.0.iter().any(|allowed| allowed == origin) {
            return Vec::new();
        }
        vec![
            ("Access-Control-Allow-Origin", origin.to_owned()),
            ("Access-Control-Expose-Headers", EXPOSED_HEADERS.to_owned()),
        ]
    }

    /// The headers of the answer to a preflight from `origin` for a route that takes `methods`.
    #[must_use]
    pub fn preflight(&self, origin: &str, methods: &str) -> Headers {
        if !self.0.iter().any(|allowed| allowed == origin) {
            return Vec::new();
        }
        vec![
            ("Access-Control-Allow-Origin", origin.to_owned()),
            ("Access-Control-Allow-Methods", methods.to_owned()),
            ("Access-Control-Allow-Headers", REQUEST_HEADERS.to_owned()),
            ("Access-Control-Max-Age", PREFLIGHT_MAX_AGE_SECONDS.to_owned()),
        ]
    }
}

/// Whether a text is an origin as a browser serializes it: RFC 6454 section 6.2. A default port is left out there, and
/// a host is in lower case; one that is not would never match.
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
        let check = |text: &str, accepted: bool| assert_eq!(AllowedOrigins::read(text).is_some(), accepted, "{text}");
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
        let allowed = AllowedOrigins::read("https://a.example,http://localhost:3000").unwrap();
        for origin in ["https://a.example", "http://localhost:3000"] {
            assert_eq!(
                allowed.answer(origin)[0],
                ("Access-Control-Allow-Origin", origin.to_owned())
            );
            assert_eq!(allowed.preflight(origin, "GET, HEAD")[1].1, "GET, HEAD");
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
            assert!(allowed.answer(origin).is_empty(), "{origin}");
            assert!(allowed.preflight(origin, "GET").is_empty(), "{origin}");
        }
        assert!(AllowedOrigins::default().answer("").is_empty());
    }
}
