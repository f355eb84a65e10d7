//! Whose calls are counted together. The counting itself is the platform's.

use crate::auth::claims::Claims;
use crate::base::digest::sha256_base64url;
use std::net::IpAddr;

/// The key of a verified caller: subject and organization, so that no two callers share one and none is told.
#[must_use]
pub fn caller_key(claims: &Claims) -> String {
    let subject = claims.subject.as_deref();
    let organization = claims.organization_id.as_deref();
    // With lengths, so that no two pairs give the same bytes.
    let of = |text: Option<&str>| text.map_or_else(|| "-".to_owned(), |text| format!("{} {text}", text.len()));
    sha256_base64url(format!("{}\n{}", of(organization), of(subject)).as_bytes())
}

/// The key of a client whose authentication failed: its address, or, of an IPv6 address, the network of 64 bits that
/// one client has all of. An IPv4 address within an IPv6 one is that address: all of them are in one such network.
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
                keys.insert(caller_key(&Claims::read(claims.to_string().as_bytes()).unwrap()));
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
