//! What became of a connection's webhooks, counted in memory until it is stored.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::connector::connection::Kind;
use crate::connector::outcome::{Note, Outcome};
use serde_json::json;

/// How long is counted before it is stored, unless there is something new.
pub const STORE_EVERY_MS: i64 = MINUTE_MS;

/// The counts of a tally: the outcomes, and after them the webhooks that were refused.
pub const COUNTS: usize = 5;
const REFUSED: usize = 4;

/// What became of the webhooks of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tally {
    /// How many there were, by [`Outcome`]; the last are those that were refused.
    pub counts: [i64; COUNTS],
    /// Bit n stands for the webhook n of [`Kind::webhooks`].
    pub seen: i64,
    /// When the last authentic one came, in milliseconds since 1970, or 0.
    pub received_at: i64,
    /// The same of one of which something was taken in.
    pub mapped_at: i64,
    /// The same of one of which something was not taken in.
    pub problem_at: i64,
    /// The same of one that was refused.
    pub refused_at: i64,
    /// How far the help desk's clock is ahead, in milliseconds, if its webhooks say when they were sent.
    pub skew_ms: Option<i64>,
    /// What was not taken in, as JSON: the webhook, a path and types, and never a value.
    pub problem: Option<String>,
    /// Why the last one was refused.
    pub refusal: Option<String>,
}

impl Tally {
    /// Counts an authentic webhook. `sent_at` is the time that it says it was sent, if it says one.
    pub fn count(
        &mut self,
        kind: Kind,
        outcome: Outcome,
        webhook: Option<&'static str>,
        notes: &[Note],
        sent_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        self.add(outcome as usize);
        let now_ms = now.as_milliseconds();
        self.received_at = now_ms;
        self.seen |= bit_of(kind, webhook);
        if matches!(outcome, Outcome::Mapped | Outcome::Partly) {
            self.mapped_at = now_ms;
        }
        if let Some(note) = notes.first() {
            self.problem_at = now_ms;
            let problem = json!({
                "webhook": webhook,
                "path": note.path,
                "found": note.found,
                "expected": note.expected,
            });
            self.problem = Some(problem.to_string());
        }
        if let Some(sent_at) = sent_at {
            self.skew_ms = Some(sent_at.milliseconds_since(now));
        }
    }

    /// Counts a webhook that was refused.
    pub fn count_refused(&mut self, cause: String, now: Timestamp) {
        self.add(REFUSED);
        self.refused_at = now.as_milliseconds();
        self.refusal = Some(cause);
    }

    fn add(&mut self, index: usize) {
        if let Some(count) = self.counts.get_mut(index) {
            *count = count.saturating_add(1);
        }
    }

    /// Whether `self` has a webhook or an outcome that `other` does not have.
    fn has_more_than(&self, other: &Self) -> bool {
        let mut counts = self.counts.iter().zip(other.counts);
        self.seen & !other.seen != 0 || counts.any(|(count, before)| *count > 0 && before == 0)
    }

    fn add_kinds_of(&mut self, other: &Self) {
        self.seen |= other.seen;
        for (count, other) in self.counts.iter_mut().zip(other.counts) {
            *count = (*count).max(other);
        }
    }
}

fn bit_of(kind: Kind, webhook: Option<&str>) -> i64 {
    let index = kind.webhooks().iter().position(|name| Some(*name) == webhook);
    let index = index.and_then(|index| u32::try_from(index).ok());
    index.and_then(|index| 1_i64.checked_shl(index)).unwrap_or_default()
}

/// The tally of a connection in this isolate, and what has been stored of it.
#[derive(Debug, Clone, Default)]
pub struct Counter {
    /// What has not been stored yet.
    pub tally: Tally,
    /// What the isolate has ever stored, to see what is new.
    stored: Tally,
    stored_at: Option<Timestamp>,
}

impl Counter {
    /// What is to be stored now, if anything is. What is new since the isolate started, such as the first webhook of a name, is
    /// stored at once; there are at most as many of these as there are names and outcomes. All else is stored once a minute.
    pub fn take(&mut self, now: Timestamp) -> Option<Tally> {
        let is_due = self.stored_at.is_none_or(|stored_at| {
            let age_ms = now.milliseconds_since(stored_at);
            !(0..STORE_EVERY_MS).contains(&age_ms)
        });
        if !is_due && !self.tally.has_more_than(&self.stored) {
            return None;
        }
        let tally = std::mem::take(&mut self.tally);
        self.stored.add_kinds_of(&tally);
        self.stored_at = Some(now);
        Some(tally)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, Tally};
    use crate::base::timestamp::Timestamp;
    use crate::connector::connection::Kind;
    use crate::connector::outcome::{Note, Outcome};
    use std::borrow::Cow;

    const START: Timestamp = Timestamp::from_milliseconds(1_780_000_000_000);

    fn count(counter: &mut Counter, outcome: Outcome, webhook: &'static str, now: Timestamp) {
        let note = Note {
            path: "/id".to_owned(),
            found: "absent",
            expected: Cow::Borrowed("an id"),
        };
        let notes = if outcome == Outcome::Mapped { vec![] } else { vec![note] };
        counter.tally.count(
            Kind::Chatwoot,
            outcome,
            Some(webhook),
            &notes,
            Some(now.minus(250)),
            now,
        );
    }

    #[test]
    fn stores_what_is_new_at_once_and_all_else_once_a_minute() {
        let mut counter = Counter::default();
        let mut stored = Vec::new();
        for second in 0..600 {
            let now = Timestamp::from_milliseconds(START.as_milliseconds() + second * 1_000);
            let webhook = if second == 5 {
                "message_updated"
            } else {
                "message_created"
            };
            let outcome = if second == 7 { Outcome::Partly } else { Outcome::Mapped };
            count(&mut counter, outcome, webhook, now);
            stored.extend(counter.take(now).map(|tally| (second, tally)));
        }
        let seconds: Vec<i64> = stored.iter().map(|(second, _)| *second).collect();
        assert_eq!(seconds, [0, 5, 7, 67, 127, 187, 247, 307, 367, 427, 487, 547]);
        let total: i64 = stored.iter().map(|(_, tally)| tally.counts.iter().sum::<i64>()).sum();
        assert_eq!(total, 548, "each webhook is stored once");
        let (_, first) = &stored[0];
        assert_eq!(first.skew_ms, Some(-250));
        assert_eq!(first.problem, None);
        let (_, third) = &stored[2];
        let problem = third.problem.as_deref().unwrap();
        assert_eq!(
            problem,
            r#"{"expected":"an id","found":"absent","path":"/id","webhook":"message_created"}"#
        );
    }

    #[test]
    fn stores_when_the_clock_was_set_back() {
        let mut counter = Counter::default();
        count(&mut counter, Outcome::Mapped, "message_created", START);
        assert!(counter.take(START).is_some());
        count(&mut counter, Outcome::Mapped, "message_created", START);
        assert!(counter.take(START.minus(1)).is_some());
        assert_eq!(counter.take(START.minus(1)), None);
    }

    #[test]
    fn a_refusal_is_counted_with_its_cause() {
        let mut tally = Tally::default();
        tally.count_refused("signature: malformed".to_owned(), START);
        assert_eq!(tally.counts, [0, 0, 0, 0, 1]);
        assert_eq!((tally.received_at, tally.refused_at), (0, START.as_milliseconds()));
    }
}
