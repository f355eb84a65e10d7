//! The stalls that a destination fits, and what it was told of each.
//!
//! A stall begins when the conversation begins to fit the destination, and ends when it no longer does. A stall that
//! ends and begins again before its end was told counts as one.

/// The most bytes of a destination's stalls as they are stored. Stalls that do not fit are taken up once there is room.
pub const STALLS_BYTES_MAX: usize = 768 * 1024;

/// What a destination was told of a stall. Its letter is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// It will not be told: the stall was there before the destination, or the message was given up.
    Noted,
    /// It is to be told.
    New,
    /// It is to be told even if something has happened in the conversation since the last refresh.
    Late,
    /// A message under way tells it. It is not known yet whether that has arrived.
    Telling,
    /// The same, but the stall is over. Whatever happens, further attempts at this message leave it out.
    TellingOver,
    /// It was told.
    Told,
    /// It was told and is over. Its end is to be told.
    Over,
    /// A message under way tells its end. It is not known yet whether that has arrived.
    Clearing,
    /// The same, but another stall has begun. Whatever happens, further attempts at this message leave it out.
    ClearingAgain,
}

/// What became of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver has taken it.
    Delivered,
    /// The receiver has refused it.
    Refused,
    /// It may have arrived or not.
    Unknown,
    /// It is not tried any more.
    GivenUp,
}

const STAGES: [(Stage, char); 9] = [
    (Stage::Noted, 's'),
    (Stage::New, 'n'),
    (Stage::Late, 'l'),
    (Stage::Telling, 'm'),
    (Stage::TellingOver, 'x'),
    (Stage::Told, 't'),
    (Stage::Over, 'o'),
    (Stage::Clearing, 'c'),
    (Stage::ClearingAgain, 'd'),
];

/// What is known of a stall.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Known {
    stage: Stage,
    /// Whether a message told the stall, or its end, and nobody ever learned whether that arrived. If the stall goes
    /// on, it is told again; if it is over, its end is told, even if it may have been told already.
    is_doubted: bool,
}

impl Stage {
    const fn known(self) -> Known {
        Known {
            stage: self,
            is_doubted: false,
        }
    }
}

impl Known {
    /// It is over, and it is uncertain what the receiver knows of it.
    const DOUBTED: Self = Self {
        stage: Stage::Over,
        is_doubted: true,
    };

    fn with(self, stage: Stage) -> Self {
        Self { stage, ..self }
    }

    /// What is known of a stall that goes on.
    fn while_present(self) -> Self {
        match self.stage {
            Stage::Over if self.is_doubted => self.with(Stage::New),
            Stage::Over => self.with(Stage::Told),
            Stage::Clearing => self.with(Stage::ClearingAgain),
            _ => self,
        }
    }

    /// What is known of a stall that is over. `None` means that it can be forgotten.
    fn when_over(self) -> Option<Self> {
        match self.stage {
            Stage::New | Stage::Late if self.is_doubted => Some(Self::DOUBTED),
            Stage::Noted | Stage::New | Stage::Late => None,
            Stage::Telling => Some(self.with(Stage::TellingOver)),
            Stage::Told => Some(self.with(Stage::Over)),
            _ => Some(self),
        }
    }

    /// What is known after an attempt with this outcome. `None` means that the stall can be forgotten.
    fn after(self, outcome: DeliveryOutcome) -> Option<Self> {
        let doubted = self.is_doubted.then_some(Self::DOUBTED);
        match (outcome, self.stage) {
            (DeliveryOutcome::Delivered, Stage::Telling) => Some(Stage::Told.known()),
            (DeliveryOutcome::Delivered, Stage::TellingOver | Stage::ClearingAgain) => Some(Self::DOUBTED),
            (DeliveryOutcome::Delivered, Stage::Clearing) => None,
            (DeliveryOutcome::Refused, Stage::Telling) => Some(self.with(Stage::New)),
            (DeliveryOutcome::Refused, Stage::TellingOver) => doubted,
            (DeliveryOutcome::Refused, Stage::Clearing) => Some(self.with(Stage::Over)),
            (DeliveryOutcome::Refused, Stage::ClearingAgain) => doubted.or(Some(Stage::Told.known())),
            (DeliveryOutcome::GivenUp, Stage::New | Stage::Late | Stage::Telling | Stage::ClearingAgain) => {
                Some(Stage::Noted.known())
            }
            (DeliveryOutcome::GivenUp, Stage::TellingOver | Stage::Over | Stage::Clearing) => None,
            _ => Some(self),
        }
    }
}

