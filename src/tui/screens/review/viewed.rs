//! Which changes of which review somebody has looked at, for as long as the session lives.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::ids::{ReviewId, VersionId};
use crate::workbench::ReviewDetail;

/// What a reviewer has looked at belongs to a review and to the version that it was shown against.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct ViewedOf {
    review: ReviewId,
    base: Option<VersionId>,
}

impl ViewedOf {
    /// What a review is shown against now.
    pub fn of(detail: &ReviewDetail) -> Self {
        Self {
            review: detail.review.id,
            base: detail.review.base.clone(),
        }
    }
}

/// The changes that were viewed, by their number from 0 within their review.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Viewed(BTreeMap<ViewedOf, BTreeSet<usize>>);

impl Viewed {
    /// Those of one review.
    pub fn changes(&self, of: &ViewedOf) -> BTreeSet<usize> {
        self.0.get(of).cloned().unwrap_or_default()
    }

    /// Replaces those of one review.
    pub fn set(&mut self, of: ViewedOf, changes: BTreeSet<usize>) {
        self.0.insert(of, changes);
    }

    /// Takes what `other` knows of one review, where it knows anything.
    pub(super) fn adopt(&mut self, of: &ViewedOf, other: &Self) {
        if let Some(changes) = other.0.get(of) {
            self.0.insert(of.clone(), changes.clone());
        }
    }
}
