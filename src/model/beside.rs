//! Two maps with the same kind of keys, walked side by side.

use std::collections::BTreeMap;

/// Every entry of `map`, in its order, with what `other` has under the same key. One pass over
/// both: where nearly all keys are in both, this spares looking each of them up.
pub fn beside<'a, K: Ord, V, W>(
    map: &'a BTreeMap<K, V>,
    other: &'a BTreeMap<K, W>,
) -> impl Iterator<Item = (&'a K, &'a V, Option<&'a W>)> {
    let mut others = other.iter().peekable();
    map.iter().map(move |(key, value)| {
        while others.next_if(|(ahead, _)| *ahead < key).is_some() {}
        let found = others.next_if(|(ahead, _)| *ahead == key);
        (key, value, found.map(|(_, value)| value))
    })
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
}
