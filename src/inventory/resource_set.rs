//! Sets of resources: what is found of one principal after the other is thousands of them, joined and compared all the time.

use super::ResourceId;
use fixedbitset::FixedBitSet;
use std::hash::{Hash, Hasher};

/// Resources of an inventory, each once; in their order.
#[derive(Clone, Debug, Default)]
pub struct ResourceSet(FixedBitSet);

impl ResourceSet {
    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_clear()
    }

    /// How many.
    pub fn len(&self) -> usize {
        self.0.count_ones(..)
    }

    /// Whether a resource is among them.
    pub fn contains(&self, id: ResourceId) -> bool {
        self.0.contains(id.0 as usize)
    }

    /// Adds one.
    pub fn insert(&mut self, id: ResourceId) {
        self.0.grow_and_insert(id.0 as usize);
    }

    /// Those that are not among others, in order.
    pub fn beside<'s>(&'s self, others: &'s ResourceSet) -> impl Iterator<Item = ResourceId> + 's {
        self.0.difference(&others.0).filter_map(id)
    }

    /// In order.
    pub fn iter(&self) -> impl Iterator<Item = ResourceId> {
        self.0.ones().filter_map(id)
    }
}

fn id(at: usize) -> Option<ResourceId> {
    u32::try_from(at).ok().map(ResourceId)
}

/// How far a set reaches makes no difference.
impl PartialEq for ResourceSet {
    fn eq(&self, other: &ResourceSet) -> bool {
        self.0.is_subset(&other.0) && other.0.is_subset(&self.0)
    }
}

impl Eq for ResourceSet {}

impl Hash for ResourceSet {
    fn hash<H: Hasher>(&self, state: &mut H) {
        let blocks = self.0.as_slice();
        let filled = blocks.iter().rposition(|block| *block != 0).map_or(0, |last| last.saturating_add(1));
        blocks.get(..filled).unwrap_or_default().hash(state);
    }
}

impl Extend<ResourceId> for ResourceSet {
    fn extend<I: IntoIterator<Item = ResourceId>>(&mut self, ids: I) {
        ids.into_iter().for_each(|id| self.insert(id));
    }
}

impl<'a> Extend<&'a ResourceId> for ResourceSet {
    fn extend<I: IntoIterator<Item = &'a ResourceId>>(&mut self, ids: I) {
        self.extend(ids.into_iter().copied());
    }
}

impl FromIterator<ResourceId> for ResourceSet {
    fn from_iter<I: IntoIterator<Item = ResourceId>>(ids: I) -> ResourceSet {
        let mut set = ResourceSet::default();
        set.extend(ids);
        set
    }
}

impl<const N: usize> From<[ResourceId; N]> for ResourceSet {
    fn from(ids: [ResourceId; N]) -> ResourceSet {
        ids.into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rustc_hash::FxBuildHasher;
    use std::hash::BuildHasher;

    #[test]
    fn how_far_a_set_once_reached_makes_no_difference() {
        let small = ResourceSet::from([ResourceId(3)]);
        let large = ResourceSet::from([ResourceId(3), ResourceId(900)]);
        let mut left = large.clone();
        left.0.remove(900);
        assert_eq!(left, small);
        assert_eq!(FxBuildHasher.hash_one(&left), FxBuildHasher.hash_one(&small));
        assert_ne!(large, small);
        assert!(small.iter().all(|id| large.contains(id)) && !small.contains(ResourceId(900)));
        assert_eq!((large.len(), large.beside(&left).collect::<Vec<_>>()), (2, vec![ResourceId(900)]));
    }
}
