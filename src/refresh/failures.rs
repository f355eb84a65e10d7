//! The organizations that a run could not refresh.

/// Organizations, each with the first reason why it could not be refreshed.
#[derive(Debug, Clone, Default)]
pub struct Failures(Vec<(String, String)>);

impl Failures {
    /// The organizations with their reasons, in the order in which they failed.
    #[must_use]
    pub fn reasons(&self) -> &[(String, String)] {
        &self.0
    }

    /// Whether an organization has failed.
    pub(super) fn contains(&self, organization_id: &str) -> bool {
        self.0.iter().any(|(failed, _)| failed == organization_id)
    }

    /// Adds an organization with its reason, unless it has failed before.
    pub(super) fn add(&mut self, organization_id: &str, reason: String) {
        if !self.contains(organization_id) {
            self.0.push((organization_id.to_owned(), reason));
        }
    }
}
