//! Numbers by key, such as how many rows there are for each duration in minutes.

/// Numbers by a key, ascending by key.
#[derive(Debug, Default)]
pub struct Tally(Vec<(i64, i64)>);

impl Tally {
    /// Adds to the number of a key.
    pub fn add(&mut self, key: i64, number: i64) {
        let position = self.0.partition_point(|(other, _)| *other < key);
        match self.0.get_mut(position) {
            Some((other, sum)) if *other == key => *sum += number,
            _ => self.0.insert(position, (key, number)),
        }
    }

    /// Counts a time in minutes. From 16 on it is rounded down to four binary digits, so that there are a few hundred
    /// keys at most.
    pub fn add_minutes(&mut self, minutes: i64) {
        let digits = minutes.checked_ilog2().unwrap_or_default().saturating_sub(3);
        self.add(minutes >> digits << digits, 1);
    }

    /// Adds keys with their numbers, one after the other.
    pub fn add_pairs(&mut self, pairs: &[i64]) {
        for pair in pairs.chunks_exact(2) {
            if let [key, number] = pair {
                self.add(*key, *number);
            }
        }
    }

    /// Adds its keys and numbers to a list.
    pub fn write_pairs(&self, list: &mut Vec<i64>) {
        for (key, number) in self.pairs() {
            list.extend([key, number]);
        }
    }

    /// The keys with their numbers.
    pub fn pairs(&self) -> impl Iterator<Item = (i64, i64)> {
        self.0.iter().copied()
    }

    /// Whether there is no number.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The sum of the numbers.
    #[must_use]
    pub fn total(&self) -> i64 {
        self.pairs().map(|(_, number)| number).sum()
    }

    /// The median of the keys, or the lower one of two, if the numbers say how often each occurs.
    #[must_use]
    pub fn median(&self) -> Option<i64> {
        let mut left = (self.total() + 1) / 2;
        let mut pairs = self.pairs();
        let of_middle = pairs.find(|(_, number)| {
            left -= number;
            left <= 0
        });
        of_middle.map(|(key, _)| key)
    }
}

#[cfg(test)]
mod tests {
    use super::Tally;

    #[test]
    fn the_middle_time_is_exact_up_to_a_quarter_of_an_hour_and_nearly_so_above() {
        let median = |minutes: &[i64]| {
            let mut times = Tally::default();
            minutes.iter().for_each(|minutes| times.add_minutes(*minutes));
            times.median()
        };
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[7]), Some(7));
        assert_eq!(median(&[15, 0, 3]), Some(3));
        assert_eq!(median(&[9, 1, 4, 2]), Some(2));
        assert_eq!(median(&[5, 5, 0]), Some(5));
        for minutes in (0..5_000).chain([5_256_000, i64::MAX]) {
            let found = median(&[minutes]).unwrap();
            assert!(found <= minutes && (minutes < 16) == (found < 16), "{minutes}");
            assert!(
                minutes < 16 || found as f64 > minutes as f64 * 8.0 / 9.0 - 1.0,
                "{minutes}: {found}"
            );
            assert!(minutes > 15 || found == minutes, "{minutes}");
        }
        let mut times = Tally::default();
        (0..5_256_000).for_each(|minutes| times.add_minutes(minutes));
        assert!(times.0.len() <= 176, "{}", times.0.len());
    }
}
