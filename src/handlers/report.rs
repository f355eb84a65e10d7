//! `GET /api/conversation-monitor/report` and `…/summary`

use crate::auth::access::read_access;
use crate::bindings::{clock, d1::D1, kv::Kv};
use crate::error::ApiError;
use crate::handlers::fetch::{Body, Call, Reply};
use crate::handlers::identity::{Limit, authenticate};
use crate::handlers::isolate;
use crate::report::{Form, Memory, Reader, ReportRequest};
use std::cell::RefCell;
use std::rc::Rc;

/// In the order of the product's precedence: 401, 400, 403, 404, 410, 304.
pub async fn handle(call: &Call<'_>, form: Form) -> Result<Reply, ApiError> {
    let claims = authenticate(call, Limit::Read).await?;
    let request = match form {
        Form::Report => ReportRequest::read(&call.query()),
        Form::Summary | Form::Csv => ReportRequest::read_unpaged(&call.query()),
    }?;
    let access = read_access(&claims, request.organization_id.as_deref())?;

    let if_none_match = call.header("If-None-Match");
    let sources = Sources::of(call)?;
    let answer = sources
        .reader(call)?
        .answer(form, &access, &request, if_none_match.as_deref(), clock::now())
        .await?;
    Ok(Reply {
        status: if answer.body.is_some() { 200 } else { 304 },
        body: answer.body.map(Body::Text),
        headers: vec![("ETag", answer.etag)],
    })
}

/// What a request reads from.
pub struct Sources<'a> {
    pub database: D1,
    pages: Kv<'a>,
    memory: Rc<RefCell<Memory>>,
}

impl<'a> Sources<'a> {
    pub fn of(call: &Call<'a>) -> Result<Self, ApiError> {
        Ok(Self {
            database: D1::new(call.env)?,
            pages: Kv::new(call.env, call.context),
            memory: isolate::memory(),
        })
    }

    pub fn reader<'b>(&'b self, call: &'b Call<'_>) -> Result<Reader<'b, D1, Kv<'a>>, ApiError> {
        Ok(Reader {
            database: &self.database,
            pages: &self.pages,
            memory: &self.memory,
            head_max_age_ms: call.service()?.config.head_max_age_ms,
            trace: call.trace,
        })
    }
}
