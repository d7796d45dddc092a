//! What a run keeps of its examples: a few numbers of each, whatever the size of its answers. Intervals, comparisons
//! with a base run and metrics over repeats are made of them, since outcomes of one example are not independent.
//!
//! A run may have a million examples, so they lie in blocks of neighbours, and what many have in common, such as their
//! slices, is kept once.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::columns::{BLOCK, Column, Numbers, has, put};
use super::entry::{Answer, Entry};
use super::mark::Mark;

/// Examples by place, in any order of coming.
#[derive(Debug, Clone)]
pub(in crate::evals) struct Entries {
    metrics: usize,
    blocks: Vec<Block>,
    /// Which block has the examples from [`BLOCK`] times the key.
    numbers: BTreeMap<u64, usize>,
    slices: Lists,
    answers: Lists,
    /// The different answers; lists have their places in it.
    distinct: Vec<Answer>,
    answer_numbers: BTreeMap<Answer, u32>,
}

/// Neighbours.
#[derive(Debug, Clone)]
pub(super) struct Block {
    /// The place of the first one.
    pub(super) first: u64,
    /// A bit for each that came.
    present: u64,
    /// One for each metric of the suite.
    pub(super) cells: Box<[Column]>,
    /// 0 for none, otherwise one more than the number of the cluster.
    pub(super) clusters: Numbers,
    /// Which list of the numbers of slices.
    slices: Numbers,
    /// Which list of answers.
    answers: Numbers,
}

/// Lists of numbers, each kept once. List 0 is empty.
#[derive(Debug, Clone, Default)]
struct Lists {
    lists: Vec<Arc<[u32]>>,
    numbers: BTreeMap<Arc<[u32]>, u32>,
}

impl Lists {
    fn number(&mut self, list: Vec<u32>) -> u32 {
        if list.is_empty() {
            return 0;
        }
        if let Some(number) = self.numbers.get(list.as_slice()) {
            return *number;
        }
        let list: Arc<[u32]> = list.into();
        self.lists.push(Arc::clone(&list));
        let number = u32::try_from(self.lists.len()).unwrap_or(u32::MAX);
        self.numbers.insert(list, number);
        number
    }

    fn list(&self, number: u32) -> &[u32] {
        let at = number.checked_sub(1).and_then(|at| usize::try_from(at).ok());
        at.and_then(|at| self.lists.get(at)).map_or(&[], |list| list)
    }
}

/// What an outcome adds to its example.
pub(super) struct Addition<'a> {
    pub(super) marks: &'a [Mark],
    /// The number of its cluster; `None` where the suite has none, or its metadata do not say.
    pub(super) cluster: Option<u32>,
    /// The numbers of its slices.
    pub(super) slices: Vec<u32>,
    /// For each classification field the numbers of the true class and of the answer.
    pub(super) answers: Vec<Answer>,
}

impl Entries {
    /// None yet, in a suite with so many metrics.
    pub(super) fn new(metrics: usize) -> Self {
        Self {
            metrics,
            blocks: Vec::new(),
            numbers: BTreeMap::new(),
            slices: Lists::default(),
            answers: Lists::default(),
            distinct: Vec::new(),
            answer_numbers: BTreeMap::new(),
        }
    }

    /// Takes in an outcome of the example at this place. Cluster and slices are those of its first one.
    pub(super) fn push(&mut self, place: u64, added: Addition<'_>) {
        let mut answers: Vec<u32> = added
            .answers
            .into_iter()
            .map(|answer| self.answer_number(answer))
            .collect();
        let (key, at) = split(place);
        let number = *self.numbers.entry(key).or_insert_with(|| {
            self.blocks.push(Block::new(place - at as u64, self.metrics));
            self.blocks.len() - 1
        });
        let Some(block) = self.blocks.get_mut(number) else {
            return;
        };
        if !has(block.present, at) {
            put(&mut block.present, at, true);
            block
                .clusters
                .set(at, added.cluster.map_or(0, |cluster| cluster.saturating_add(1)));
            block.slices.set(at, self.slices.number(added.slices));
        }
        for (column, mark) in block.cells.iter_mut().zip(added.marks) {
            let mut cell = column.get(at);
            cell.push(mark.sum, mark.count);
            column.set(at, cell);
        }
        if !answers.is_empty() {
            answers.extend(self.answers.list(block.answers.get(at)));
            // The order of repeats makes no difference, and equal lists are kept once.
            answers.sort_unstable();
            block.answers.set(at, self.answers.number(answers));
        }
    }

