//! A map that is bounded in bytes and drops what was used least recently.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::hash::Hash;

/// Bytes that an entry takes beside its value.
const OVERHEAD_BYTES: usize = 128;

pub struct Bounded<K, V> {
    entries: HashMap<K, Slot<V>>,
    bytes: usize,
    bytes_max: usize,
    clock: u64,
}

struct Slot<V> {
    value: V,
    bytes: usize,
    used_at: u64,
}

impl<K: Eq + Hash + Clone, V> Bounded<K, V> {
    pub fn new(bytes_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            bytes: 0,
            bytes_max,
            clock: 0,
        }
    }

    pub fn get<Q>(&mut self, key: &Q) -> Option<V>
    where
        K: Borrow<Q>,
        Q: Eq + Hash + ?Sized,
        V: Clone,
    {
        self.clock = self.clock.wrapping_add(1);
        let slot = self.entries.get_mut(key)?;
        slot.used_at = self.clock;
        Some(slot.value.clone())
    }

    /// Keeps `value`, which takes about `bytes`; one that alone is over the bound is not kept.
    pub fn put(&mut self, key: K, value: V, bytes: usize) {
        self.remove(&key);
        let bytes = bytes.saturating_add(OVERHEAD_BYTES);
        if bytes > self.bytes_max {
            return;
        }
        while self.bytes.saturating_add(bytes) > self.bytes_max {
            let oldest = self.entries.iter().min_by_key(|(_, slot)| slot.used_at);
            let Some(oldest) = oldest.map(|(key, _)| key.clone()) else {
                break;
            };
            self.remove(&oldest);
        }
        self.clock = self.clock.wrapping_add(1);
        self.bytes = self.bytes.saturating_add(bytes);
        let used_at = self.clock;
        self.entries.insert(key, Slot { value, bytes, used_at });
    }

    pub fn remove(&mut self, key: &K) {
        if let Some(slot) = self.entries.remove(key) {
            self.bytes = self.bytes.saturating_sub(slot.bytes);
        }
    }

    pub fn clear(&mut self) {
        self.entries.clear();
        self.bytes = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Bounded;

    #[test]
    fn drops_what_was_used_least_recently() {
        let mut map = Bounded::new(3 * (128 + 10));
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
        for number in 0..1_000 {
            map.put("a", "a", number % 100);
            assert!(map.bytes <= map.bytes_max);
        }
    }
}
