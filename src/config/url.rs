//! Addresses in the configuration.

use std::net::Ipv6Addr;

/// Whether `url` may be asked or shown: over TLS or from this machine, and without credentials and a fragment.
///
/// Whoever asks parses it again. An authority has nothing in it that two parsers could read in two ways.
pub fn is_usable_url(url: &str) -> bool {
    let (rest, needs_local) = match (url.strip_prefix("https://"), url.strip_prefix("http://")) {
        (Some(rest), _) => (rest, false),
        (_, Some(rest)) => (rest, true),
        _ => return false,
    };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    let (host, port) = match authority.rsplit_once(':') {
        Some((host, port)) if !port.ends_with(']') => (host, port),
        _ => (authority, "443"),
    };
    let is_name = !host.is_empty()
        && host
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte));
    let address = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let is_address = address.is_some_and(|address| address.parse::<Ipv6Addr>().is_ok());
    let is_local = matches!(host, "localhost" | "127.0.0.1" | "[::1]");
    let is_visible = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'#');
    (is_name || is_address)
        && (is_local || !needs_local)
        && is_visible
        && port.parse::<u16>().is_ok_and(|port| port > 0)
}
