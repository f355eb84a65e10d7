//! Writes the evidence.

use crate::auth::access::ReadAccess;
use crate::base::json_object::JsonObject;
use crate::base::timestamp::{DAY_MS, Timestamp};
use crate::conversation::evidence::ExplainedItem;
use crate::conversation::report_row::{join_row, row_of_none};
use crate::conversation::stall::Candidate;
use crate::evidence::read::ReadConversation;
use crate::evidence::{EvidenceError, damaged};
use crate::hours::calendar::{Calendar, CalendarOf, earliest_end};
use crate::report::rows::RowAccess;

/// Whether a candidate is listed.
struct Listing {
    /// `listed`, `below_threshold` or `too_old`.
    name: &'static str,
    /// When it crosses the threshold, or has. `None` means that it is too old before that.
    crosses_at: Option<Timestamp>,
    /// When it changes next without any event. `None` means never.
    changes_at: Option<Timestamp>,
}

impl ReadConversation {
    /// The evidence as JSON, for a caller.
    ///
    /// # Errors
    /// [`EvidenceError::Report`] if it cannot be written, which does not happen.
    pub fn evidence(&self, access: &ReadAccess, calendar_of: &CalendarOf) -> Result<String, EvidenceError> {
        let explanation = &self.explanation;
        let candidate = explanation.state.candidate.as_ref();
        let conversation = explanation.conversation.as_ref();
        let threshold_minutes = conversation.map(|conversation| {
            let department_id = conversation.department_id.as_deref();
            self.settings.threshold(department_id, &conversation.channel_type)
        });
        let calendar = candidate.and_then(|candidate| {
            let until = self.listed_until(candidate).max(self.as_of);
            self.settings.calendar(calendar_of, candidate.stalled_since, until)
        });
        let calendar = calendar.as_deref();
        let listing = candidate
            .zip(threshold_minutes)
            .map(|(candidate, minutes)| self.listing(candidate, minutes, calendar));
        let listing_changes_at = listing.as_ref().and_then(|listing| listing.changes_at);
        let changes = [explanation.state.due_at, listing_changes_at];
        let wait = explanation.wait.as_ref();

        let mut data = JsonObject::default();
        data.text("organizationId", Some(access.organization.as_str()));
        data.instant("asOf", Some(self.as_of));
        data.json("conversation", &self.conversation(access, calendar)?);
        data.text("responsible", explanation.responsible);
        data.instant("ownerSince", explanation.owner_since);
        data.instant("waitingSince", wait.map(|wait| wait.waiting_since));
        data.instant("stalledSince", wait.map(|wait| wait.stalled_since));
        data.instant("resolvedAt", explanation.resolved_at);
        let minutes = threshold_minutes.map_or_else(|| "null".to_owned(), |minutes| minutes.to_string());
        data.json("thresholdMinutes", &minutes);
        data.text("listing", listing.as_ref().map(|listing| listing.name));
        data.instant("crossesAt", listing.and_then(|listing| listing.crosses_at));
        data.instant("nextChangeAt", changes.into_iter().flatten().min());
        let items: Vec<String> = explanation.items.iter().map(item).collect();
        data.json("items", &["[", &items.join(","), "]"].concat());
        data.flag("hasEarlierItems", explanation.has_earlier_items);
        Ok(data.finish())
    }

    /// The last instant at which a candidate is not too old.
    fn listed_until(&self, candidate: &Candidate) -> Timestamp {
        let days = self.settings.max_age_days.saturating_mul(DAY_MS);
        candidate.stalled_since.plus(days)
    }

    /// Whether a candidate is listed, if `minutes` are its threshold.
    fn listing(&self, candidate: &Candidate, minutes: i64, calendar: Option<&Calendar>) -> Listing {
        let (from, as_of) = (candidate.stalled_since, self.as_of);
        let until = self.listed_until(candidate);
        let crosses_at = earliest_end(calendar, from, minutes, until);
        let (name, changes_at) = match crosses_at {
            _ if as_of > until => ("too_old", None),
            Some(crosses_at) if crosses_at <= as_of => ("listed", Some(until.plus(1))),
            Some(crosses_at) => ("below_threshold", Some(crosses_at)),
            None => ("below_threshold", Some(until.plus(1))),
        };
        Listing {
            name,
            crosses_at,
            changes_at,
        }
    }

    /// The members of its row, whether the caller has access, and what keeps it from being listed.
    fn conversation(&self, access: &ReadAccess, calendar: Option<&Calendar>) -> Result<String, EvidenceError> {
        let explanation = &self.explanation;
        let conversation = explanation.conversation.as_ref();
        let (id, contact) = (&*self.conversation_id, self.contact.as_ref());
        let joined = match &explanation.state.candidate {
            Some(candidate) => join_row(id, candidate, contact, &self.users).map_err(damaged)?,
            None => None,
        };
        let row = match joined {
            Some(joined) => joined.row.json,
            None => {
                let latest_inbound = explanation.latest_inbound.as_ref().map(|(id, at)| (&**id, *at));
                row_of_none(id, conversation, latest_inbound, contact, &self.users).map_err(damaged)?
            }
        };
        let has_access = match RowAccess::from(&access.view) {
            RowAccess::All => true,
            RowAccess::None => false,
            RowAccess::OfPerson(subject) => conversation.is_some_and(|conversation| {
                let mut people = conversation.owner_id.iter().chain(&conversation.assignee_ids);
                people.any(|id| id == subject)
            }),
        };
        let mut row = JsonObject::after(row);
        if let Some((calendar, candidate)) = calendar.zip(explanation.state.candidate.as_ref()) {
            let minutes = calendar.open_minutes(candidate.stalled_since, self.as_of);
            row.json("stalledBusinessMinutes", &minutes.to_string());
        }
        row.flag("hasAccess", has_access);
        // They are names of ours.
        let gates: Vec<String> = explanation.gates.iter().map(|gate| format!("\"{gate}\"")).collect();
        row.json("gates", &["[", &gates.join(","), "]"].concat());
        Ok(row.finish())
    }
}

fn item(item: &ExplainedItem) -> String {
    let mut json = JsonObject::default();
    json.instant("at", Some(item.at));
    json.text("type", Some(item.record_type));
    json.text("id", Some(&item.id));
    json.text("sender", item.sender);
    json.text("kind", item.kind);
    json.text("status", item.status);
    json.text("effect", Some(item.effect));
    json.finish()
}
