//! The texts of statements, without their comments: those are for readers, and would be a tenth of what is deployed.

/// The text of the given files one after the other, without the lines that are comments. Paths are as for `include_str!`.
#[macro_export]
macro_rules! sql {
    ($($file:literal),+ $(,)?) => {{
        const TEXT: &str = concat!($(include_str!($file)),+);
        const LENGTH: usize = $crate::storage::sql_text::length_without_comments(TEXT);
        const BYTES: [u8; LENGTH] = $crate::storage::sql_text::without_comments(TEXT);
        const SQL: &str = match ::core::str::from_utf8(&BYTES) {
            Ok(text) => text,
            Err(_) => "",
        };
        SQL
    }};
}

/// Whether the line that begins at `start` is a comment.
#[allow(clippy::indexing_slicing, reason = "a constant: a mistake would not compile")]
const fn is_comment(text: &[u8], start: usize) -> bool {
    let mut position = start;
    while position < text.len() && text[position] == b' ' {
        position += 1;
    }
    position + 1 < text.len() && text[position] == b'-' && text[position + 1] == b'-'
}

/// How many bytes of `text` are not in lines that are comments.
#[must_use]
#[allow(clippy::indexing_slicing, reason = "a constant: a mistake would not compile")]
pub const fn length_without_comments(text: &str) -> usize {
    let text = text.as_bytes();
    let (mut length, mut position, mut is_dropped) = (0, 0, is_comment(text, 0));
    while position < text.len() {
        if !is_dropped {
            length += 1;
        }
        if text[position] == b'\n' {
            is_dropped = is_comment(text, position + 1);
        }
        position += 1;
    }
    length
}

/// `text` without the lines that are comments.
#[must_use]
#[allow(clippy::indexing_slicing, reason = "a constant: a mistake would not compile")]
pub const fn without_comments<const LENGTH: usize>(text: &str) -> [u8; LENGTH] {
    let text = text.as_bytes();
    let mut kept = [0; LENGTH];
    let (mut length, mut position, mut is_dropped) = (0, 0, is_comment(text, 0));
    while position < text.len() {
        if !is_dropped {
            kept[length] = text[position];
            length += 1;
        }
        if text[position] == b'\n' {
            is_dropped = is_comment(text, position + 1);
        }
        position += 1;
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::{length_without_comments, without_comments};

    #[test]
    fn drops_lines_that_are_comments_and_nothing_else() {
        const TEXT: &str = "-- A comment.\n--\nSELECT 1 - -1\n  -- Another one.\nFROM t -- at its end\n";
        const LENGTH: usize = length_without_comments(TEXT);
        let kept: [u8; LENGTH] = without_comments(TEXT);
        assert_eq!(std::str::from_utf8(&kept), Ok("SELECT 1 - -1\nFROM t -- at its end\n"));
    }
}
