//! What must hold for a way to be open, in words.

use std::collections::{BTreeSet, btree_set};
use std::ops::Deref;
use std::sync::Arc;

/// Conditions in words, each once, in order. Thousands of ways have the same: they share them.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Conditions(Option<Arc<BTreeSet<String>>>);

static NONE: BTreeSet<String> = BTreeSet::new();

impl Conditions {
    /// None at all.
    pub fn none() -> Conditions {
        Conditions::default()
    }

    /// Adds one.
    pub fn insert(&mut self, condition: String) {
        Arc::make_mut(self.0.get_or_insert_default()).insert(condition);
    }

    /// Both.
    #[must_use]
    pub fn and(self, other: Conditions) -> Conditions {
        let (mut more, fewer) = if self.len() < other.len() { (other, self) } else { (self, other) };
        if !fewer.is_subset(&more) {
            more.extend(fewer.iter().cloned());
        }
        more
    }
}

impl Deref for Conditions {
    type Target = BTreeSet<String>;

    fn deref(&self) -> &BTreeSet<String> {
        self.0.as_deref().unwrap_or(&NONE)
    }
}

impl Extend<String> for Conditions {
    fn extend<I: IntoIterator<Item = String>>(&mut self, conditions: I) {
        conditions.into_iter().for_each(|condition| self.insert(condition));
    }
}

impl FromIterator<String> for Conditions {
    fn from_iter<I: IntoIterator<Item = String>>(conditions: I) -> Conditions {
        BTreeSet::from_iter(conditions).into()
    }
}

impl From<BTreeSet<String>> for Conditions {
    fn from(conditions: BTreeSet<String>) -> Conditions {
        Conditions((!conditions.is_empty()).then(|| Arc::new(conditions)))
    }
}

impl<const N: usize> From<[String; N]> for Conditions {
    fn from(conditions: [String; N]) -> Conditions {
        conditions.into_iter().collect()
    }
}

impl<'c> IntoIterator for &'c Conditions {
    type Item = &'c String;
    type IntoIter = btree_set::Iter<'c, String>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shared_is_not_changed_for_others() {
        let first = Conditions::from(["with MFA".to_owned()]);
        let mut second = first.clone();
        second.insert("in region eu-west-1".to_owned());
        assert_eq!((first.len(), second.len()), (1, 2));
        assert_eq!(first.clone().and(second.clone()), second);
        assert_eq!(first.and(Conditions::none()).len(), 1);
        assert_eq!(Conditions::from([]), Conditions::none());
    }
}
