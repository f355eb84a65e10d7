//! The routes of the API: one row of [`ROUTES`] each.

use crate::api::error::ApiError;
use crate::base::id::{ID_EXPECTED, is_id};
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
    /// The course of the last days.
    Trend {
        /// Whether as a file.
        is_csv: bool,
    },
    /// The organizations and departments that the caller may choose from.
    Scopes,
    /// Why a conversation is listed, or why not; and that it is taken off the lists for now.
    Conversation {
        /// The conversation that the path names. `None` means that the path's segment is not an id.
        conversation_id: Option<String>,
    },
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
    /// An organization, to be removed.
    Organization {
        /// As in [`Route::Settings`].
        organization_id: Option<String>,
    },
    /// A contact, to be erased.
    Contact {
        /// As in [`Route::Settings`].
        organization_id: Option<String>,
        /// The contact. `None` means that the path's segment is not an id.
        contact_id: Option<String>,
    },
    /// Who is told when somebody waits for too long.
    Alerts {
        /// As in [`Route::Settings`].
        organization_id: Option<String>,
    },
    /// A sample for a destination of alerts.
    AlertTest {
        /// As in [`Route::Settings`].
        organization_id: Option<String>,
        /// The destination that the path names, as it was sent: ids of destinations need no percent-encoding.
        destination_id: String,
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
    /// What the dashboard must know before it has a token.
    Dashboard,
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
    /// Makes the route of the path's segments in braces as they were sent, which are empty where the path has none.
    route: fn([&str; SEGMENTS_MAX]) -> Route,
}

/// The most segments in braces of a path.
const SEGMENTS_MAX: usize = 2;
const READ: &str = "GET, HEAD";

/// All routes.
pub const ROUTES: [RouteEntry; 21] = [
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
        path: "/api/conversation-monitor/trend",
        methods: READ,
        is_data: true,
        route: |_| Route::Trend { is_csv: false },
    },
    RouteEntry {
        path: "/api/conversation-monitor/trend.csv",
        methods: READ,
        is_data: true,
        route: |_| Route::Trend { is_csv: true },
    },
    RouteEntry {
        path: "/api/conversation-monitor/scopes",
        methods: READ,
        is_data: true,
        route: |_| Route::Scopes,
    },
    RouteEntry {
        path: "/api/conversation-monitor/conversations/{conversationId}",
        methods: READ,
        is_data: true,
        route: |[segment, _]| Route::Conversation {
            conversation_id: id(segment),
        },
    },
    RouteEntry {
        path: "/api/conversation-monitor/conversations/{conversationId}/acknowledgement",
        methods: "PUT, DELETE",
        is_data: true,
        route: |[segment, _]| Route::Conversation {
            conversation_id: id(segment),
        },
    },
    RouteEntry {
        path: "/api/organizations/{organizationId}/autopilot-monitor-settings",
        methods: "GET, HEAD, PUT",
        is_data: true,
        route: |[segment, _]| Route::Settings {
            organization_id: id(segment),
        },
    },
    RouteEntry {
        path: "/api/organizations/{organizationId}/connections",
        methods: READ,
        is_data: true,
        route: |[segment, _]| Route::Connections {
            organization_id: id(segment),
        },
    },
    RouteEntry {
        path: "/api/organizations/{organizationId}/alerts",
        methods: "GET, HEAD, PUT",
        is_data: true,
        route: |[segment, _]| Route::Alerts {
            organization_id: id(segment),
        },
    },
    RouteEntry {
        path: "/api/organizations/{organizationId}/alerts/{destinationId}/test",
        methods: "POST",
        is_data: true,
        route: |[segment, destination]| Route::AlertTest {
            organization_id: id(segment),
            destination_id: destination.to_owned(),
        },
    },
    RouteEntry {
        path: "/api/organizations/{organizationId}",
        methods: "DELETE",
        is_data: true,
        route: |[segment, _]| Route::Organization {
            organization_id: id(segment),
        },
    },
    RouteEntry {
        path: "/api/organizations/{organizationId}/contacts/{contactId}",
        methods: "DELETE",
        is_data: true,
        route: |[organization, contact]| Route::Contact {
            organization_id: id(organization),
            contact_id: id(contact),
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
        route: |[segment, _]| Route::Hook {
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
    RouteEntry {
        path: "/dashboard.json",
        methods: READ,
        is_data: false,
        route: |_| Route::Dashboard,
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
        let segments = segments_in_braces(entry.path, path)?;
        Some((entry, (entry.route)(segments)))
    })
}

/// The id that a segment is. `None` means that it is none.
fn id(segment: &str) -> Option<String> {
    path::decode(segment).filter(|id| is_id(id))
}

/// The organization that a route's path names.
///
/// # Errors
/// 400: [`ApiError::Invalid`] if the path's segment is not an id.
pub fn named_organization(organization_id: Option<String>) -> Result<String, ApiError> {
    named(organization_id, "organizationId")
}

/// The id that a route's path has as `name`.
///
/// # Errors
/// As [`named_organization`].
pub fn named(id: Option<String>, name: &str) -> Result<String, ApiError> {
    id.ok_or_else(|| {
        let message = format!("{name} must be {ID_EXPECTED}.");
        ApiError::Invalid(message)
    })
}

/// The segments of `path` that stand for the braces of `pattern`, in their order. `None` means that `path` does not
/// match.
fn segments_in_braces<'a>(pattern: &str, path: &'a str) -> Option<[&'a str; SEGMENTS_MAX]> {
    let mut found = [""; SEGMENTS_MAX];
    if !pattern.contains('{') {
        return (pattern == path).then_some(found);
    }
    let (mut parts, mut segments, mut free) = (pattern.split('/'), path.split('/'), found.iter_mut());
    loop {
        match (parts.next(), segments.next()) {
            (None, None) => return Some(found),
            (Some(part), Some(segment)) if part.starts_with('{') => *free.next()? = segment,
            (Some(part), Some(segment)) if part == segment => {}
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ROUTES, Route, find};

    #[test]
    fn finds_every_route_by_its_path_alone() {
        for entry in &ROUTES {
            let path = entry.path.replace("{organizationId}", "65a0");
            let path = path
                .replace("{connectionId}", "cn-chatwoot-1")
                .replace("{contactId}", "k")
                .replace("{destinationId}", "d")
                .replace("{conversationId}", "c");
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
        let organization_id = find(path).and_then(|(_, route)| match route {
            Route::Settings { organization_id } => Some(organization_id),
            Route::Organization { .. } => None,
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
