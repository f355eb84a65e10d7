//! The keys under which the platform counts calls.

use crate::auth::claims::Claims;
use crate::base::digest::sha256_base64url;
use std::net::IpAddr;

/// The key of a verified caller: a digest of organization and subject. No two callers share a key, and it does not
/// reveal who they are.
#[must_use]
pub fn caller_key(claims: &Claims) -> String {
    let subject = claims.subject.as_deref();
    let organization = claims.organization_id.as_deref();
    // The lengths make sure that no two pairs give the same bytes.
    let field = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), |text| format!("{} {text}", text.len()));
    sha256_base64url(format!("{}\n{}", field(organization), field(subject)).as_bytes())
}

/// The key of a connection. It is no caller's: theirs are digests of something that begins with a digit or a minus.
#[must_use]
pub fn connection_key(connection_id: &str) -> String {
    sha256_base64url(format!("connection\n{connection_id}").as_bytes())
}

/// The key of a client whose authentication failed: its IPv4 address, or the /64 network of its IPv6 address, because
/// one client usually has all addresses of such a network. An IPv4-mapped IPv6 address counts as the IPv4 address: all
/// of them are in one /64.
#[must_use]
pub fn address_key(address: &str) -> String {
    match address.parse().map(|address: IpAddr| address.to_canonical()) {
        Ok(IpAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Ok(address) => address.to_string(),
        Err(_) => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{address_key, caller_key};
    use crate::auth::claims::Claims;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_callers_share_a_key() {
        let ids = [
            None,
            Some("-"),
            Some("a"),
            Some("1 a"),
            Some("a\"1 b"),
            Some("a-"),
            Some("1 a-"),
        ];
        let mut keys = BTreeSet::new();
        for subject in ids {
            for organization in ids {
                let mut claims = serde_json::json!({ "exp": 1 });
                if let Some(subject) = subject {
                    claims["sub"] = subject.into();
                }
                if let Some(organization) = organization {
                    claims["organizationId"] = organization.into();
                }
                keys.insert(caller_key(
                    &Claims::from_payload(claims.to_string().as_bytes()).unwrap(),
                ));
            }
        }
        assert_eq!(keys.len(), ids.len() * ids.len());
    }

    #[test]
    fn one_network_of_ipv6_is_one_client() {
        assert_eq!(address_key("192.0.2.1"), "192.0.2.1");
        assert_eq!(address_key("2001:db8:1:2:3:4:5:6"), "2001:db8:1:2::/64");
        assert_eq!(address_key("2001:db8:1:2::"), "2001:db8:1:2::/64");
        assert_ne!(address_key("2001:db8:1:3::"), address_key("2001:db8:1:2::"));
        assert_eq!(address_key("::ffff:192.0.2.1"), "192.0.2.1");
        assert_eq!(address_key(""), "");
    }
}
