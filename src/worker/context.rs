//! A request, as the handlers see it.
//!
//! It is the platform's own. `worker::Request` turns an unknown method into GET, which would be answered and not
//! refused, and asks the platform for everything a second time: 8 µs of the 220 that a 304 takes.

use crate::api::error::ApiError;
use crate::api::route::Route;
use crate::auth::access::OrganizationId;
use crate::auth::claims::Claims;
use crate::base::timestamp::Timestamp;
use crate::base::trace::Trace;
use crate::report::context::ReportContext;
use crate::report::poll::PollSchedule;
use crate::worker::bindings::body;
use crate::worker::bindings::body::BodyError;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::headers::RequestHeaders;
use crate::worker::bindings::kv::Kv;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::bindings::time_zones::calendar_of;
use crate::worker::bindings::{clock, random};
use crate::worker::isolate;
use crate::worker::isolate::{Service, Setup};
use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;
use web_sys::Request;
use worker::{Context, Env, Result};

/// How old a cached head that answers a tick of a stream may be: a second.
const TICK_HEAD_MAX_AGE_MS: i64 = 1_000;

/// A request and everything that its handler works with.
pub struct RequestContext {
    /// The platform's own request.
    pub request: Request,
    /// The bindings.
    pub env: Env,
    /// Keeps work alive after the response, such as a write to KV.
    pub platform: Context,
    /// The id that the response and the log lines carry.
    pub id: String,
    /// When the request came.
    pub now: Timestamp,
    /// Notes taken on the way, for the log and for `Server-Timing`.
    pub trace: Trace,
    /// Whether a stream asks, and not a client.
    pub is_tick: bool,
    /// The route that was found.
    route: Cell<Option<&'static Route>>,
    /// The rate limit that the call was counted against.
    limit: Cell<Option<RateLimit>>,
    headers: RequestHeaders,
    method: String,
    url: String,
    /// Where in the URL its path is.
    path: Range<usize>,
    setup: Setup,
}

impl RequestContext {
    /// Sets the service up if this is the isolate's first request. `url` is that of the request.
    ///
    /// # Errors
    /// If the platform has no random numbers, which does not happen.
    pub async fn new(request: Request, url: String, env: Env, platform: Context, is_tick: bool) -> Result<Self> {
        Ok(Self {
            now: clock::now(),
            id: random::request_id().map_err(|error| error.to_string())?,
            headers: RequestHeaders::new(&request),
            method: request.method(),
            path: path_of(&url),
            url,
            setup: isolate::setup(&env).await,
            trace: Trace::default(),
            is_tick,
            route: Cell::default(),
            limit: Cell::default(),
            request,
            env,
            platform,
        })
    }

    /// The service.
    ///
    /// # Errors
    /// [`ApiError::Unavailable`] if its configuration is wrong.
    pub fn service(&self) -> Result<&Service, ApiError> {
        (*self.setup).as_ref().map_err(|errors| {
            let texts: Vec<String> = errors.iter().map(ToString::to_string).collect();
            ApiError::Unavailable(format!("misconfigured: {}", texts.join("; ")))
        })
    }

    /// What the service is set up as, for work that continues after the response.
    pub fn setup(&self) -> Setup {
        Rc::clone(&self.setup)
    }

    /// The method.
    pub fn method(&self) -> &str {
        &self.method
    }

    /// The path of the URL, percent-encoded.
    pub fn path(&self) -> &str {
        self.url
            .get(self.path.clone())
            .filter(|path| !path.is_empty())
            .unwrap_or("/")
    }

