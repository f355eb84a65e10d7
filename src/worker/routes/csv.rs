//! `GET /api/conversation-monitor/report.csv`

use crate::api::error::ApiError;
use crate::auth::access::read_access;
use crate::report::csv::{CsvFile, content_disposition};
use crate::report::request::CsvRequest;
use crate::report::service::respond_with_csv;
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::{ReportSources, RequestContext};
use crate::worker::log;
use crate::worker::log::Line;
use crate::worker::response::{ApiBody, ApiResponse};
use futures::{StreamExt, stream};
use worker::Error;

/// All rows of the report as a file.
///
/// 1. Authenticate and count the call                 → 401, 429, 503
/// 2. Read the parameters                             → 400
/// 3. Decide access                                   → 403
/// 4. Resolve the head and the snapshot               → 404, 410, 503
/// 5. Compare the ETag                                → 304
/// 6. Read the first rows, and the rest as the client takes it → 200, 503
///
/// An error after the first rows aborts the body, so a truncated file cannot be mistaken for a complete one.
pub async fn handle(context: &RequestContext) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::Read).await?;
    // 2. Read the parameters.
    let request = CsvRequest::parse(context.query())?;
    // 3. Decide access.
    let access = read_access(&caller.claims, request.report.organization_id.as_deref())?;
    // 4. Resolve the head and the snapshot; 5. Compare the ETag; 6. Read the first rows.
    let condition = context.if_none_match();
    let sources = ReportSources::new(context, caller.service, &access.organization);
    let report = sources.context(context, caller.service, &caller.claims);
    let response = respond_with_csv(&report, &access, &request, condition.as_deref(), context.now).await?;
    let mut headers = vec![("ETag", response.etag.to_string())];
    let Some(file) = response.file else {
        return Ok(ApiResponse {
            status: 304,
            body: None,
            headers,
        });
    };
    let disposition = content_disposition("", access.organization.as_str(), response.as_of);
    headers.push(("Content-Type", "text/csv; charset=utf-8; header=present".to_owned()));
    headers.push(("Content-Disposition", disposition));
    let rest = Rest {
        file,
        database: sources.database,
        request_id: context.id.clone(),
    };
    Ok(ApiResponse {
        status: 200,
        body: Some(ApiBody::Stream(stream::try_unfold(rest, Rest::next).boxed_local())),
        headers,
    })
}

/// What the rest of a file is read with after the response has begun.
struct Rest {
    file: CsvFile,
    database: D1,
    request_id: String,
}

impl Rest {
    /// The next bytes; `None` at the end. An error is logged here; the client only sees that the body was aborted.
    async fn next(mut self) -> worker::Result<Option<(Vec<u8>, Self)>> {
        match self.file.next_chunk(&self.database).await {
            Ok(text) => Ok(text.map(|text| (text.into_bytes(), self))),
            Err(error) => {
                let error = ApiError::from(error);
                let cause = error.cause();
                log::error(&Line {
                    message: "CSV export aborted",
                    request_id: Some(&self.request_id),
                    error: Some(error.response().code),
                    cause: cause.as_deref(),
                    ..Line::default()
                });
                Err(Error::RustError("the file could not be read to its end".to_owned()))
            }
        }
    }
}
