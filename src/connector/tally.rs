//! What became of a connection's webhooks, counted in memory until it is stored.

use crate::base::timestamp::{MINUTE_MS, Timestamp};
use crate::connector::help_desk::HelpDesk;
use crate::connector::outcome::{Note, WebhookOutcome};
use serde_json::json;

/// A connection's counts are stored at most once in this time, by all instances of the worker together.
pub const STORE_EVERY_MS: i64 = MINUTE_MS;
/// How long after the first webhook of that time they are stored, together with those that came meanwhile: one action
/// in a help desk sends several.
pub const STORE_AFTER_MS: u32 = 5_000;

/// The counts of a tally: the outcomes, and after them the webhooks that were refused.
pub const COUNTS: usize = 5;
const REFUSED: usize = 4;

/// What became of the webhooks of one connection.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct WebhookTally {
    /// How many there were, by [`WebhookOutcome`]; the last are those that were refused.
    pub counts: [i64; COUNTS],
    /// Bit n stands for the webhook n of [`HelpDesk::webhooks`].
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

impl WebhookTally {
    /// Counts an authentic webhook. `sent_at` is the time that it says it was sent, if it says one.
    pub fn count(
        &mut self,
        kind: HelpDesk,
        outcome: WebhookOutcome,
        webhook: Option<&'static str>,
        notes: &[Note],
        sent_at: Option<Timestamp>,
        now: Timestamp,
    ) {
        self.add(outcome as usize);
        let now_ms = now.as_milliseconds();
        self.received_at = now_ms;
        self.seen |= bit_of(kind, webhook);
        if matches!(outcome, WebhookOutcome::Mapped | WebhookOutcome::Partly) {
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

    /// Adds what was counted earlier. What is known of the last webhooks stays.
    pub fn add_earlier(&mut self, earlier: Self) {
        for (count, more) in self.counts.iter_mut().zip(earlier.counts) {
            *count = count.saturating_add(more);
        }
        self.seen |= earlier.seen;
        self.received_at = self.received_at.max(earlier.received_at);
        self.mapped_at = self.mapped_at.max(earlier.mapped_at);
        self.problem_at = self.problem_at.max(earlier.problem_at);
        self.refused_at = self.refused_at.max(earlier.refused_at);
        self.skew_ms = self.skew_ms.or(earlier.skew_ms);
        self.problem = self.problem.take().or(earlier.problem);
        self.refusal = self.refusal.take().or(earlier.refusal);
    }
}

fn bit_of(kind: HelpDesk, webhook: Option<&str>) -> i64 {
    let index = kind.webhooks().iter().position(|name| Some(*name) == webhook);
    let index = index.and_then(|index| u32::try_from(index).ok());
    index.and_then(|index| 1_i64.checked_shl(index)).unwrap_or_default()
}

/// The tally of a connection in this isolate. It is stored at most once a minute, unless another isolate was faster,
/// and what is not stored yet is kept.
#[derive(Debug, Clone, Default)]
pub struct Counter {
    /// What is not stored yet.
    pub tally: WebhookTally,
    /// When the minute began in which it was stored last, or is about to be.
    begun_at: Option<Timestamp>,
    is_stored: bool,
}

impl Counter {
    /// Begins a minute if the last one is over. Then the tally is to be stored [`STORE_AFTER_MS`] later.
    pub fn begin(&mut self, now: Timestamp) -> bool {
        let is_over = self.begun_at.is_none_or(|begun_at| {
            let age_ms = now.milliseconds_since(begun_at);
            !(0..STORE_EVERY_MS).contains(&age_ms)
        });
        if is_over {
            self.begun_at = Some(now);
            self.is_stored = false;
        }
        is_over
    }

    /// Takes what is to be stored now: nothing, if something was stored in this minute or nothing has been counted.
    pub fn take(&mut self, now: Timestamp) -> Option<WebhookTally> {
        self.begin(now);
        if self.is_stored || self.tally == WebhookTally::default() {
            return None;
        }
        self.is_stored = true;
        Some(std::mem::take(&mut self.tally))
    }

    /// Takes back a tally that was not stored, because the database failed, or because another isolate had stored
    /// something at `stored_at`. A minute after that, the first webhook decides which isolate is next.
    pub fn put_back(&mut self, tally: WebhookTally, stored_at: Option<Timestamp>) {
        self.tally.add_earlier(tally);
        if let Some(stored_at) = stored_at {
            self.begun_at = Some(stored_at.minus(i64::from(STORE_AFTER_MS)));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, WebhookTally};
    use crate::base::timestamp::Timestamp;
    use crate::connector::help_desk::HelpDesk;
    use crate::connector::outcome::{Note, WebhookOutcome};
    use std::borrow::Cow;

    const START: Timestamp = Timestamp::from_milliseconds(1_780_000_000_000);

    fn count(counter: &mut Counter, outcome: WebhookOutcome, webhook: &'static str, now: Timestamp) {
        let note = Note {
            path: "/id".to_owned(),
            found: "absent",
            expected: Cow::Borrowed("an id"),
        };
        let notes = if outcome == WebhookOutcome::Mapped {
            vec![]
        } else {
            vec![note]
        };
        counter.tally.count(
            HelpDesk::Chatwoot,
            outcome,
            Some(webhook),
            &notes,
            Some(now.minus(250)),
            now,
        );
    }

    /// Each webhook is counted a second after the one before, and stored `delay` seconds after the minute began.
    fn seconds_and_tallies(delay: i64) -> Vec<(i64, WebhookTally)> {
        let mut counter = Counter::default();
        let mut due = None;
        let mut stored = Vec::new();
        for second in 0..600 {
            let now = Timestamp::from_milliseconds(START.as_milliseconds() + second * 1_000);
            let webhook = if second == 7 {
                "message_updated"
            } else {
                "message_created"
            };
            let outcome = if second == 7 {
                WebhookOutcome::Partly
            } else {
                WebhookOutcome::Mapped
            };
            count(&mut counter, outcome, webhook, now);
            if counter.begin(now) {
                due = Some(second + delay);
            }
            if due == Some(second) {
                stored.extend(counter.take(now).map(|tally| (second, tally)));
            }
        }
        // Whatever comes last is stored without another webhook.
        let end = Timestamp::from_milliseconds(START.as_milliseconds() + 700_000);
        stored.extend(counter.take(end).map(|tally| (700, tally)));
        stored
    }

    #[test]
    fn stores_once_a_minute_and_loses_nothing() {
        let stored = seconds_and_tallies(5);
        let seconds: Vec<i64> = stored.iter().map(|(second, _)| *second).collect();
        assert_eq!(seconds, [5, 65, 125, 185, 245, 305, 365, 425, 485, 545, 700]);
        let mut total = WebhookTally::default();
        for (_, tally) in stored {
            let mut later = tally;
            later.add_earlier(total);
            total = later;
        }
        assert_eq!(total.counts, [599, 1, 0, 0, 0], "each webhook is stored once");
        assert_eq!((total.seen, total.skew_ms), (0b1_1000, Some(-250)));
        assert_eq!(total.problem_at, START.as_milliseconds() + 7_000);
        assert_eq!(
            total.problem.as_deref(),
            Some(r#"{"expected":"an id","found":"absent","path":"/id","webhook":"message_updated"}"#)
        );
    }

    #[test]
    fn what_could_not_be_stored_is_stored_a_minute_later_with_what_came_meanwhile() {
        let mut counter = Counter::default();
        count(&mut counter, WebhookOutcome::Unmappable, "message_updated", START);
        let failed = counter.take(START).unwrap();
        let second = Timestamp::from_milliseconds(START.as_milliseconds() + 1_000);
        count(&mut counter, WebhookOutcome::Unmappable, "message_created", second);
        counter.put_back(failed, None);
        assert_eq!(counter.take(second), None, "not in the same minute");
        let minute = Timestamp::from_milliseconds(START.as_milliseconds() + 60_000);
        let tally = counter.take(minute).unwrap();
        assert_eq!((tally.counts, tally.seen), ([0, 0, 0, 2, 0], 0b1_1000));
        assert_eq!(tally.received_at, second.as_milliseconds());
        assert!(
            tally.problem.unwrap().contains("message_created"),
            "the last problem stays"
        );
        assert_eq!(counter.take(minute), None, "there is nothing more");
    }

    #[test]
    fn stores_when_the_clock_was_set_back() {
        let mut counter = Counter::default();
        count(&mut counter, WebhookOutcome::Mapped, "message_created", START);
        assert!(counter.take(START).is_some());
        count(&mut counter, WebhookOutcome::Mapped, "message_created", START);
        assert!(counter.take(START.minus(1)).is_some());
        assert_eq!(counter.take(START.minus(1)), None);
    }

    #[test]
    fn a_refusal_is_counted_with_its_cause() {
        let mut tally = WebhookTally::default();
        tally.count_refused("signature: malformed".to_owned(), START);
        assert_eq!(tally.counts, [0, 0, 0, 0, 1]);
        assert_eq!((tally.received_at, tally.refused_at), (0, START.as_milliseconds()));
    }
}
