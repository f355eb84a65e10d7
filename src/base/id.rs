//! Ids of whatever a source names. They are opaque strings.

/// The most characters of an id.
pub const ID_CHARACTERS_MAX: usize = 128;

/// What an id is, in messages.
pub const ID_EXPECTED: &str = "an id of 1 to 128 characters without control characters";

/// Whether `text` may be an id: 1 to [`ID_CHARACTERS_MAX`] characters, none of them a control character.
#[must_use]
pub fn is_id(text: &str) -> bool {
    !text.is_empty() && text.chars().count() <= ID_CHARACTERS_MAX && !text.chars().any(char::is_control)
}

#[cfg(test)]
mod tests {
    use super::{ID_CHARACTERS_MAX, ID_EXPECTED};

    #[test]
    fn messages_name_the_limit() {
        assert!(ID_EXPECTED.contains(&format!(" 1 to {ID_CHARACTERS_MAX} characters")));
    }
}