/// A conversation that a destination fits.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Present<'a> {
    /// The conversation.
    pub conversation_id: &'a str,
    /// Whether a stall may begin: not outside business hours, and not of a row that is too old to be listed.
    pub may_begin: bool,
}

/// The stalls of a destination, by conversation, ascending.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Stalls(Vec<(Known, String)>);

impl Stalls {
    /// Reads what [`Stalls::to_text`] writes. A line that is something else is left out.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        let stall = |line: &str| {
            let letter = line.chars().next()?;
            let (stage, _) = STAGES.iter().find(|(_, own)| *own == letter.to_ascii_lowercase())?;
            let known = Known {
                stage: *stage,
                is_doubted: letter.is_ascii_uppercase(),
            };
            Some((known, line.get(1..)?.to_owned()))
        };
        Self(text.split('\n').filter_map(stall).collect())
    }

    /// One line for each stall: the letter of its stage, in upper case if it is doubted, and the conversation. Ids have
    /// no line breaks.
    #[must_use]
    pub fn to_text(&self) -> String {
        let mut text = String::new();
        for (known, conversation_id) in &self.0 {
            if !text.is_empty() {
                text.push('\n');
            }
            let letter = STAGES
                .iter()
                .find(|(own, _)| *own == known.stage)
                .map(|(_, letter)| *letter);
            text.extend(letter.map(|letter| {
                if known.is_doubted {
                    letter.to_ascii_uppercase()
                } else {
                    letter
                }
            }));
            text.push_str(conversation_id);
        }
        text
    }

    /// Brings the stalls up to date: `present` are the conversations that the destination fits now. While it
    /// `is_settling`, new stalls are not told.
    #[must_use]
    pub fn observe(&self, mut present: Vec<Present<'_>>, is_settling: bool) -> Self {
        present.sort_unstable_by_key(|now| now.conversation_id);
        let first = if is_settling { Stage::Noted } else { Stage::New }.known();
        let mut bytes: usize = self.0.iter().map(|(_, id)| id.len() + 2).sum();
        let mut next = Vec::with_capacity(self.0.len().max(present.len()));
        let mut known = self.0.iter().peekable();
        let pass = |next: &mut Vec<_>, (stage, id): &(Known, String)| {
            next.extend(stage.when_over().map(|stage| (stage, id.clone())));
        };
        for now in present {
            while let Some(over) = known.next_if(|(_, id)| id.as_str() < now.conversation_id) {
                pass(&mut next, over);
            }
            if let Some((stage, id)) = known.next_if(|(_, id)| id == now.conversation_id) {
                next.push((stage.while_present(), id.clone()));
            } else if now.may_begin && bytes + now.conversation_id.len() + 2 <= STALLS_BYTES_MAX {
                bytes += now.conversation_id.len() + 2;
                next.push((first, now.conversation_id.to_owned()));
            }
        }
        for over in known {
            pass(&mut next, over);
        }
        Self(next)
    }

    /// Whether any is in one of these stages.
    #[must_use]
    pub fn any(&self, stages: &[Stage]) -> bool {
        self.0.iter().any(|(known, _)| stages.contains(&known.stage))
    }

    /// The stage of a conversation's stall.
    #[must_use]
    pub fn stage(&self, conversation_id: &str) -> Option<Stage> {
        let found = self
            .0
            .binary_search_by(|(_, id)| id.as_str().cmp(conversation_id))
            .ok()?;
        self.0.get(found).map(|(known, _)| known.stage)
    }

    /// The conversations whose stalls are in a stage.
    pub fn in_stage(&self, stage: Stage) -> impl Iterator<Item = &str> {
        let wanted = self.0.iter().filter(move |(known, _)| known.stage == stage);
        wanted.map(|(_, id)| id.as_str())
    }

    /// Puts the stalls that are to be told into a message, except new ones of conversations in which something has
    /// happened since the last refresh. Those are told by the next message, whatever happens.
    pub fn tell(&mut self, has_changed: &dyn Fn(&str) -> bool) {
        for (known, id) in &mut self.0 {
            known.stage = match known.stage {
                Stage::New if has_changed(id) => Stage::Late,
                Stage::New | Stage::Late => Stage::Telling,
                other => other,
            };
        }
    }

    /// Puts the stalls whose end is to be told into a message.
    pub fn clear(&mut self) {
        for (known, _) in &mut self.0 {
            if known.stage == Stage::Over {
                known.stage = Stage::Clearing;
            }
        }
    }

    /// Notes what became of the message.
    pub fn settle(&mut self, outcome: DeliveryOutcome) {
        self.0 = std::mem::take(&mut self.0)
            .into_iter()
            .filter_map(|(stage, id)| Some((stage.after(outcome)?, id)))
            .collect();
    }
}

