//! Which database an organization is in.
//!
//! Each organization has one of 1,024 buckets, by a hash of its id, and each bucket is in a database, a shard. So
//! nothing has to be looked up to find an organization, and a bucket can be moved to another database while the service
//! runs.

use crate::base::digest::sha256;
use std::rc::Rc;

/// How many buckets there are.
pub const BUCKETS: u16 = 1_024;
/// The most shards. A refresh calls the worker once for each, and the platform allows 32 invocations for one request.
pub const SHARDS_MAX: usize = 31;
/// The binding of the only database, unless it is configured.
const ONLY_BINDING: &str = "DB";

/// The bucket of an organization: the first ten bits of the SHA-256 of its id.
#[must_use]
pub fn bucket_of(organization_id: &str) -> u16 {
    let [first, second, ..] = sha256(organization_id.as_bytes());
    u16::from_be_bytes([first, second]) >> 6
}

/// Where the organizations of a bucket are stored.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Assignment {
    /// The number of the shard that is read and written.
    pub shard: usize,
    /// That of the shard that is only written, while the bucket is moved from one to the other.
    pub second: Option<usize>,
}

/// The shards and their buckets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shards {
    /// The binding of each shard's database.
    bindings: Vec<Rc<str>>,
    /// Runs of consecutive buckets with one assignment, ascending: the last bucket of each, and the assignment.
    ranges: Vec<(u16, Assignment)>,
}

/// What is wrong with a text of buckets, as the rest of a sentence.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ShardsError {
    /// It has another form.
    #[error("is not a list of buckets with the bindings of their databases, such as 0-511:DB,512-1023:DB_1")]
    Malformed,
    /// A bucket has no database, or several.
    #[error("does not have every bucket from 0 to 1023 once and in order: only the first {0} are right")]
    NotOnce(u16),
    /// There are too many databases.
    #[error("names more than the {SHARDS_MAX} databases that can be refreshed so often")]
    TooMany,
}

impl Default for Shards {
    /// All buckets are in one database.
    fn default() -> Self {
        Self {
            bindings: vec![ONLY_BINDING.into()],
            ranges: vec![(BUCKETS - 1, Assignment::default())],
        }
    }
}

impl Shards {
    /// Reads a list like `0-511:DB,512-1023:DB_1`. While buckets are moved, they have two databases, `512-600:DB>DB_1`:
    /// the first is read, and both are written.
    ///
    /// # Errors
    /// [`ShardsError`].
    pub fn parse(text: &str) -> Result<Self, ShardsError> {
        let mut shards = Self {
            bindings: Vec::new(),
            ranges: Vec::new(),
        };
        let mut next = 0;
        for range in text.split(',') {
            let (buckets, databases) = range.trim().split_once(':').ok_or(ShardsError::Malformed)?;
            let (first, last) = buckets.split_once('-').unwrap_or((buckets, buckets));
            let (first, last) = (bucket(first)?, bucket(last)?);
            if first != next || last < first {
                return Err(ShardsError::NotOnce(next));
            }
            let (shard, second) = databases
                .split_once('>')
                .map_or((databases, None), |(shard, second)| (shard, Some(second)));
            let assignment = Assignment {
                shard: shards.number_of(shard)?,
                second: second.map(|second| shards.number_of(second)).transpose()?,
            };
            if assignment.second == Some(assignment.shard) {
                return Err(ShardsError::Malformed);
            }
            shards.ranges.push((last, assignment));
            next = last.saturating_add(1);
        }
        if next != BUCKETS {
            return Err(ShardsError::NotOnce(next));
        }
        if shards.bindings.len() > SHARDS_MAX {
            return Err(ShardsError::TooMany);
        }
        Ok(shards)
    }

    /// The number of the shard with a binding, which is a new one if no other has it.
    fn number_of(&mut self, binding: &str) -> Result<usize, ShardsError> {
        let is_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        if binding.is_empty() || !binding.bytes().all(is_name) {
            return Err(ShardsError::Malformed);
        }
        let known = self.bindings.iter().position(|known| **known == *binding);
        Ok(known.unwrap_or_else(|| {
            self.bindings.push(binding.into());
            self.bindings.len() - 1
        }))
    }

    /// The bindings of the databases, by the number of their shards.
    #[must_use]
    pub fn bindings(&self) -> &[Rc<str>] {
        &self.bindings
    }

    /// The binding of a shard.
    #[must_use]
    pub fn binding(&self, shard: usize) -> Rc<str> {
        self.bindings.get(shard).map_or_else(|| ONLY_BINDING.into(), Rc::clone)
    }

    /// Whether there is only one shard.
    #[must_use]
    pub fn is_one(&self) -> bool {
        self.bindings.len() == 1
    }

