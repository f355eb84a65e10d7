//! Entity tags: RFC 9110 section 8.8.3.

use xxhash_rust::xxh64::xxh64;

/// A strong ETag with its quotes, for a response that depends on `content` alone. It only decides whether the response
/// is sent again, so 128 bits of a fast hash are enough.
#[must_use]
pub fn etag_of(content: &str) -> String {
    let [first, second] = [0, 1].map(|seed| xxh64(content.as_bytes(), seed));
    format!("\"{first:016x}{second:016x}\"")
}

/// Whether the client has what `etag` stands for already, because its `If-None-Match` names it: RFC 9110 section
/// 13.1.2, by weak comparison.
#[must_use]
pub fn is_known(etag: &str, if_none_match: Option<&str>) -> bool {
    if_none_match
        .unwrap_or_default()
        .split(',')
        .map(str::trim)
        .any(|candidate| candidate == "*" || candidate.strip_prefix("W/").unwrap_or(candidate) == etag)
}

#[cfg(test)]
mod tests {
    use super::is_known;

    #[test]
    fn compares_etags_weakly() {
        let etag = "\"abc\"";
        for condition in ["\"abc\"", "W/\"abc\"", "\"x\", \"abc\"", "*", " \"abc\" "] {
            assert!(is_known(etag, Some(condition)), "{condition}");
        }
        for condition in ["", "abc", "\"ab\"", "\"abc", "\"x\"", "w/\"abc\""] {
            assert!(!is_known(etag, Some(condition)), "{condition}");
        }
        assert!(!is_known(etag, None));
    }
}
