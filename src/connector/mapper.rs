//! What a mapper is: the code that reads the webhooks of one kind of help desk.

use crate::connector::events::WebhookEvents;
use crate::connector::payload::Node;

/// What reads the webhooks of one kind of help desk.
pub struct Mapper {
    /// The members that it reads. All others are skipped.
    pub members: &'static [&'static str],
    /// Makes events of a webhook, and says which webhook it is.
    pub map: fn(&Node<'_, '_>, &mut WebhookEvents<'_>) -> Seen,
}

/// Which webhook it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// One that says something, by name.
    Mapped(&'static str),
    /// One that the help desk is known to send and that says nothing for us, by name.
    Unneeded(&'static str),
    /// None that is known.
    Unknown,
}

impl Seen {
    /// The webhook of this name, which comes from outside: only names of these lists are kept.
    pub fn new(name: &str, mapped: &[&'static str], unneeded: &[&'static str]) -> Self {
        let find = |names: &[&'static str]| names.iter().find(|known| **known == name).copied();
        match (find(mapped), find(unneeded)) {
            (Some(name), _) => Self::Mapped(name),
            (None, Some(name)) => Self::Unneeded(name),
            (None, None) => Self::Unknown,
        }
    }
}
