//! `GET /api/conversation-monitor/report`

use crate::auth::access::read_access;
use crate::bindings::{clock, d1::D1, kv::Kv};
use crate::error::ApiError;
use crate::handlers::fetch::{Call, Reply};
use crate::handlers::identity::{Limit, authenticate};
use crate::handlers::isolate;
use crate::report::{Reader, ReportRequest};

/// In the order of the product's precedence: 401, 400, 403, 404, 410, 304.
pub async fn handle(call: &Call<'_>) -> Result<Reply, ApiError> {
    let claims = authenticate(call, Limit::Read).await?;
    let request = ReportRequest::read(&call.query())?;
    let access = read_access(&claims, request.organization_id.as_deref())?;

    let if_none_match = call.header("If-None-Match");
    let memory = isolate::memory();
    let database = D1::new(call.env)?;
    let pages = Kv::new(call.env, call.context);
    let reader = Reader {
        database: &database,
        pages: &pages,
        memory: &memory,
        head_max_age_ms: call.service()?.config.head_max_age_ms,
        trace: call.trace,
    };
    let answer = reader
        .report(&access, &request, if_none_match.as_deref(), clock::now())
        .await?;
    Ok(Reply {
        status: if answer.body.is_some() { 200 } else { 304 },
        body: answer.body,
        headers: vec![("ETag", answer.etag)],
    })
}
