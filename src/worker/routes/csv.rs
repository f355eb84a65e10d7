//! `GET /api/conversation-monitor/report.csv`

use crate::api::error::ApiError;
use crate::auth::access::read_access;
use crate::report::csv::{CsvFile, content_disposition};
use crate::report::request::ReportRequest;
use crate::report::service::answer_csv;
use crate::worker::authenticate::{Limit, authenticate};
use crate::worker::bindings::d1::D1;
use crate::worker::bindings::stream;
use crate::worker::log;
use crate::worker::log::Line;
use crate::worker::response::{Body, Call, Reply};
use crate::worker::routes::report::Sources;

/// In the order of the product's precedence: 401, 400, 403, 404, 410, 304. What goes wrong after the first rows aborts
/// the body: a cut file is never taken for a whole one.
pub async fn handle(call: &Call<'_>, request_id: &str) -> Result<Reply, ApiError> {
    let claims = authenticate(call, Limit::Read).await?;
    let request = ReportRequest::parse(call.head.query())?;
    let access = read_access(&claims, request.organization_id.as_deref())?;

    let sources = Sources::of(call);
    let context = sources.context(call)?;
    let answer = answer_csv(&context, &access, &request, call.head.if_none_match(), call.now).await?;
    let mut headers = vec![("ETag", answer.etag.to_string())];
    let Some(file) = answer.file else {
        return Ok(Reply {
            status: 304,
            body: None,
            headers,
        });
    };
    let disposition = content_disposition(access.organization.as_str(), answer.as_of);
    headers.push(("Content-Type", "text/csv; charset=utf-8; header=present".to_owned()));
    headers.push(("Content-Disposition", disposition));
    let mut body = None;
    if call.head.method() != "HEAD" {
        let source = Source {
            file,
            database: sources.database,
            request_id: request_id.to_owned(),
        };
        let stream = stream::readable(source, Source::next).map_err(|_| ApiError::Internal("no stream".to_owned()))?;
        body = Some(Body::Stream(stream));
    }
    Ok(Reply {
        status: 200,
        body,
        headers,
    })
}

/// What the rest of a file is read with after the answer has begun.
struct Source {
    file: CsvFile,
    database: D1,
    request_id: String,
}

impl Source {
    /// The next chunk, none at the end; a failure is logged here, and the client learns only that there is no whole file.
    async fn next(mut self) -> Result<Option<(Self, String)>, &'static str> {
        match self.file.next_chunk(&self.database).await {
            Ok(chunk) => Ok(chunk.map(|chunk| (self, chunk))),
            Err(error) => {
                let error = ApiError::from(error);
                let cause = error.cause();
                log::error(&Line {
                    message: "a file was cut off",
                    request_id: Some(&self.request_id),
                    error: Some(error.answer().code),
                    cause: cause.as_deref(),
                    ..Line::default()
                });
                Err("the file could not be read to its end")
            }
        }
    }
}