    fn answer_number(&mut self, answer: Answer) -> u32 {
        let next = u32::try_from(self.distinct.len()).unwrap_or(u32::MAX);
        let number = *self.answer_numbers.entry(answer).or_insert(next);
        if number == next {
            self.distinct.push(answer);
        }
        number
    }

    /// The example at a place.
    pub(in crate::evals) fn get(&self, place: u64) -> Option<Entry<'_>> {
        let (key, at) = split(place);
        let number = *self.numbers.get(&key)?;
        has(self.blocks.get(number)?.present, at).then(|| Entry::new(self, number * BLOCK + at))
    }

    /// All, in the order of their places.
    pub(in crate::evals) fn iter(&self) -> impl Iterator<Item = Entry<'_>> + Clone {
        let present = |number: usize| self.blocks.get(number).map_or(0, |block| block.present);
        self.numbers.values().flat_map(move |number| {
            let here = (0..BLOCK).filter(move |at| has(present(*number), *at));
            here.map(move |at| Entry::new(self, number * BLOCK + at))
        })
    }

    /// The block of a row, and where in it.
    pub(super) fn block(&self, row: usize) -> Option<(&Block, usize)> {
        Some((self.blocks.get(row / BLOCK)?, row % BLOCK))
    }

    /// The numbers of the slices of a row.
    pub(super) fn slices_of(&self, row: usize) -> &[u32] {
        self.block(row)
            .map_or(&[], |(block, at)| self.slices.list(block.slices.get(at)))
    }

    /// The answers of a row, to every field and in every repeat.
    pub(super) fn answers_of(&self, row: usize) -> impl Iterator<Item = Answer> {
        let list = self.block(row).map_or(0, |(block, at)| block.answers.get(at));
        let places = self.answers.list(list).iter();
        places.filter_map(|place| self.distinct.get(usize::try_from(*place).ok()?).copied())
    }
}

impl Block {
    fn new(first: u64, metrics: usize) -> Self {
        Self {
            first,
            present: 0,
            cells: vec![Column::empty(); metrics].into_boxed_slice(),
            clusters: Numbers::Same(0),
            slices: Numbers::Same(0),
            answers: Numbers::Same(0),
        }
    }
}

/// The key of a place's block, and where in the block it is.
fn split(place: u64) -> (u64, usize) {
    let block = BLOCK as u64;
    (place / block, usize::try_from(place % block).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// One outcome: its place, what it adds to two metrics, its cluster, slice, and answer.
    type Came = (u64, [u32; 2], u32, u32, u32);

    fn came() -> impl Strategy<Value = Came> {
        let place = prop_oneof![0..200_u64, Just(u64::MAX), Just(1 << 40)];
        (place, [0..3_u32, 0..900_u32], 0..3_u32, 0..3_u32, 0..3_u32)
    }

    fn answer(number: u32) -> Answer {
        Answer {
            field: 0,
            truth: Some(7),
            given: number.checked_sub(1),
            is_errored: false,
        }
    }

    proptest! {
        #[test]
        fn what_came_is_kept_by_place(all in prop::collection::vec(came(), 0..300)) {
            let mut entries = Entries::new(2);
            let mut plain: BTreeMap<u64, Vec<Came>> = BTreeMap::new();
            for one in all {
                let (place, sums, cluster, slice, given) = one;
                let marks = sums.map(|sum| Mark { sum: sum.into(), count: 1, ..Mark::default() });
                let (cluster, slices) = (cluster.checked_sub(1), (0..slice).collect());
                let answers = vec![answer(given)];
                entries.push(place, Addition { marks: &marks, cluster, slices, answers });
                plain.entry(place).or_default().push(one);
            }
            prop_assert!(entries.iter().map(Entry::place).eq(plain.keys().copied()));
            for (place, came) in &plain {
                let entry = entries.get(*place).unwrap();
                for metric in 0..2 {
                    let cell = entry.cell(metric).unwrap();
                    let sum: u32 = came.iter().map(|(_, sums, ..)| sums[metric]).sum();
                    prop_assert_eq!((cell.sum, cell.count as usize), (sum.into(), came.len()));
                }
                let (_, _, cluster, slice, _) = came[0];
                let group = match cluster.checked_sub(1) {
                    Some(cluster) => format!("cluster {cluster}"),
                    None => format!("example {place}"),
                };
                prop_assert_eq!(entry.group(), group);
                prop_assert!(entry.slices().iter().copied().eq(0..slice));
                let mut given: Vec<Answer> = came.iter().map(|(.., given)| answer(*given)).collect();
                let mut kept: Vec<Answer> = entry.answers().collect();
                given.sort();
                kept.sort();
                prop_assert_eq!(kept, given);
            }
            prop_assert!(entries.get(300).is_none());
        }
    }
}
