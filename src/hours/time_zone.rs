//! Time zones: which offset is in force when. The platform knows the offset at an instant; the instants at which it
//! changes are found from that.

use crate::base::timestamp::{DAY_MS, Timestamp};
use std::rc::Rc;

/// What the platform knows of time zones.
pub trait TimeZones {
    /// The offset of local time from UTC at an instant, in seconds; positive east of Greenwich. `None` means that the
    /// platform knows no time zone of this name.
    fn offset_seconds(&self, zone: &str, at: Timestamp) -> Option<i64>;
}

/// How many zones an isolate caches.
const ZONES_MAX: usize = 64;
/// A zone is searched in units of 52 weeks, so that what is found serves the refreshes of many months.
const BLOCK_MS: i64 = 52 * STEP_MS;
/// Two changes that cancel each other are further apart than this. (In some countries summer time pauses for the month
/// of Ramadan.)
const STEP_MS: i64 = 7 * DAY_MS;
/// The blocks that are searched: from 1970 to about 2130, whatever instants are asked for.
const BLOCKS_MAX: i64 = 160;

/// From when on an offset is in force.
#[derive(Debug, Clone, Copy)]
struct OffsetChange {
    at: Timestamp,
    offset_seconds: i64,
}

/// The offsets of a time zone between two instants.
#[derive(Debug, Clone)]
pub struct Offsets {
    /// The offset at the beginning, and each change after it; ascending.
    changes: Vec<OffsetChange>,
    /// Which blocks have been searched: from the first to before the second.
    blocks: (i64, i64),
}

impl Offsets {
    /// The offsets of a zone from `earliest` to `latest` at least. `None` means that the platform does not know it.
    #[must_use]
    pub fn find(zones: &dyn TimeZones, zone: &str, earliest: Timestamp, latest: Timestamp) -> Option<Self> {
        Self::find_blocks(zones, zone, blocks(earliest, latest))
    }

    fn find_blocks(zones: &dyn TimeZones, zone: &str, blocks: (i64, i64)) -> Option<Self> {
        let offset = |milliseconds: i64| zones.offset_seconds(zone, Timestamp::from_milliseconds(milliseconds));
        let (mut before, end) = (blocks.0 * BLOCK_MS, blocks.1 * BLOCK_MS);
        let mut offset_before = offset(before)?;
        let mut changes = vec![OffsetChange {
            at: Timestamp::from_milliseconds(before),
            offset_seconds: offset_before,
        }];
        while before < end {
            let after = before + STEP_MS;
            let offset_after = offset(after)?;
            // One change after the other, until the offset is the one at the end of the step.
            while offset_before != offset_after {
                // It differs from `offset_before` at `late`, and not at `early`. Clocks change at whole seconds.
                let (mut early, mut late) = (before / 1_000, after / 1_000);
                while late - early > 1 {
                    let middle = early.midpoint(late);
                    if offset(middle * 1_000)? == offset_before {
                        early = middle;
                    } else {
                        late = middle;
                    }
                }
                before = late * 1_000;
                offset_before = offset(before)?;
                changes.push(OffsetChange {
                    at: Timestamp::from_milliseconds(before),
                    offset_seconds: offset_before,
                });
            }
            before = after;
        }
        Some(Self { changes, blocks })
    }

    /// From when on which offset is in force, in seconds; ascending. The first one is in force at the beginning
    /// already.
    pub fn changes(&self) -> impl Iterator<Item = (Timestamp, i64)> {
        self.changes.iter().map(|change| (change.at, change.offset_seconds))
    }
}

/// The blocks that cover `earliest` to `latest`: from the first to before the second.
fn blocks(earliest: Timestamp, latest: Timestamp) -> (i64, i64) {
    let block = |at: Timestamp| at.as_milliseconds().div_euclid(BLOCK_MS).clamp(0, BLOCKS_MAX - 1);
    let first = block(earliest);
    (first, block(latest).max(first) + 1)
}

/// The zones that an isolate has searched.
#[derive(Debug, Default)]
pub struct ZoneCache(Vec<(String, Rc<Offsets>)>);

impl ZoneCache {
    /// As [`Offsets::find`], from memory if possible.
    pub fn offsets(
        &mut self,
        zones: &dyn TimeZones,
        zone: &str,
        earliest: Timestamp,
        latest: Timestamp,
    ) -> Option<Rc<Offsets>> {
        let mut blocks = blocks(earliest, latest);
        let position = self.0.iter().position(|(name, _)| name == zone);
        if let Some((_, known)) = position.and_then(|position| self.0.get(position)) {
            if known.blocks.0 <= blocks.0 && blocks.1 <= known.blocks.1 {
                return Some(Rc::clone(known));
            }
            blocks = (known.blocks.0.min(blocks.0), known.blocks.1.max(blocks.1));
        }
        let found = Rc::new(Offsets::find_blocks(zones, zone, blocks)?);
        if let Some(position) = position {
            self.0.remove(position);
        } else if self.0.len() >= ZONES_MAX {
            self.0.remove(0);
        }
        self.0.push((zone.to_owned(), Rc::clone(&found)));
        Some(found)
    }
}
