//! What the merges of stored conversations look like, so that a test can say how much of each kind it has seen.

use super::sqlite::Sqlite;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::AddAssign;

/// How many conversations there are of each kind.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub struct Families {
    /// Another conversation stands for it.
    pub merged: usize,
    /// The same, and that one is two steps away or more.
    pub by_chain: usize,
    /// It has more steps to its end than are followed.
    pub too_far: usize,
    /// Its chain leads back to it.
    pub in_cycle: usize,
    /// Its chain leads into a cycle that it is not in.
    pub into_cycle: usize,
    /// The record that it is merged into is unknown or removed.
    pub without_target: usize,
    /// Its published row is about a message of a conversation that was merged into it.
    pub listed_for_another: usize,
}

/// How many steps are followed.
const STEPS_MAX: usize = 16;

impl Families {
    /// Counts the conversations that are stored.
    pub fn of(database: &Sqlite) -> Self {
        let stored = database.query(
            "SELECT organization_id, record_id, coalesce(merged_into, '') FROM record
             WHERE type = 'conversation' AND deleted = 0",
        );
        let targets: BTreeMap<(&str, &str), &str> = stored
            .iter()
            .map(|row| ((row[0].as_str(), row[1].as_str()), row[2].as_str()))
            .collect();
        let mut families = Self::default();
        for (&(organization_id, id), &target) in &targets {
            if target.is_empty() {
                continue;
            }
            if !targets.contains_key(&(organization_id, target)) {
                families.without_target += 1;
                continue;
            }
            let mut path = vec![id];
            let mut seen = BTreeSet::from([id]);
            let mut next = target;
            while targets.contains_key(&(organization_id, next)) && seen.insert(next) {
                path.push(next);
                next = targets[&(organization_id, next)];
            }
            let repeated = path.iter().position(|member| *member == next);
            match repeated {
                Some(0) => families.in_cycle += 1,
                Some(_) => families.into_cycle += 1,
                None => {}
            }
            if repeated == Some(0) {
                continue;
            }
            let steps = repeated.unwrap_or(path.len() - 1);
            if steps > STEPS_MAX {
                families.too_far += 1;
            } else {
                families.merged += 1;
                families.by_chain += usize::from(steps > 1);
            }
        }
        let listed = database.query(
            "SELECT count(*) FROM conversation_state AS s
             JOIN record AS m ON m.organization_id = s.organization_id AND m.type = 'message'
              AND m.record_id = s.candidate ->> 'latestInboundMessageId'
             WHERE m.conversation_id <> s.conversation_id",
        );
        families.listed_for_another = listed[0][0].parse().unwrap();
        families
    }
}

impl AddAssign for Families {
    fn add_assign(&mut self, other: Self) {
        self.merged += other.merged;
        self.by_chain += other.by_chain;
        self.too_far += other.too_far;
        self.in_cycle += other.in_cycle;
        self.into_cycle += other.into_cycle;
        self.without_target += other.without_target;
        self.listed_for_another += other.listed_for_another;
    }
}
