//! Kleene's strong three-valued logic: an answer that cannot be known stays unknown until something settles it.

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kleene {
    False,
    Unknown,
    True,
}

pub use Kleene::{False, True, Unknown};

impl Kleene {
    pub fn and(self, other: Self) -> Self {
        self.min(other)
    }

    pub fn or(self, other: Self) -> Self {
        self.max(other)
    }

    pub fn not(self) -> Self {
        match self {
            False => True,
            Unknown => Unknown,
            True => False,
        }
    }

    pub fn any(answers: impl IntoIterator<Item = Self>) -> Self {
        answers.into_iter().fold(False, Self::or)
    }

    pub fn all(answers: impl IntoIterator<Item = Self>) -> Self {
        answers.into_iter().fold(True, Self::and)
    }
}

impl From<bool> for Kleene {
    fn from(answer: bool) -> Self {
        if answer { True } else { False }
    }
}
