//! A valid token with any one byte changed is no longer valid.

use crate::identity::isolate::report;
use crate::identity::vectors::Vectors;
use std::fmt::Write as _;

/// What a byte is changed to: the letters of base64url, the dot, and what lenient parsers skip or take for a letter.
const LETTERS: &str = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.=+/ \0\u{80}";

/// What is inserted between two bytes. A few of each kind are enough, because most insertions make a segment's length
/// impossible.
const INSERTED: &str = "AQ_.=+ \0";

/// A token with each of its bytes replaced, removed or swapped with the next, with a letter inserted before it, and cut
/// there.
fn mutations(token: &str) -> impl Iterator<Item = String> + '_ {
    let changed = move |at: usize| {
        let (before, after) = (&token[..at], &token[at + 1..]);
        let replaced = LETTERS.chars().map(move |letter| format!("{before}{letter}{after}"));
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
    let appended = LETTERS.chars().map(move |letter| format!("{token}{letter}"));
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
    for (algorithm, id) in [
        ("HS256", "hs-1"),
        ("RS256", "rs-1"),
        ("ES256", "es-1"),
        ("EdDSA", "ed-1"),
    ] {
        let name = format!("{id} under its kid");
        let token = &all.iter().find(|vector| vector.name == name).unwrap().token;
        // The isolate caches the token. No mutation may be taken for it.
        let isolate = vectors.isolate("main");
        assert_eq!(isolate.verdict(token, vectors.now()), "accepted");
        let mut tried = 0;
        for mutation in mutations(token) {
            let verified = isolate.verify(&mutation, vectors.now());
            assert!(verified.is_err(), "{algorithm}: {token} as {mutation:?}");
            tried += 1;
        }
        assert!(tried > token.len() * LETTERS.chars().count(), "{algorithm}: {tried}");
        writeln!(table, "{algorithm:<32}{tried:>8}{:>10}{tried:>10}", 0).unwrap();
    }
    report("mutations", &table);
}
