//! `GET` and `PUT /api/organizations/{organizationId}/autopilot-monitor-settings`

use crate::api::envelope;
use crate::api::error::ApiError;
use crate::api::route::PathParameters;
use crate::auth::access::settings_access;
use crate::directory::settings::{change_settings, read_settings};
use crate::directory::settings_change::{BODY_BYTES_MAX, parse_change};
use crate::worker::authenticate::authenticate;
use crate::worker::bindings::rate_limit::RateLimit;
use crate::worker::context::{ReportSources, RequestContext};
use crate::worker::json_body;
use crate::worker::response::ApiResponse;

/// Reads or writes the settings of an organization.
///
/// 1. Authenticate and count the call   → 401, 429, 503
/// 2. Check the path                    → 400
/// 3. Read the body of a PUT            → 400, 413, 415
/// 4. Decide access                     → 403
/// 5. Read or change the settings       → 404, 503; 400 if they do not go together
/// 6. Compare the ETag of a GET         → 304, 200
pub async fn handle(context: &RequestContext, path: PathParameters<'_>) -> Result<ApiResponse, ApiError> {
    // 1. Authenticate and count the call.
    let caller = authenticate(context, RateLimit::Read).await?;
    // 2. Check the path.
    let requested = path.id("organizationId")?;
    // 3. Read the body of a PUT.
    let change = match context.method() {
        "PUT" => Some(parse_change(&json_body::read(context, BODY_BYTES_MAX).await?)?),
        _ => None,
    };
    // 4. Decide access.
    let organization = settings_access(&caller.claims, &requested)?;
    // 5. Read or change the settings; 6. Compare the ETag of a GET.
    let sources = match &change {
        Some(_) => ReportSources::for_changes(context, caller.service, &organization),
        None => ReportSources::new(context, caller.service, &organization),
    };
    let report = sources.context(context, caller.service, &caller.claims);
    match change {
        Some(change) => ApiResponse::success(&change_settings(&report, &organization, &change, context.now).await?),
        None => {
            let settings = read_settings(&report, &organization, context.now).await?;
            Ok(ApiResponse::json_or_not_modified(
                context,
                envelope::success(&settings)?,
            ))
        }
    }
}
