//! The order of a GEMM's products, for random sizes.

use std::collections::HashSet;

use crate::simd::matrix::schedule::Schedule;
use crate::simd::matrix::{COLUMNS, ROWS};
use crate::tests::support::Random;

/// Random schedules.
const SCHEDULES: usize = 1_000;

/// The sizes of a schedule: rows, panels and chunks.
type Sizes = (usize, usize, usize);

fn some(random: &mut Random) -> (Sizes, Schedule) {
    let (rows, panels) = (random.between(1, 600), random.between(0, 9));
    let (chunks, block) = (random.between(1, 40), random.between(1, 5));
    let round = [block * random.between(1, 4), chunks][random.below(2)];
    ((rows, panels, chunks), Schedule::new(rows, panels, chunks, round, block))
}

#[test]
fn every_product_comes_once_and_the_chunks_of_a_row_and_panel_in_order() {
    let mut random = Random::new(51);
    for _ in 0..SCHEDULES {
        let ((rows, panels, chunks), schedule) = some(&mut random);
        let mut done = vec![0; rows * panels];
        let mut next = schedule.first();
        while let Some(block) = next {
            assert!(block.rows > 0 && block.chunks > 0, "{block:?}");
            let pairs = (0..block.pairs()).map(|pair| block.pair(pair));
            assert_eq!(pairs.map(|pair| pair.rows).sum::<usize>(), block.rows);
            for row in block.first_row..block.first_row + block.rows {
                let done = &mut done[row * panels + block.panel];
                assert_eq!(*done, block.first_chunk, "row {row} of {block:?}");
                *done += block.chunks;
                assert_eq!(*done == chunks, schedule.is_last_of_k(&block), "{block:?}");
            }
            next = schedule.after(&block);
        }
        assert!(done.iter().all(|done| *done == chunks), "{rows} {panels} {chunks}");
    }
}

#[test]
fn sums_are_kept_until_the_next_product_and_as_long_as_chunks_are_added() {
    let mut random = Random::new(52);
    for _ in 0..SCHEDULES {
        let (_, schedule) = some(&mut random);
        let words = schedule.sums_words();
        // Places with sums that more chunks are added to, and the place of those that are complete
        // since the product before.
        let (mut in_use, mut pending) = (HashSet::new(), None);
        let mut next = schedule.first();
        while let Some(block) = next {
            if schedule.is_first_of_rows(&block) {
                pending = None;
            }
            for pair in 0..block.pairs() {
                let place = schedule.sums_of_pair(&block, pair);
                assert!(place + ROWS * COLUMNS <= words, "{block:?} {pair}");
                assert_eq!(block.first_chunk > 0, !in_use.insert(place), "{block:?} {pair}");
                assert_ne!(pending, Some(place), "{block:?} {pair}");
                pending = None;
                if schedule.is_last_of_k(&block) {
                    in_use.remove(&place);
                    pending = Some(place);
                }
            }
            next = schedule.after(&block);
        }
        assert!(in_use.is_empty());
    }
}
