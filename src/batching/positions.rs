//! Taking elements out of a deque by their positions.

use std::collections::VecDeque;

/// Takes out the elements at `positions`, which ascend, and keeps the order of the rest. The cost
/// grows with the last position, not with the length.
pub(super) fn take_at<T>(from: &mut VecDeque<T>, positions: impl Iterator<Item = usize>) -> Vec<T> {
    let mut taken = Vec::new();
    let mut kept = Vec::new();
    for position in positions {
        let between = position - taken.len() - kept.len();
        kept.extend(from.drain(..between));
        taken.extend(from.pop_front());
    }
    for element in kept.into_iter().rev() {
        from.push_front(element);
    }
    taken
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_elements_at_the_positions_are_taken_and_the_rest_keeps_its_order() {
        for (positions, taken, kept) in [
            (vec![], vec![], vec![0, 1, 2, 3, 4]),
            (vec![0], vec![0], vec![1, 2, 3, 4]),
            (vec![1, 3], vec![1, 3], vec![0, 2, 4]),
            (vec![0, 1, 4], vec![0, 1, 4], vec![2, 3]),
            (vec![0, 1, 2, 3, 4], vec![0, 1, 2, 3, 4], vec![]),
        ] {
            let mut from: VecDeque<_> = (0..5).collect();
            assert_eq!(take_at(&mut from, positions.into_iter()), taken);
            assert_eq!(from, kept);
        }
    }
}
