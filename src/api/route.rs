//! What is known of a route: its path, its methods, and whether a shared cache may store its responses.

use crate::api::error::ApiError;
use crate::base::id::{ID_EXPECTED, is_id};
use crate::http::path;

/// A route.
#[derive(Debug)]
pub struct Route {
    /// The path. A segment in braces stands for any segment.
    pub path: &'static str,
    /// The methods that it takes, as an `Allow` header lists them.
    pub methods: &'static str,
    /// Whether the response depends on who asks, so that no shared cache may store it.
    pub is_data: bool,
}

/// The most segments in braces of a path.
const SEGMENTS_MAX: usize = 2;

impl Route {
    /// Whether the route takes `method`. Methods are case-sensitive (RFC 9110 section 9.1).
    #[must_use]
    pub fn takes(&self, method: &str) -> bool {
        self.methods.split(", ").any(|taken| taken == method)
    }

    /// What the path of a URL, which is still percent-encoded, has in place of the segments in braces. `None` means
    /// that it is not a path of this route.
    #[must_use]
    pub fn parameters<'a>(&self, path: &'a str) -> Option<PathParameters<'a>> {
        let mut found = PathParameters::default();
        if !self.path.contains('{') {
            return (self.path == path).then_some(found);
        }
        let mut free = found.0.iter_mut();
        let (mut parts, mut segments) = (self.path.split('/'), path.split('/'));
        loop {
            match (parts.next(), segments.next()) {
                (None, None) => return Some(found),
                (Some(part), Some(segment)) => match part.strip_prefix('{') {
                    Some(name) => *free.next()? = (name.trim_end_matches('}'), segment),
                    None if part == segment => {}
                    None => return None,
                },
                _ => return None,
            }
        }
    }
}

/// The segments of a path that its route has in braces, each after its name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PathParameters<'a>([(&'static str, &'a str); SEGMENTS_MAX]);

impl<'a> PathParameters<'a> {
    /// The segment that the route calls `name`, as it was sent. It is empty if the route has none of that name.
    #[must_use]
    pub fn segment(&self, name: &str) -> &'a str {
        let found = self.0.iter().find(|(own, _)| *own == name);
        found.map_or("", |(_, segment)| segment)
    }

    /// The id that the segment `name` is. Handlers ask for it only after the token has been verified.
    ///
    /// # Errors
    /// 400: [`ApiError::Invalid`] if the segment is not an id.
    pub fn id(&self, name: &str) -> Result<String, ApiError> {
        path::decode(self.segment(name))
            .filter(|id| is_id(id))
            .ok_or_else(|| ApiError::Invalid(format!("{name} must be {ID_EXPECTED}.")))
    }
}

#[cfg(test)]
mod tests {
    use super::Route;
    use crate::api::error::ApiError;

    const SETTINGS: Route = Route {
        path: "/api/organizations/{organizationId}/autopilot-monitor-settings",
        methods: "GET, HEAD, PUT",
        is_data: true,
    };
    const CONTACT: Route = Route {
        path: "/api/organizations/{organizationId}/contacts/{contactId}",
        methods: "DELETE",
        is_data: true,
    };
    const HEALTH: Route = Route {
        path: "/health",
        methods: "GET, HEAD",
        is_data: true,
    };

    #[test]
    fn is_found_by_its_path_alone() {
        for (route, path) in [
            (SETTINGS, "/api/organizations/65a0/autopilot-monitor-settings"),
            (CONTACT, "/api/organizations/65a0/contacts/k"),
            (HEALTH, "/health"),
        ] {
            assert!(route.parameters(path).is_some(), "{path}");
            for other in [
                format!("{path}/"),
                format!("{path}x"),
                path.to_uppercase(),
                format!("/{path}"),
            ] {
                // A path that ends with a segment in braces goes on for as long as the segment does.
                let is_same_route = route.path.ends_with('}') && other == format!("{path}x");
                assert_eq!(route.parameters(&other).is_some(), is_same_route, "{other}");
            }
            assert!(route.parameters("").is_none());
            assert!(route.parameters("/").is_none());
        }
    }

    #[test]
    fn names_its_segments() {
        let parameters = CONTACT.parameters("/api/organizations/a%20b/contacts/k").unwrap();
        assert_eq!(parameters.segment("organizationId"), "a%20b");
        assert_eq!(parameters.segment("contactId"), "k");
        assert_eq!(parameters.segment("connectionId"), "");
        assert_eq!(parameters.id("organizationId").unwrap(), "a b");
        assert_eq!(parameters.id("contactId").unwrap(), "k");
    }

    #[test]
    fn takes_the_methods_that_it_lists() {
        for method in ["GET", "HEAD", "PUT"] {
            assert!(SETTINGS.takes(method), "{method}");
        }
        for method in [
            "",
            "get",
            "PU",
            "PUTT",
            "GET, HEAD",
            "POST",
            "PATCH",
            "DELETE",
            "OPTIONS",
        ] {
            assert!(!SETTINGS.takes(method), "{method}");
        }
    }

    #[test]
    fn decodes_the_id_in_a_path_once() {
        let organization_of = |segment: &str| {
            let path = format!("/api/organizations/{segment}/autopilot-monitor-settings");
            SETTINGS.parameters(&path).map(|path| path.id("organizationId"))
        };
        for (segment, id) in [
            ("65a0", "65a0"),
            ("a%20b%2Fc+d", "a b/c+d"),
            ("%C3%A9", "é"),
            ("%2541", "%41"),
            ("é", "é"),
        ] {
            assert_eq!(organization_of(segment).unwrap().unwrap(), id, "{segment}");
        }
        for bad in [
            "",
            "%",
            "%4",
            "%zz",
            "%+1",
            "%00",
            "%0A",
            "%FF",
            "%C3",
            &"x".repeat(129),
        ] {
            let refused = organization_of(bad).unwrap();
            assert!(
                matches!(&refused, Err(ApiError::Invalid(message)) if message.starts_with("organizationId must be")),
                "{bad}: {refused:?}"
            );
        }
        assert!(organization_of("a/b").is_none());
        assert!(
            SETTINGS
                .parameters("/api/organizations/autopilot-monitor-settings")
                .is_none()
        );
    }
}