#[cfg(test)]
mod tests {
    use super::{DeliveryOutcome, Present, STAGES, Stage, Stalls};

    fn present(ids: &[&'static str]) -> Vec<Present<'static>> {
        let now = |id: &&'static str| Present {
            conversation_id: id,
            may_begin: true,
        };
        ids.iter().map(now).collect()
    }

    fn check(before: &str, now: &[&'static str], after: &str) {
        let stalls = Stalls::parse(before);
        assert_eq!(stalls.observe(present(now), false).to_text(), after, "{before}");
    }

    #[test]
    fn a_text_is_read_as_it_was_written() {
        let text: Vec<String> = STAGES
            .iter()
            .map(|(_, letter)| format!("{letter}c {letter}é"))
            .collect();
        let text = text.join("\n");
        assert_eq!(Stalls::parse(&text).to_text(), text);
        assert_eq!(Stalls::parse("").to_text(), "");
        assert_eq!(Stalls::parse("\nq?\né\nta").to_text(), "ta");
    }

    #[test]
    fn what_is_new_begins_and_what_is_gone_ends() {
        check("", &["a", "b"], "na\nnb");
        check("na\nlb\nsc", &[], "");
        check("tb", &["a", "b", "c"], "na\ntb\nnc");
        check("ta\ntb\ntc", &["b"], "oa\ntb\noc");
        // What ends and begins again before its end was told goes on.
        check("oa", &["a"], "ta");
        // Unless it is not known what was told.
        check("Oa", &["a"], "Na");
        check("Na", &[], "Oa");
        check("Oa", &[], "Oa");
    }

    #[test]
    fn what_a_message_says_is_settled_by_its_outcome() {
        let after = |text: &str, outcome| {
            let mut stalls = Stalls::parse(text);
            stalls.settle(outcome);
            stalls.to_text()
        };
        let text = "na\nmb\nxc\ncd\nde\ntf\nog";
        assert_eq!(after(text, DeliveryOutcome::Delivered), "na\ntb\nOc\nOe\ntf\nog");
        assert_eq!(after(text, DeliveryOutcome::Refused), "na\nnb\nod\nte\ntf\nog");
        assert_eq!(after("Ma\nXb\nCc\nDd", DeliveryOutcome::Delivered), "ta\nOb\nOd");
        assert_eq!(after("Ma\nXb\nCc\nDd", DeliveryOutcome::Refused), "Na\nOb\nOc\nOd");
        assert_eq!(after(text, DeliveryOutcome::Unknown), text);
        assert_eq!(after(text, DeliveryOutcome::GivenUp), "sa\nsb\nse\ntf");
        // While it is not known, what is over is not said again under the same number, even if it goes on.
        check("xa\ndb", &["a", "b"], "xa\ndb");
        check("ma\ncb", &["b"], "xa\ndb");
    }

    #[test]
    fn what_has_changed_waits_for_one_message() {
        let mut stalls = Stalls::parse("na\nnb\nlc");
        stalls.tell(&|id| id != "b");
        assert_eq!(stalls.to_text(), "la\nmb\nmc");
        assert!(stalls.any(&[Stage::Late]));
    }

    #[test]
    fn what_there_is_at_the_beginning_is_noted() {
        assert_eq!(Stalls::default().observe(present(&["a"]), true).to_text(), "sa");
        let closed = vec![Present {
            conversation_id: "a",
            may_begin: false,
        }];
        assert_eq!(Stalls::default().observe(closed.clone(), false).to_text(), "");
        assert_eq!(Stalls::parse("ta").observe(closed, false).to_text(), "ta");
    }
}
