//! The routes of the API: one row of [`ROUTES`] each.

use crate::api::error::ApiError;
use crate::base::id::is_id;
use crate::http::path;

/// What a request asks for, with what its path names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// A page of the report.
    Report,
    /// A page of the rows that a text is found in.
    Search,
    /// The report and its numbers, whenever they change.
    Stream,
    /// All rows of the report as a file.
    Csv,
    /// The numbers of the report.
    Summary,
    /// The organizations and departments that the caller may choose from.
    Scopes,
    /// The settings of an organization.
    Settings {
        /// The organization that the path names. `None` means that the path's segment is not an id; the caller is told
        /// so only after the token has been verified.
        organization_id: Option<String>,
    },
    /// How the connections of an organization are doing.
    Connections {
        /// As in [`Route::Settings`].
        organization_id: Option<String>,
    },
    /// Events to store.
    Events,
    /// A webhook of a help desk.
    Hook {
        /// The connection that the path names, as it was sent: ids of connections need no percent-encoding.
        connection_id: String,
    },
    /// Whether the service works.
    Health,
    /// The document that describes the API.
    OpenApi,
}

/// A row of the table.
#[derive(Debug)]
pub struct RouteEntry {
    /// The path. A segment in braces stands for any segment.
    pub path: &'static str,
    /// The methods that it takes, as an `Allow` header lists them.
    pub methods: &'static str,
    /// Whether the answer depends on who asks, so that no shared cache may store it.
    pub is_data: bool,
    /// Makes the route of the path's segment in braces as it was sent, or of an empty one if the path has none.
    route: fn(&str) -> Route,
}

const READ: &str = "GET, HEAD";

/// All routes.
pub const ROUTES: [RouteEntry; 12] = [
    RouteEntry {
        path: "/api/conversation-monitor/report",
        methods: READ,
        is_data: true,
        route: |_| Route::Report,
    },
    RouteEntry {
        path: "/api/conversation-monitor/report/search",
        methods: "POST",
        is_data: true,
        route: |_| Route::Search,
    },
    RouteEntry {
        path: "/api/conversation-monitor/report/stream",
        methods: READ,
        is_data: true,
        route: |_| Route::Stream,
    },
    RouteEntry {
        path: "/api/conversation-monitor/report.csv",
        methods: READ,
        is_data: true,
        route: |_| Route::Csv,
    },
    RouteEntry {
        path: "/api/conversation-monitor/summary",
        methods: READ,
        is_data: true,
        route: |_| Route::Summary,
    },
    RouteEntry {
        path: "/api/conversation-monitor/scopes",
        methods: READ,
        is_data: true,
        route: |_| Route::Scopes,
    },
    RouteEntry {
        path: "/api/organizations/{organizationId}/autopilot-monitor-settings",
        methods: "GET, HEAD, PUT",
        is_data: true,
        route: |segment| Route::Settings {
            organization_id: organization_id(segment),
        },
    },
    RouteEntry {
        path: "/api/organizations/{organizationId}/connections",
        methods: READ,
        is_data: true,
        route: |segment| Route::Connections {
            organization_id: organization_id(segment),
        },
    },
    RouteEntry {
        path: "/api/conversation-monitor/events",
        methods: "POST",
        is_data: true,
        route: |_| Route::Events,
    },
    RouteEntry {
        path: "/api/conversation-monitor/hooks/{connectionId}",
        methods: "POST",
        is_data: true,
        route: |segment| Route::Hook {
            connection_id: segment.to_owned(),
        },
    },
    RouteEntry {
        path: "/health",
        methods: READ,
        is_data: true,
        route: |_| Route::Health,
    },
    RouteEntry {
        path: "/openapi.json",
        methods: READ,
        is_data: false,
        route: |_| Route::OpenApi,
    },
];

impl RouteEntry {
    /// Whether the route takes `method`. Methods are case-sensitive (RFC 9110 section 9.1).
    #[must_use]
    pub fn takes(&self, method: &str) -> bool {
        self.methods.split(", ").any(|taken| taken == method)
    }
}

