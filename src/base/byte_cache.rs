//! A map that is bounded in bytes and drops what was not used for long.

use std::borrow::Borrow;
use std::collections::{HashMap, VecDeque};
use std::hash::Hash;

/// Bytes that an entry takes beside its value and the text of its key: the key itself twice, and what the map keeps of it.
const OVERHEAD_BYTES: usize = 160;

/// Entries leave by second chance, the clock algorithm: in the order in which they came, but one that was used since it
/// was last looked at goes to the end of the queue instead. So no use costs more than a look-up, however many there are.
pub struct ByteBoundedCache<K, V> {
    entries: HashMap<K, Slot<V>>,
    /// Every entry's key, and its number: one of another number is of an entry that is gone.
    queue: VecDeque<(K, u64)>,
    bytes: usize,
    bytes_max: usize,
    puts: u64,
}

struct Slot<V> {
    value: V,
    bytes: usize,
    number: u64,
    was_used: bool,
}

impl<K: Eq + Hash + Clone, V> ByteBoundedCache<K, V> {
    pub fn new(bytes_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            queue: VecDeque::new(),
            bytes: 0,
            bytes_max,
            puts: 0,
        }
    }

    pub fn get<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
        V: Clone,
    {
        let slot = self.entries.get_mut(key)?;
        slot.was_used = true;
        Some(slot.value.clone())
    }

    /// Keeps `value`; it and the text of its key, which is there twice, take about `bytes`. One that alone is over the bound
    /// is not kept.
    pub fn put(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        let bytes = bytes.saturating_add(OVERHEAD_BYTES);
        if bytes > self.bytes_max {
            return;
        }
        while self.bytes.saturating_add(bytes) > self.bytes_max && self.drop_one() {}
        self.puts = self.puts.wrapping_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        self.queue.push_back((key.clone(), self.puts));
        let slot = Slot {
            value,
            bytes,
            number: self.puts,
            was_used: false,
        };
        self.entries.insert(key, slot);
        self.forget_removed();
    }

    /// Drops the next entry that has no second chance; false where there is none.
    fn drop_one(&mut self) -> bool {
        while let Some((key, number)) = self.queue.pop_front() {
            match self.entries.get_mut(&key).filter(|slot| slot.number == number) {
                None => {}
                Some(slot) if slot.was_used => {
                    slot.was_used = false;
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

    /// Takes what was removed out of the queue, once it is most of it.
    fn forget_removed(&mut self) {
        if self.queue.len() > self.entries.len().saturating_mul(2) {
            let entries = &self.entries;
            self.queue
                .retain(|(key, number)| entries.get(key).is_some_and(|slot| slot.number == *number));
        }
    }

    pub fn remove(&mut self, key: &K) {
        if let Some(slot) = self.entries.remove(key) {
            self.bytes = self.bytes.saturating_sub(slot.bytes);
        }
    }

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
    fn drops_what_was_not_used_first() {
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
    fn a_use_saves_once_and_not_for_ever() {
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
    fn keeps_within_its_bytes_whatever_comes_and_goes() {
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
            assert_eq!(map.bytes, map.entries.values().map(|slot| slot.bytes).sum::<usize>());
            assert!(map.queue.len() <= 2 * map.entries.len() + 1);
        }
        assert!(map.entries.len() > 5);
        map.clear();
        assert_eq!((map.bytes, map.entries.len(), map.queue.len()), (0, 0, 0));
    }
}
