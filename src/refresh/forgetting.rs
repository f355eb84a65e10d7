//! What the sweep forgets of conversations.

use crate::base::timestamp::{DAY_MS, Timestamp};
use crate::conversation::merge::Member;
use crate::conversation::resolution::CANCEL_MS;
use crate::conversation::retention::{Kept, kept, newest};
use crate::refresh::budget::SweepLimits;
use crate::refresh::merge_groups::Group;
use crate::refresh::stored::StoredConversation;
use crate::storage::database::DatabaseError;
use crate::storage::json_table::JsonCell;

/// How long a conversation in which somebody waits is kept, in milliseconds, if nothing happens to it.
pub const KEEP_WAITING_MS: i64 = 400 * DAY_MS;

/// The instants that decide what is old.
#[derive(Debug, Clone, Copy)]
pub struct Horizons {
    /// Whatever happened before this is old.
    pub items: Timestamp,
    /// Nothing need be kept of a conversation that was last touched before this.
    pub touched: Timestamp,
    /// The same where somebody waits.
    pub waiting: Timestamp,
    /// Items that come now are late if they arrived no later than this.
    pub swept_until: Timestamp,
}

impl Horizons {
    /// The horizons of a run as of an instant.
    pub fn new(as_of: Timestamp, limits: &SweepLimits) -> Self {
        let SweepLimits {
            keep_timeline_ms,
            keep_conversation_ms,
            ..
        } = *limits;
        // Nothing was touched before 1970.
        let kept = |milliseconds: i64| match keep_conversation_ms {
            0 => Timestamp::from_milliseconds(0),
            _ => as_of.minus(milliseconds.max(keep_timeline_ms)),
        };
        Self {
            items: as_of.minus(keep_timeline_ms),
            touched: kept(keep_conversation_ms),
            waiting: kept(keep_conversation_ms.max(KEEP_WAITING_MS)),
            swept_until: as_of.minus(keep_timeline_ms - CANCEL_MS),
        }
    }
}

/// How old a conversation may be.
#[derive(Debug, Clone, Copy, Default)]
pub struct Age {
    /// Its items are old, and have not been swept yet.
    pub is_old: bool,
    /// Nothing has touched it for so long that none of it need be kept.
    pub is_untouched: bool,
}

/// A conversation of which something is forgotten.
pub struct Forgotten {
    organization_id: String,
    conversation_id: String,
    /// The ids of the items that are kept.
    kept: Vec<String>,
    /// The conversations that were merged with it, and it.
    group: Vec<String>,
}

impl Forgotten {
    /// The columns that the statements about `forgotten` take.
    pub fn columns(&self) -> [JsonCell<'_>; 4] {
        [
            JsonCell::from(&self.organization_id),
            JsonCell::from(&self.conversation_id),
            JsonCell::Texts(&self.kept),
            JsonCell::Texts(&self.group),
        ]
    }
}

/// What is forgotten of some conversations.
#[derive(Default)]
pub struct Forgetting {
    /// Conversations that lose all items except some.
    pub items: Vec<Forgotten>,
    /// Conversations of which nothing stays.
    pub conversations: Vec<Forgotten>,
    /// The organizations and contacts of the latter.
    pub contacts: Vec<(String, String)>,
}

impl Forgetting {
    /// Decides as of an instant about conversations that were merged with each other, or about a single one.
    ///
    /// # Errors
    /// [`DatabaseError::Failed`] if something stored is damaged.
    pub fn decide(
        &mut self,
        horizons: Horizons,
        as_of: Timestamp,
        organization_id: &str,
        group: Group,
        age: Age,
    ) -> Result<(), DatabaseError> {
        let Horizons {
            items,
            touched,
            waiting,
            swept_until,
        } = horizons;
        // More old items may come.
        let is_awaiting_more = |conversation: &StoredConversation| {
            conversation.change_token.is_some() || conversation.late_at > swept_until.as_milliseconds()
        };
        if group.iter().any(|(stored, _)| is_awaiting_more(stored)) {
            return Ok(());
        }
        let ids: Vec<String> = group
            .iter()
            .filter(|(stored, _)| stored.is_known || !stored.items.items.is_empty())
            .map(|(stored, _)| stored.conversation_id.clone())
            .collect();
        let mut touched_at = None;
        let mut newest_at = None;
        let mut contacts = Vec::new();
        let mut members = Vec::with_capacity(group.len());
        for (stored, conversation) in group {
            touched_at = touched_at.max(Some(Timestamp::from_milliseconds(stored.updated_at)));
            if let Some(damage) = stored.items.damage {
                return Err(DatabaseError::Failed(damage));
            }
            contacts.extend(
                conversation
                    .as_ref()
                    .map(|conversation| (organization_id.to_owned(), conversation.contact_id.clone())),
            );
            let member = Member {
                id: stored.conversation_id,
                conversation,
                // Whoever waits is kept, acknowledged or not.
                acknowledgement: None,
                items: stored.items.items,
            };
            newest_at = newest_at.max(newest(&member));
            members.push(member);
        }
        let is_before =
            |instant: Option<Timestamp>, horizon: Timestamp| instant.is_none_or(|instant| instant < horizon);
        if !is_before(newest_at, items) {
            return Ok(());
        }
        touched_at = touched_at.max(newest_at);
        let kept = kept(members, as_of);
        let horizon = match kept {
            Kept::AsSomebodyWaits => waiting,
            Kept::Everything | Kept::Items(_) => touched,
        };
        let row = |kept: &[Box<str>], id: String| Forgotten {
            organization_id: organization_id.to_owned(),
            conversation_id: id,
            kept: kept.iter().map(|id| String::from(&**id)).collect(),
            group: ids.clone(),
        };
        if age.is_untouched && is_before(touched_at, horizon) {
            self.conversations.extend(ids.iter().cloned().map(|id| row(&[], id)));
            self.contacts.extend(contacts);
        } else if let (Kept::Items(kept), true) = (kept, age.is_old) {
            self.items.extend(ids.iter().cloned().map(|id| row(&kept, id)));
        }
        Ok(())
    }
}
