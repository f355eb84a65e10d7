//! The summary's answer: pushed together, for it has more shapes than values.

use crate::base::strict_json::push_text;
use crate::conversation::category::Category;
use crate::report::json::ReportQuery;
use crate::snapshot::summary::{AGES_FROM_MINUTES, Count, Summary};
use std::fmt::{Display, Write};

impl ReportQuery<'_> {
    /// The body of a summary.
    #[must_use]
    pub fn write_summary(&self, summary: &Summary<'_>) -> String {
        let mut json = String::with_capacity(1_024);
        json.push_str(r#"{"success":true,"data":{"organizationId":"#);
        push_text(&mut json, Some(self.access.organization.as_str()));
        json.push_str(r#","generatedAt":"#);
        push_text(&mut json, self.generated_at().as_deref());
        json.push_str(r#","snapshotId":"#);
        push_text(&mut json, self.snapshot_id.as_deref());
        push_number(&mut json, r#","thresholdMinutes":"#, &self.threshold_minutes());
        json.push_str(r#","snapshotMissing":"#);
        push_flag(&mut json, self.snapshot.is_none());
        json.push_str(r#","stale":"#);
        push_flag(&mut json, self.stale);
        let categories = summary.categories;
        push_number(&mut json, r#","total":"#, &categories.of(None));
        let mut before = r#","byCategory":{"ai_stuck":"#;
        for category in [Category::AiStuck, Category::AgentAbandoned] {
            push_number(&mut json, before, &categories.of(Some(category)));
            before = r#","agent_abandoned":"#;
        }
        push_object(&mut json, r#"},"byReason":{"#, &summary.reasons);
        push_object(&mut json, r#"},"byChannel":{"#, &summary.channels);
        push_lines(&mut json, r#"},"byDepartment":["#, &summary.departments, true);
        push_lines(&mut json, r#"],"byAssignee":["#, &summary.assignees, false);
        json.push_str(r#"],"ageMinutes":["#);
        let mut before = r#"{"from":"#;
        let ends = AGES_FROM_MINUTES.iter().skip(1).map(Some).chain([None]);
        for ((from, to), rows) in AGES_FROM_MINUTES.iter().zip(ends).zip(summary.ages) {
            push_number(&mut json, before, from);
            match to {
                Some(to) => push_number(&mut json, r#","to":"#, to),
                None => json.push_str(r#","to":null"#),
            }
            push_number(&mut json, r#","count":"#, &rows);
            before = r#"},{"from":"#;
        }
        json.push_str("}]}}");
        json
    }
}

fn push_number(json: &mut String, before: &str, number: &dyn Display) {
    // Writing to a String cannot fail.
    let _ = write!(json, "{before}{number}");
}

fn push_flag(json: &mut String, flag: bool) {
    json.push_str(if flag { "true" } else { "false" });
}

/// The members of an object: keys with their rows.
fn push_object(json: &mut String, before: &str, counts: &[Count<'_>]) {
    json.push_str(before);
    for (number, count) in counts.iter().enumerate() {
        if number > 0 {
            json.push(',');
        }
        push_text(json, count.key);
        push_number(json, ":", &count.rows);
    }
}

/// The elements of an array: keys with their rows; the key is a department's id, or the name itself.
fn push_lines(json: &mut String, before: &str, counts: &[Count<'_>], of_departments: bool) {
    json.push_str(before);
    for (number, count) in counts.iter().enumerate() {
        if number > 0 {
            json.push(',');
        }
        let mut name = count.key;
        if of_departments {
            json.push_str(r#"{"departmentId":"#);
            push_text(json, count.key);
            json.push_str(r#","name":"#);
            name = count.name;
        } else {
            json.push_str(r#"{"name":"#);
        }
        push_text(json, name);
        push_number(json, r#","count":"#, &count.rows);
        json.push('}');
    }
}
