//! All machines that are listed, with what they are looked up by.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::machine::{Key, MachineRecord, TagMap};

/// All machines that are listed.
#[derive(Debug, Default)]
pub(super) struct Machines {
    next: Key,
    /// Answers share a machine as it was; it is copied when it changes after that.
    all: BTreeMap<Key, Arc<MachineRecord>>,
    by_id: BTreeMap<String, Key>,
    by_tag: BTreeMap<(String, String), BTreeSet<Key>>,
}

impl Machines {
    pub(super) fn add(&mut self, machine: MachineRecord) -> Key {
        let key = self.next;
        self.next += 1;
        self.by_id.insert(machine.id.clone(), key);
        for tag in pairs(&machine.tags) {
            self.by_tag.entry(tag).or_default().insert(key);
        }
        self.all.insert(key, Arc::new(machine));
        key
    }

    pub(super) fn remove(&mut self, key: Key) -> Option<Arc<MachineRecord>> {
        self.set_tags(key, TagMap::new());
        let machine = self.all.remove(&key)?;
        self.by_id.remove(&machine.id);
        Some(machine)
    }

    pub(super) fn set_tags(&mut self, key: Key, tags: TagMap) {
        let Some(machine) = self.all.get_mut(&key) else {
            return;
        };
        for tag in pairs(&machine.tags) {
            if let Some(keys) = self.by_tag.get_mut(&tag) {
                keys.remove(&key);
                if keys.is_empty() {
                    self.by_tag.remove(&tag);
                }
            }
        }
        for tag in pairs(&tags) {
            self.by_tag.entry(tag).or_default().insert(key);
        }
        Arc::make_mut(machine).tags = tags;
    }

    pub(super) fn get(&self, key: Key) -> Option<&MachineRecord> {
        self.all.get(&key).map(Arc::as_ref)
    }

    /// A machine as it is now, for an answer.
    pub(super) fn shared(&self, key: Key) -> Option<(Key, &Arc<MachineRecord>)> {
        self.all.get(&key).map(|machine| (key, machine))
    }

    pub(super) fn get_mut(&mut self, key: Key) -> Option<&mut MachineRecord> {
        self.all.get_mut(&key).map(Arc::make_mut)
    }

    pub(super) fn find_mut(&mut self, id: &str) -> Option<&mut MachineRecord> {
        self.get_mut(self.key(id)?)
    }

    pub(super) fn key(&self, id: &str) -> Option<Key> {
        self.by_id.get(id).copied()
    }

    /// All, in the order of launches.
    pub(super) fn iter(&self) -> impl Iterator<Item = &MachineRecord> {
        self.all.values().map(Arc::as_ref)
    }

    /// From `from` on, in the order of launches.
    pub(super) fn from(&self, from: Key) -> impl Iterator<Item = (Key, &Arc<MachineRecord>)> {
        let range = self.all.range(from..);
        range.map(|(key, machine)| (*key, machine))
    }

    /// From `from` on, those with this tag.
    pub(super) fn tagged(
        &self,
        tag: &(String, String),
        from: Key,
    ) -> impl Iterator<Item = (Key, &Arc<MachineRecord>)> {
        let keys = self.by_tag.get(tag).into_iter();
        let keys = keys.flat_map(move |keys| keys.range(from..));
        keys.filter_map(|key| Some((*key, self.all.get(key)?)))
    }
}

fn pairs(tags: &TagMap) -> impl Iterator<Item = (String, String)> {
    let pairs = tags.iter();
    pairs.map(|(key, value)| (key.clone(), value.clone()))
}
