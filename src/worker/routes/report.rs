//! `GET /api/conversation-monitor/report` and `…/summary`

use crate::api::error::ApiError;
use crate::auth::access::read_access;
use crate::report::request::{ReportFormat, ReportRequest};
use crate::report::service::Reader;
use crate::worker::authenticate::{Limit, authenticate};
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::kv::Kv;
use crate::worker::response::{Body, Call, Reply};

/// In the order of the product's precedence: 401, 400, 403, 404, 410, 304.
pub async fn handle(call: &Call<'_>, form: ReportFormat) -> Result<Reply, ApiError> {
    let claims = authenticate(call, Limit::Read).await?;
    let request = match form {
        ReportFormat::Report => ReportRequest::read(call.head.query()),
        ReportFormat::Summary | ReportFormat::Csv => ReportRequest::read_unpaged(call.head.query()),
    }?;
    let access = read_access(&claims, request.organization_id.as_deref())?;

    let sources = Sources::of(call);
    let answer = sources
        .reader(call)?
        .answer(form, &access, &request, call.head.if_none_match(), call.now)
        .await?;
    Ok(Reply {
        status: if answer.body.is_some() { 200 } else { 304 },
        body: answer.body.map(Body::Shared),
        headers: vec![("ETag", answer.etag.to_string())],
    })
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

    pub fn reader<'b>(&'b self, call: &'b Call<'_>) -> Result<Reader<'b, D1, Kv<'a>>, ApiError> {
        let service = call.service()?;
        Ok(Reader {
            database: &self.database,
            pages: &self.pages,
            memory: &service.memory,
            head_max_age_ms: service.config.head_max_age_ms,
            trace: call.trace,
        })
    }
}
