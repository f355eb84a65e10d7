//! The evidence, as it is answered.

use crate::auth::access::ReadAccess;
use crate::base::timestamp::{DAY_MS, Timestamp, rfc3339};
use crate::conversation::evidence::ExplainedItem;
use crate::conversation::report_row::ReportRow;
use crate::conversation::stall::Candidate;
use crate::evidence::read::ReadConversation;
use crate::hours::calendar::{Calendar, CalendarOf, earliest_end};
use crate::report::rows::RowAccess;
use serde::Serialize;

/// `ConversationEvidence` of the API document.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Evidence<'a> {
    organization_id: &'a str,
    #[serde(with = "rfc3339")]
    as_of: Timestamp,
    conversation: ExplainedConversation<'a>,
    responsible: Option<&'static str>,
    #[serde(with = "rfc3339::optional")]
    owner_since: Option<Timestamp>,
    #[serde(with = "rfc3339::optional")]
    waiting_since: Option<Timestamp>,
    #[serde(with = "rfc3339::optional")]
    stalled_since: Option<Timestamp>,
    #[serde(with = "rfc3339::optional")]
    resolved_at: Option<Timestamp>,
    threshold_minutes: Option<i64>,
    listing: Option<&'static str>,
    #[serde(with = "rfc3339::optional")]
    crosses_at: Option<Timestamp>,
    #[serde(with = "rfc3339::optional")]
    next_change_at: Option<Timestamp>,
    items: &'a [ExplainedItem],
    has_earlier_items: bool,
}

/// The members of its row, whether the caller has access, and what keeps it from being listed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct ExplainedConversation<'a> {
    #[serde(flatten)]
    row: ReportRow<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stalled_business_minutes: Option<i64>,
    has_access: bool,
    gates: &'a [&'static str],
}

/// Whether a candidate is listed.
struct ListedState {
    /// `listed`, `below_threshold` or `too_old`.
    name: &'static str,
    /// When it crosses the threshold, or has. `None` means that it is too old before that.
    crosses_at: Option<Timestamp>,
    /// When it changes next without any event. `None` means never.
    changes_at: Option<Timestamp>,
}

impl ReadConversation {
    /// The evidence for a caller.
    #[must_use]
    pub fn evidence<'a>(&'a self, access: &'a ReadAccess, calendar_of: &CalendarOf) -> Evidence<'a> {
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

        Evidence {
            organization_id: access.organization.as_str(),
            as_of: self.as_of,
            conversation: self.conversation(access, calendar),
            responsible: explanation.responsible,
            owner_since: explanation.owner_since,
            waiting_since: wait.map(|wait| wait.waiting_since),
            stalled_since: wait.map(|wait| wait.stalled_since),
            resolved_at: explanation.resolved_at,
            threshold_minutes,
            listing: listing.as_ref().map(|listing| listing.name),
            crosses_at: listing.and_then(|listing| listing.crosses_at),
            next_change_at: changes.into_iter().flatten().min(),
            items: &explanation.items,
            has_earlier_items: explanation.has_earlier_items,
        }
    }

    /// The last instant at which a candidate is not too old.
    fn listed_until(&self, candidate: &Candidate) -> Timestamp {
        let days = self.settings.max_age_days.saturating_mul(DAY_MS);
        candidate.stalled_since.plus(days)
    }

    /// Whether a candidate is listed, if `minutes` are its threshold.
    fn listing(&self, candidate: &Candidate, minutes: i64, calendar: Option<&Calendar>) -> ListedState {
        let (from, as_of) = (candidate.stalled_since, self.as_of);
        let until = self.listed_until(candidate);
        let crosses_at = earliest_end(calendar, from, minutes, until);
        let (name, changes_at) = match crosses_at {
            _ if as_of > until => ("too_old", None),
            Some(crosses_at) if crosses_at <= as_of => ("listed", Some(until.plus(1))),
            Some(crosses_at) => ("below_threshold", Some(crosses_at)),
            None => ("below_threshold", Some(until.plus(1))),
        };
        ListedState {
            name,
            crosses_at,
            changes_at,
        }
    }

    fn conversation(&self, access: &ReadAccess, calendar: Option<&Calendar>) -> ExplainedConversation<'_> {
        let explanation = &self.explanation;
        let conversation = explanation.conversation.as_ref();
        let candidate = explanation.state.candidate.as_ref();
        let (id, contact) = (&*self.conversation_id, self.contact.as_ref());
        let row = candidate.and_then(|candidate| ReportRow::new(id, candidate, contact, &self.users));
        let row = row.unwrap_or_else(|| {
            let latest_inbound = explanation.latest_inbound.as_ref().map(|(id, at)| (&**id, *at));
            ReportRow::without_candidate(id, conversation, latest_inbound, contact, &self.users)
        });
        let has_access = match RowAccess::from(&access.view) {
            RowAccess::All => true,
            RowAccess::None => false,
            RowAccess::OfPerson(subject) => conversation.is_some_and(|conversation| {
                let mut people = conversation.owner_id.iter().chain(&conversation.assignee_ids);
                people.any(|id| id == subject)
            }),
        };
        let minutes =
            |(calendar, candidate): (&Calendar, &Candidate)| calendar.open_minutes(candidate.stalled_since, self.as_of);
        ExplainedConversation {
            row,
            stalled_business_minutes: calendar.zip(candidate).map(minutes),
            has_access,
            gates: &explanation.gates,
        }
    }
}
