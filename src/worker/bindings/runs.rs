//! A data point of Workers Analytics Engine for each refresh.

use crate::refresh::Run;
use crate::worker::log;
use crate::worker::log::Line;
use worker::{AnalyticsEngineDataPointBuilder, Env};

/// Writes what a run over the database with a binding did to the dataset bound as `RUNS`, if there is one.
/// docs/operating.md lists the numbers in their order.
pub fn write(env: &Env, binding: &str, run: &Run) {
    let Ok(dataset) = env.analytics_engine("RUNS") else {
        return;
    };
    let behind_ms = run.behind_since.map_or(0, |since| run.as_of.milliseconds_since(since));
    let numbers = [
        run.duration_ms,
        run.organizations_seen as i64,
        run.organizations_published as i64,
        run.organizations_failed as i64,
        run.organizations_left as i64,
        behind_ms / 1_000,
        run.conversations_folded as i64,
        run.rows_published as i64,
        run.statements as i64,
        run.rows_read as i64,
        run.rows_written as i64,
        run.conversations_swept as i64,
        run.records_removed as i64,
        run.erasures_finished as i64,
        run.organizations_purged as i64,
        run.items_expired,
        run.unknown_conversations,
        run.truncated_organizations,
        run.database_percent as i64,
    ];
    let point = AnalyticsEngineDataPointBuilder::new()
        .indexes(["refresh"])
        .blobs([binding])
        .doubles(numbers.map(|number| number as f64))
        .build();
    if let Err(error) = dataset.write_data_point(&point) {
        log::error(&Line {
            message: "data point not written",
            cause: Some(&error.to_string()),
            ..Line::default()
        });
    }
}
