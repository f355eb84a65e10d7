//! A valid token with any one byte changed is no longer valid.

use crate::identity::isolate::report;
use crate::identity::vectors::Vectors;
use crate::support::histories_factor;
use std::fmt::Write as _;

/// What a byte is changed to: letters of base64url, and the dot and what lenient parsers skip or take for a letter.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
const OTHERS: &str = ".=+/ \0\u{80}";
/// With keys whose signatures take a while to verify, each byte is changed to every eighth letter, the next byte to
/// others; in `npm run test:histories` to all of them.
const LETTER_STEP: usize = 8;

/// What is inserted between two bytes. A few of each kind are enough, because most insertions make a segment's length
/// impossible.
const INSERTED: &str = "AQ_.=+ \0";

/// A token with each of its bytes replaced, removed or swapped with the next, with a letter inserted before it, and cut
/// there. Where a segment ends all letters are tried, because some of them differ only in bits that decode to nothing;
/// elsewhere every `letter_step`th.
fn mutations(token: &str, letter_step: usize) -> impl Iterator<Item = String> + '_ {
    let changed = move |at: usize| {
        let (before, after) = (&token[..at], &token[at + 1..]);
        let is_last_of_segment = after.is_empty() || after.starts_with('.');
        let step = if is_last_of_segment { 1 } else { letter_step };
        let letters = LETTERS.chars().skip(at % step).step_by(step);
        let replaced = letters
            .chain(OTHERS.chars())
            .map(move |letter| format!("{before}{letter}{after}"));
        let inserted = INSERTED
            .chars()
            .map(move |letter| format!("{before}{letter}{}", &token[at..]));
        let swapped = after
            .chars()
            .next()
            .map(|next| format!("{before}{next}{}{}", &token[at..=at], &after[1..]));
        replaced.chain(inserted).chain(swapped).chain([
            format!("{before}{after}"),
            before.to_owned(),
            token[at..].to_owned(),
        ])
    };
    let appended = LETTERS
        .chars()
        .chain(OTHERS.chars())
        .map(move |letter| format!("{token}{letter}"));
    (0..token.len())
        .flat_map(changed)
        .chain(appended)
        .filter(move |mutation| mutation != token)
}

#[test]
fn no_mutation_of_a_token_is_accepted() {
    let vectors = Vectors::read();
    let all = vectors.all();
    let mut table = format!(
        "{:<32}{:>8}{:>10}{:>10}\n",
        "Mutations of one byte", "tried", "accepted", "refused"
    );
    let sampled = if histories_factor().is_none() { LETTER_STEP } else { 1 };
    for (algorithm, id, letter_step) in [
        ("HS256", "hs-1", 1),
        ("RS256", "rs-1", sampled),
        ("ES256", "es-1", sampled),
        ("EdDSA", "ed-1", sampled),
    ] {
        let name = format!("{id} under its kid");
        let token = &all.iter().find(|vector| vector.name == name).unwrap().token;
        // The isolate caches the token. No mutation may be taken for it.
        let isolate = vectors.isolate("main");
        assert_eq!(isolate.verdict(token, vectors.now()), "accepted");
        let mut tried = 0;
        for mutation in mutations(token, letter_step) {
            let verified = isolate.verify(&mutation, vectors.now());
            assert!(verified.is_err(), "{algorithm}: {token} as {mutation:?}");
            tried += 1;
        }
        let expected = token.len() * (LETTERS.len() / letter_step + OTHERS.chars().count());
        assert!(tried > expected, "{algorithm}: {tried}");
        writeln!(table, "{algorithm:<32}{tried:>8}{:>10}{tried:>10}", 0).unwrap();
    }
    report("mutations", &table);
}