    /// The route. `None` means that there is no such route, or that it has not been looked for yet.
    pub fn route(&self) -> Option<&'static Route> {
        self.route.get()
    }

    /// Notes the route that was found.
    pub fn set_route(&self, route: &'static Route) {
        self.route.set(Some(route));
    }

    /// The path of the route for the log, which has the names of ids in braces instead of ids. `None` means that there
    /// is no such route, so nothing is known of what is in the path.
    pub fn route_path(&self) -> Option<&'static str> {
        self.route().map(|route| route.path)
    }

    /// The query of the URL as it was sent, without the question mark.
    pub fn query(&self) -> &str {
        let (url, _) = self.url.split_once('#').unwrap_or((&self.url, ""));
        url.split_once('?').map_or("", |(_, query)| query)
    }

    /// The value of a request header.
    pub fn header(&self, name: &'static str) -> Option<String> {
        self.headers.value(name)
    }

    /// Notes that the call was counted against `limit`.
    pub fn note_limit(&self, limit: RateLimit) {
        self.limit.set(Some(limit));
    }

    /// The policy of the rate limit that the call was counted against.
    pub fn limit_policy(&self) -> Option<String> {
        self.limit.get()?.policy(&self.service().ok()?.config)
    }

    /// The ETags that the client has, as its request states them.
    pub fn if_none_match(&self) -> Option<String> {
        self.header("If-None-Match")
    }

    /// The body, decompressed if `is_gzip`.
    ///
    /// # Errors
    /// [`ApiError::TooLarge`] beyond `bytes_max`, [`ApiError::Invalid`] if it cannot be read.
    pub async fn body(&self, is_gzip: bool, bytes_max: usize) -> Result<Vec<u8>, ApiError> {
        let body = body::read(&self.request, is_gzip, bytes_max).await;
        body.map_err(|error| match error {
            BodyError::TooLarge => {
                ApiError::TooLarge(format!("The body must have at most {} KiB, unpacked.", bytes_max >> 10))
            }
            BodyError::Unreadable => ApiError::Invalid("The body could not be read or unpacked.".to_owned()),
        })
    }
}

/// Where in a URL its path is. The platform has parsed and serialized the URL: it is absolute, without credentials, and
/// its path begins with a slash.
fn path_of(url: &str) -> Range<usize> {
    let host = url.find("://").map_or(0, |scheme| scheme + 3);
    let position = |from: usize, wanted: &[u8]| {
        let found = url.bytes().skip(from).position(|byte| wanted.contains(&byte));
        found.map_or(url.len(), |length| from + length)
    };
    let start = position(host, b"/?#");
    start..position(start, b"?#")
}

/// Where the request for a report reads from.
pub struct ReportSources<'a> {
    /// The database.
    pub database: D1,
    pages: Kv<'a>,
}

impl<'a> ReportSources<'a> {
    /// The sources of a request about an organization.
    pub fn new(context: &'a RequestContext, service: &Service, organization: &OrganizationId) -> Self {
        let shards = &service.config.shards;
        Self {
            database: D1::nearest(&context.env, shards, shards.of(organization.as_str())),
            pages: Kv::new(&context.env, &context.platform),
        }
    }

    /// The sources of a request that changes something.
    pub fn for_changes(context: &'a RequestContext, service: &Service, organization: &OrganizationId) -> Self {
        let shards = &service.config.shards;
        let sources = Self::new(context, service, organization);
        Self {
            database: sources.database.for_changes(shards, shards.of(organization.as_str())),
            ..sources
        }
    }

    /// The context of a report that reads from them, for the caller.
    pub fn context<'b>(
        &'b self,
        context: &'b RequestContext,
        service: &'b Service,
        claims: &Claims,
    ) -> ReportContext<'b, D1, Kv<'a>> {
        let config = &service.config;
        let head_max_age_ms = if context.is_tick {
            TICK_HEAD_MAX_AGE_MS
        } else {
            i64::MAX
        };
        ReportContext {
            database: &self.database,
            shared_cache: &self.pages,
            isolate_cache: &service.cache,
            calendar_of: &calendar_of,
            head_max_age_ms: config.head_max_age_ms.min(head_max_age_ms),
            schedule: PollSchedule::new(config.refresh_every_ms, claims.subject.as_deref()),
            trace: &context.trace,
        }
    }
}
