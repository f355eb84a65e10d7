//! `GET /api/conversation-monitor/report`

use crate::api::error::ApiError;
use crate::auth::access::read_access;
use crate::report::context::ReportContext;
use crate::report::request::PageRequest;
use crate::report::service::{Answer, answer_page};
use crate::worker::authenticate::{Limit, authenticate};
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::kv::Kv;
use crate::worker::response::{Body, Call, Reply};

/// A page of the report.
///
/// 1. Authenticate and count the call         → 401, 429, 503
/// 2. Read the parameters                     → 400
/// 3. Decide access                           → 403
/// 4. Resolve the head and the snapshot       → 404, 410
/// 5. Compare the ETag                        → 304
/// 6. Select, read and write the page         → 200
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    // 1. Authenticate and count the call.
    let claims = authenticate(call, Limit::Read).await?;
    // 2. Read the parameters.
    let request = PageRequest::parse(call.head.query())?;
    // 3. Decide access.
    let access = read_access(&claims, request.report.organization_id.as_deref())?;
    // 4. to 6.
    let sources = Sources::of(call);
    let context = sources.context(call)?;
    let answer = answer_page(&context, &access, &request, call.head.if_none_match(), call.now).await?;
    Ok(answer.into())
}

impl From<Answer> for Reply {
    fn from(answer: Answer) -> Self {
        Self {
            status: if answer.body.is_some() { 200 } else { 304 },
            body: answer.body.map(Body::Shared),
            headers: vec![("ETag", answer.etag.to_string())],
        }
    }
}

/// What a request reads from.
pub struct Sources<'a> {
    pub database: D1,
    pages: Kv<'a>,
}

impl<'a> Sources<'a> {
    pub fn of(call: &Call<'a>) -> Self {
        Self {
            database: D1::nearest(call.env),
            pages: Kv::new(call.env, call.context),
        }
    }

    pub fn context<'b>(&'b self, call: &'b Call<'_>) -> Result<ReportContext<'b, D1, Kv<'a>>, ApiError> {
        let service = call.service()?;
        Ok(ReportContext {
            database: &self.database,
            shared_cache: &self.pages,
            isolate_cache: &service.memory,
            head_max_age_ms: service.config.head_max_age_ms,
            trace: call.trace,
        })
    }
}
