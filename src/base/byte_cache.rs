//! A cache in memory that is limited by bytes.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Bytes that an entry takes besides its value and the text of its key: two headers of the key, and the bookkeeping of
/// the map and the queue.
const OVERHEAD_BYTES: usize = 160;

/// A map that evicts by the CLOCK algorithm, also called second chance: entries are evicted in the order in which they
/// came, but one that was used meanwhile goes to the end of the queue instead, once. So a use costs no more than a
/// look-up, however many entries there are.
pub struct ByteBoundedCache<K, V> {
    entries: HashMap<K, CachedValue<V>>,
    /// Keys in the order of their turn. An item is outdated if its number differs from that of the key's entry, or if
    /// there is no such entry.
    queue: VecDeque<(K, u64)>,
    bytes: usize,
    bytes_max: usize,
    /// The number of the newest entry.
    last_number: u64,
}

struct CachedValue<V> {
    value: V,
    bytes: usize,
    number: u64,
    was_used: bool,
}

impl<K: Eq + Hash + Clone, V> ByteBoundedCache<K, V> {
    /// An empty cache that never holds more than `bytes_max` bytes.
    pub fn new(bytes_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            queue: VecDeque::new(),
            bytes: 0,
            bytes_max,
            last_number: 0,
        }
    }

    /// The value of `key`, if it is cached.
    pub fn get<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
        V: Clone,
    {
        let entry = self.entries.get_mut(key)?;
        entry.was_used = true;
        Some(entry.value.clone())
    }

    /// Caches `value`. `bytes` is about what the value and the text of the key take; the key is stored twice. An entry
    /// that is larger than the whole cache is not cached.
    pub fn put(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        let bytes = bytes + OVERHEAD_BYTES;
        if bytes > self.bytes_max {
            return;
        }
        while self.bytes + bytes > self.bytes_max && self.evict_one() {}
        self.last_number += 1;
        self.bytes += bytes;
        self.queue.push_back((key.clone(), self.last_number));
        let entry = CachedValue {
            value,
            bytes,
            number: self.last_number,
            was_used: false,
        };
        self.entries.insert(key, entry);
        self.drop_outdated();
    }

    /// Evicts the next entry that has no second chance. Returns false if there is no entry.
    fn evict_one(&mut self) -> bool {
        while let Some((key, number)) = self.queue.pop_front() {
            match self.entries.get_mut(&key).filter(|entry| entry.number == number) {
                None => {}
                Some(entry) if entry.was_used => {
                    entry.was_used = false;
                    self.queue.push_back((key, number));
                }
                Some(_) => {
                    self.remove(&key);
                    return true;
                }
            }
        }
        false
    }

    /// Drops outdated items from the queue once they are most of it.
    fn drop_outdated(&mut self) {
        if self.queue.len() > 2 * self.entries.len() {
            let entries = &self.entries;
            self.queue
                .retain(|(key, number)| entries.get(key).is_some_and(|entry| entry.number == *number));
        }
    }

    /// Removes the entry of `key`, if there is one.
    pub fn remove<Q>(&mut self, key: &Q)
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
    {
        if let Some(entry) = self.entries.remove(key) {
            self.bytes -= entry.bytes;
        }
    }

    /// Removes every entry.
    pub fn clear(&mut self) {
        self.entries.clear();
        self.queue.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::{ByteBoundedCache, OVERHEAD_BYTES};

    #[test]
    fn evicts_first_what_was_not_used() {
        let mut map = ByteBoundedCache::new(3 * (OVERHEAD_BYTES + 10));
        for key in ["a", "b", "c"] {
            map.put(key, key, 10);
        }
        assert_eq!(map.get(&"a"), Some("a"));
        map.put("d", "d", 10);
        assert_eq!(map.get(&"b"), None);
        assert_eq!(map.get(&"a"), Some("a"));
        map.put("large", "large", 1_000);
        assert_eq!(map.get(&"large"), None);
        assert_eq!(map.get(&"d"), Some("d"));
    }

    #[test]
    fn a_use_gives_one_second_chance() {
        let mut map = ByteBoundedCache::new(2 * OVERHEAD_BYTES);
        map.put(0, (), 0);
        assert!(map.get(&0).is_some());
        for number in 1..=3 {
            map.put(number, (), 0);
        }
        assert!(map.get(&0).is_none());
        assert!(map.get(&3).is_some());
    }

    #[test]
    fn stays_within_its_bytes_whatever_comes_and_goes() {
        let mut map = ByteBoundedCache::new(10_000);
        let mut random = 1_u64;
        for _ in 0..20_000 {
            random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let (key, bytes) = ((random >> 40) % 100, (random >> 50) as usize % 900);
            match (random >> 33) % 4 {
                0 => drop(map.get(&key)),
                1 => map.remove(&key),
                _ => map.put(key, key, bytes),
            }
            assert!(map.bytes <= map.bytes_max);
            assert_eq!(map.bytes, map.entries.values().map(|entry| entry.bytes).sum::<usize>());
            assert!(map.queue.len() <= 2 * map.entries.len() + 1);
        }
        assert!(map.entries.len() > 5);
        map.clear();
        assert_eq!((map.bytes, map.entries.len(), map.queue.len()), (0, 0, 0));
    }
}