/// The route of a URL's path, which is still percent-encoded, and its entry in the table. `None` means that there is no
/// such route.
#[must_use]
pub fn find(path: &str) -> Option<(&'static RouteEntry, Route)> {
    ROUTES.iter().find_map(|entry| {
        let segment = segment_in_braces(entry.path, path)?;
        Some((entry, (entry.route)(segment)))
    })
}

/// The organization that a segment names. `None` means that it is not an id.
fn organization_id(segment: &str) -> Option<String> {
    path::decode(segment).filter(|id| is_id(id))
}

/// The organization that a route's path names.
///
/// # Errors
/// 400: [`ApiError::Invalid`] if the path's segment is not an id.
pub fn named_organization(organization_id: Option<String>) -> Result<String, ApiError> {
    organization_id.ok_or_else(|| {
        let message = "organizationId must be an id of 1 to 128 characters without control characters.";
        ApiError::Invalid(message.to_owned())
    })
}

/// The segment of `path` that stands for the braces of `pattern`, or an empty one if there are none. `None` means that
/// `path` does not match.
fn segment_in_braces<'a>(pattern: &str, path: &'a str) -> Option<&'a str> {
    let Some((before, rest)) = pattern.split_once('{') else {
        return (pattern == path).then_some("");
    };
    let (_, after) = rest.split_once('}')?;
    let segment = path.strip_prefix(before)?.strip_suffix(after)?;
    (!segment.contains('/')).then_some(segment)
}

#[cfg(test)]
mod tests {
    use super::{ROUTES, Route, find};

    #[test]
    fn finds_every_route_by_its_path_alone() {
        for entry in &ROUTES {
            let path = entry.path.replace("{organizationId}", "65a0");
            let path = path.replace("{connectionId}", "cn-chatwoot-1");
            let (found, _) = find(&path).unwrap();
            assert_eq!(found.path, entry.path);
            for other in [
                format!("{path}/"),
                format!("{path}x"),
                path.to_uppercase(),
                format!("/{path}"),
            ] {
                // A path that ends with a segment in braces goes on for as long as the segment does.
                let is_same_route = entry.path.ends_with('}') && other == format!("{path}x");
                assert_eq!(find(&other).is_some(), is_same_route, "{other}");
            }
        }
        assert!(find("").is_none());
        assert!(find("/").is_none());
    }

    #[test]
    fn takes_the_methods_that_it_lists() {
        let (settings, _) = find("/api/organizations/a/autopilot-monitor-settings").unwrap();
        for method in ["GET", "HEAD", "PUT"] {
            assert!(settings.takes(method), "{method}");
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
            assert!(!settings.takes(method), "{method}");
        }
    }

    fn check_settings(path: &str, expected: Option<Option<&str>>) {
        let organization_id = find(path).map(|(_, route)| match route {
            Route::Settings { organization_id } => organization_id,
            other => panic!("{path}: {other:?}"),
        });
        assert_eq!(organization_id, expected.map(|id| id.map(str::to_owned)), "{path}");
    }

    #[test]
    fn decodes_the_id_in_a_path_once() {
        let settings_of = |segment: &str| format!("/api/organizations/{segment}/autopilot-monitor-settings");
        check_settings(&settings_of("65a0"), Some(Some("65a0")));
        check_settings(&settings_of("a%20b%2Fc+d"), Some(Some("a b/c+d")));
        check_settings(&settings_of("%C3%A9"), Some(Some("é")));
        check_settings(&settings_of("%2541"), Some(Some("%41")));
        check_settings(&settings_of("é"), Some(Some("é")));
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
            check_settings(&settings_of(bad), Some(None));
        }
        check_settings(&settings_of("a/b"), None);
        check_settings("/api/organizations/autopilot-monitor-settings", None);
        check_settings("/api/organizations/a/autopilot-monitor-settings/", None);
    }
}