    /// Where an organization is stored.
    #[must_use]
    pub fn of(&self, organization_id: &str) -> Assignment {
        if self.is_one() {
            return Assignment::default();
        }
        let bucket = bucket_of(organization_id);
        let range = self.ranges.iter().find(|(last, _)| bucket <= *last);
        range.map_or_else(Assignment::default, |(_, assignment)| *assignment)
    }
}

/// The bucket that decimal digits stand for.
fn bucket(text: &str) -> Result<u16, ShardsError> {
    let is_digits = text.bytes().all(|byte| byte.is_ascii_digit());
    let bucket = text.parse().ok().filter(|bucket| is_digits && *bucket < BUCKETS);
    bucket.ok_or(ShardsError::Malformed)
}

#[cfg(test)]
mod tests {
    use super::{Assignment, BUCKETS, SHARDS_MAX, Shards, ShardsError, bucket_of};

    #[test]
    fn buckets_are_those_that_scripts_and_stored_data_count_on() {
        let buckets = ["o", "o1", "acme", "6718", "🙂", "o\u{308}"].map(bucket_of);
        assert_eq!(buckets, [407, 141, 520, 748, 833, 208]);
    }

    #[test]
    fn organizations_are_spread_evenly() {
        let mut counts = vec![0_u32; usize::from(BUCKETS)];
        for number in 0..200_000 {
            counts[usize::from(bucket_of(&format!("organization {number}")))] += 1;
        }
        // 195 are expected in each, give or take 14.
        assert!(counts.iter().all(|count| (120..=280).contains(count)), "{counts:?}");
    }

    #[test]
    fn takes_every_bucket_once() {
        let error = |text: &str| Shards::parse(text).unwrap_err();
        for text in [
            "",
            "DB",
            "0-1023",
            ":DB",
            "0-1023:",
            "0-1023:D B",
            "0-1023:DB,",
            "0-1024:DB",
            "-1-1023:DB",
            "0-+1023:DB",
            "0-1023:DB>",
            "0-1023:>DB",
            "0-1023:DB>DB",
            "0-1023:A>B>C",
            "0-1023:A;B",
            "0 - 1023:DB",
            "0-99999:DB",
        ] {
            assert_eq!(error(text), ShardsError::Malformed, "{text}");
        }
        for (text, bucket) in [
            ("1-1023:DB", 0),
            ("0-1022:DB", 1_023),
            ("0-511:DB,513-1023:DB_1", 512),
            ("0-511:DB,511-1023:DB_1", 512),
            ("512-1023:DB_1,0-511:DB", 0),
            ("0-511:DB,512-511:DB,512-1023:DB_1", 512),
            ("0-1023:DB,0-1023:DB_1", 1_024),
        ] {
            assert_eq!(error(text), ShardsError::NotOnce(bucket), "{text}");
        }
        let many = |count: usize| {
            let ranges = (0..count).map(|number| {
                let last = if number + 1 == count { 1_023 } else { number };
                format!("{number}-{last}:DB_{number}")
            });
            ranges.collect::<Vec<_>>().join(",")
        };
        assert_eq!(Shards::parse(&many(SHARDS_MAX)).unwrap().bindings().len(), SHARDS_MAX);
        assert_eq!(error(&many(SHARDS_MAX + 1)), ShardsError::TooMany);
        assert_eq!(
            error("0-511:DB,513-1023:DB_1").to_string(),
            "does not have every bucket from 0 to 1023 once and in order: only the first 512 are right"
        );
    }

    #[test]
    fn finds_the_database_of_every_bucket() {
        let shards = Shards::parse("0-511:DB, 512:DB>DB_1,513-1000:DB_1,1001-1023:DB").unwrap();
        let bindings: Vec<&str> = shards.bindings().iter().map(|binding| &**binding).collect();
        assert_eq!(bindings, ["DB", "DB_1"]);
        let mut seen = vec![false; usize::from(BUCKETS)];
        for number in 0..20_000 {
            let id = number.to_string();
            let bucket = bucket_of(&id);
            seen[usize::from(bucket)] = true;
            let expected = match bucket {
                0..=511 | 1_001.. => Assignment::default(),
                512 => Assignment {
                    shard: 0,
                    second: Some(1),
                },
                513..=1_000 => Assignment { shard: 1, second: None },
            };
            assert_eq!(shards.of(&id), expected, "bucket {bucket}");
        }
        assert!(seen.iter().all(|is_seen| *is_seen));
        let one = Shards::default();
        assert_eq!(
            (one.is_one(), &*one.binding(0), one.of("o")),
            (true, "DB", Assignment::default())
        );
        assert_eq!(Shards::parse("0-1023:DB").unwrap(), one);
    }
}
