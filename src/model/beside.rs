//! Maps with the same kind of keys, walked side by side.

use std::collections::BTreeMap;
use std::collections::btree_map::Iter;

/// A map that is asked for one key after the other: in the order of the keys that is one pass
/// over it, in any other a search for each.
#[derive(Clone, Debug)]
pub struct Along<'a, K, V> {
    map: &'a BTreeMap<K, V>,
    behind: Option<&'a K>,
    next: Option<(&'a K, &'a V)>,
    ahead: Iter<'a, K, V>,
}

impl<'a, K: Ord, V> Along<'a, K, V> {
    /// A walk from the map's beginning.
    pub fn new(map: &'a BTreeMap<K, V>) -> Self {
        let mut ahead = map.iter();
        Self {
            map,
            behind: None,
            next: ahead.next(),
            ahead,
        }
    }

    /// What the map has under the key.
    pub fn get(&mut self, key: &K) -> Option<&'a V> {
        while let Some((next, value)) = self.next {
            let order = next.cmp(key);
            if order.is_gt() {
                break;
            }
            self.behind = Some(next);
            self.next = self.ahead.next();
            if order.is_eq() {
                return Some(value);
            }
        }
        let may_lie_behind = self.behind.is_some_and(|behind| key <= behind);
        may_lie_behind.then(|| self.map.get(key)).flatten()
    }
}

/// Every entry of `map`, in its order, with what `other` has under the same key. One pass over
/// both: where nearly all keys are in both, this spares looking each of them up.
pub fn beside<'a, K: Ord, V, W>(
    map: &'a BTreeMap<K, V>,
    other: &'a BTreeMap<K, W>,
) -> impl Iterator<Item = (&'a K, &'a V, Option<&'a W>)> {
    let mut other = Along::new(other);
    map.iter()
        .map(move |(key, value)| (key, value, other.get(key)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_entry_comes_once_with_what_the_other_map_has() {
        let map = BTreeMap::from([(2, "two"), (3, "three"), (7, "seven")]);
        let other = BTreeMap::from([(1, 'a'), (2, 'b'), (4, 'c'), (5, 'd'), (7, 'e'), (9, 'f')]);
        let found: Vec<_> = beside(&map, &other).collect();
        let expected = [
            (&2, &"two", Some(&'b')),
            (&3, &"three", None),
            (&7, &"seven", Some(&'e')),
        ];
        assert_eq!(found, expected);
        assert_eq!(beside(&map, &BTreeMap::<i32, char>::new()).count(), 3);
    }

    #[test]
    fn keys_are_found_in_any_order() {
        let map = BTreeMap::from([(1, 'a'), (2, 'b'), (4, 'd')]);
        let mut along = Along::new(&map);
        let asked = [2, 2, 1, 3, 4, 1, 5, 4];
        let found = asked.map(|key| along.get(&key).copied());
        let expected = asked.map(|key| map.get(&key).copied());
        assert_eq!(found, expected);
    }
}
