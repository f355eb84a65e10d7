//! Ids of whatever a source names. They are opaque strings.

/// The most characters of an id.
pub const ID_CHARACTERS_MAX: usize = 128;

/// Whether `text` may be an id: 1 to [`ID_CHARACTERS_MAX`] characters, none of them a control character.
#[must_use]
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= ID_CHARACTERS_MAX && !text.chars().any(char::is_control)
}
