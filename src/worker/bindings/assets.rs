//! The static files that are deployed with the worker.

use worker::{Env, Result};

/// The text of the file at `path`.
///
/// # Errors
/// If there is no binding `ASSETS`, or no such file.
pub async fn text(env: &Env, path: &str) -> Result<String> {
    let url = format!("https://assets.invalid{path}");
    let mut response = env.assets("ASSETS")?.fetch(url, None).await?;
    if response.status_code() != 200 {
        return Err(format!("the answer was {}", response.status_code()).into());
    }
    response.text().await
}
