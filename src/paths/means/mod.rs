//! What principals can take from resources while acting as themselves, or through a service: one file a kind of means.
//!
//! Everything is asked in bulk and told in bulk: one [`Means`] for all who have it and all that it reaches.

mod own;
mod stack;

use super::way::Means;
use crate::access::Access;
use crate::inventory::{PrincipalId, ResourceId};

/// All means on some resources.
#[derive(Debug, Default)]
pub struct MeansIndex {
    all: Vec<Means>,
    /// For each principal, the positions of its means.
    of_actor: Vec<Vec<u32>>,
}

impl MeansIndex {
    /// Finds every means on the resources, in an order that depends on nothing but the snapshot.
    pub fn new(access: &Access<'_>, resources: &[ResourceId]) -> MeansIndex {
        let mut all = own::means(access, resources);
        all.extend(stack::means(access, resources));
        MeansIndex::of(all, access.inventory().principals.len())
    }

    /// Indexes means by who has them.
    pub fn of(all: Vec<Means>, principals: usize) -> MeansIndex {
        let mut of_actor: Vec<Vec<u32>> = vec![Vec::new(); principals];
        for (position, means) in (0u32..).zip(&all) {
            for actor in means.actors.iter() {
                if let Some(known) = of_actor.get_mut(actor.0 as usize) {
                    known.push(position);
                }
            }
        }
        MeansIndex { all, of_actor }
    }

    /// All of them.
    pub fn all(&self) -> &[Means] {
        &self.all
    }

    /// By position.
    pub fn get(&self, position: u32) -> Option<&Means> {
        self.all.get(position as usize)
    }

    /// The positions of those that a principal has.
    pub fn positions_of(&self, principal: PrincipalId) -> &[u32] {
        self.of_actor.get(principal.0 as usize).map_or(&[], Vec::as_slice)
    }

    /// Those that a principal has.
    pub fn of_principal(&self, principal: PrincipalId) -> impl Iterator<Item = &Means> {
        self.positions_of(principal).iter().filter_map(|position| self.get(*position))
    }
}
