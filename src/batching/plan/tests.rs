use std::collections::BTreeSet;
use std::iter;

use proptest::prelude::*;

use super::*;
use crate::batching::tests::options;

/// The plan for requests of these lengths, of which the first `overdue` are overdue.
fn planned(requests: &[Vec<usize>], overdue: usize, options: &BatcherOptions) -> Vec<Pick> {
    let waiting = requests.iter().enumerate().map(|(request, lens)| Waiting {
        lens: lens.iter().copied(),
        passed_over: if request < overdue { options.patience } else { 0 },
    });
    plan(waiting, options)
}

fn lens(requests: &[Vec<usize>], picks: &[Pick]) -> Vec<usize> {
    let len = |pick: &Pick| requests[pick.request][pick.sequence];
    picks.iter().map(len).collect()
}

fn requests() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let lens = prop::collection::vec(1_usize..600, 1..20);
    prop::collection::vec(lens, 0..20)
}

proptest! {
    #[test]
    fn a_pass_holds_the_first_in_turn_stays_within_budget_and_holds_nothing_twice(
        requests in requests(),
        overdue in 0_usize..20,
        (budget, look_ahead, patience) in (1_usize..4_000, 1_usize..60, 0_u32..4),
        padding in any::<bool>(),
    ) {
        let options = BatcherOptions { padding, ..options(budget, look_ahead, patience) };
        let picks = planned(&requests, overdue, &options);
        let lens = lens(&requests, &picks);
        let padded = lens.len() * lens.iter().max().unwrap_or(&0);
        let cost = if padding { padded } else { lens.iter().sum() };
        prop_assert!(cost <= budget || lens.len() == 1);
        prop_assert!(lens.len() <= look_ahead);
        let first = Pick { request: 0, sequence: 0 };
        prop_assert_eq!(picks.first(), requests.first().map(|_| &first));
        let distinct: BTreeSet<_> = picks.iter().copied().collect();
        prop_assert!(distinct.into_iter().eq(picks), "ascending, none twice");
    }

    #[test]
    fn no_request_overtakes_one_that_is_overdue(
        requests in requests(),
        overdue in 0_usize..20,
        (budget, look_ahead) in (1_usize..4_000, 1_usize..60),
        padding in any::<bool>(),
    ) {
        let options = BatcherOptions { padding, ..options(budget, look_ahead, 3) };
        let picks = planned(&requests, overdue, &options);
        let taken: BTreeSet<_> = picks.iter().map(|pick| pick.request).collect();
        let left = (0..overdue.min(requests.len())).find(|request| !taken.contains(request));
        if let Some(left) = left {
            prop_assert!(taken.iter().all(|&request| request < left));
        }
    }

    #[test]
    fn requests_of_one_length_share_a_pass_in_turn(
        counts in prop::collection::vec(1_usize..30, 1..20),
        (budget, look_ahead) in (20_usize..4_000, 1_usize..200),
        padding in any::<bool>(),
    ) {
        let requests: Vec<_> = counts.iter().map(|&count| vec![20; count]).collect();
        let options = BatcherOptions { padding, ..options(budget, look_ahead, 8) };
        let picks = planned(&requests, 0, &options);
        let total: usize = counts.iter().sum();
        prop_assert_eq!(picks.len(), total.min(budget / 20).min(look_ahead));
        let taken = |request| picks.iter().filter(|pick| pick.request == request).count();
        let most = (0..counts.len()).map(taken).max().unwrap();
        for (request, &count) in counts.iter().enumerate() {
            prop_assert!(taken(request) + 1 >= most || taken(request) == count);
        }
    }
}

proptest! {
    #[test]
    fn without_padding_what_is_left_out_did_not_fit(
        requests in requests(),
        overdue in 0_usize..20,
        budget in 1_usize..4_000,
    ) {
        let requests: Vec<_> = requests.into_iter().map(|lens| vec![lens[0]]).collect();
        let picks = planned(&requests, overdue, &unpadded(budget));
        let taken: BTreeSet<_> = picks.iter().map(|pick| pick.request).collect();
        let mut total = 0;
        let due = overdue.max(1).min(requests.len());
        for (request, lens) in requests.iter().enumerate() {
            if taken.contains(&request) {
                total += lens[0];
            } else {
                prop_assert!(total + lens[0] > budget);
                if request < due {
                    prop_assert!(taken.iter().all(|&other| other < request));
                    break;
                }
            }
        }
    }
}

/// Options of an encoder without padding.
fn unpadded(budget: usize) -> BatcherOptions {
    BatcherOptions { padding: false, ..options(budget, 64, 8) }
}

#[test]
fn without_padding_different_lengths_share_a_pass_in_turn() {
    let requests = [20, 250, 21, 240, 19, 130, 22].map(|len| vec![len]);
    assert_eq!(lens(&requests, &planned(&requests, 0, &unpadded(550))), [20, 250, 21, 240, 19]);
    assert_eq!(lens(&requests, &planned(&requests, 0, &unpadded(2_000))).len(), 7);
}

#[test]
fn without_padding_shorter_ones_overtake_one_that_does_not_fit_until_it_is_overdue() {
    let requests = [300, 300, 40, 100, 60].map(|len| vec![len]);
    assert_eq!(lens(&requests, &planned(&requests, 0, &unpadded(500))), [300, 40, 100, 60]);
    assert_eq!(lens(&requests, &planned(&requests, 2, &unpadded(500))), [300]);
}

#[test]
fn similar_lengths_share_a_pass() {
    let requests = [20, 250, 21, 240, 19, 130, 22].map(|len| vec![len]);
    let picks = planned(&requests, 0, &options(2_000, 64, 8));
    assert_eq!(lens(&requests, &picks), [20, 21, 19, 22]);
}

#[test]
fn a_few_short_sequences_are_padded_instead_of_left_for_another_pass() {
    let requests = [16, 30, 22, 25].map(|len| vec![len]);
    let picks = planned(&requests, 0, &options(2_000, 64, 8));
    assert_eq!(picks.len(), 4);
}

#[test]
fn an_overdue_request_is_taken_whatever_its_length() {
    let requests = [250, 5, 250, 5, 5].map(|len| vec![len]);
    let options = options(2_000, 64, 8);
    assert_eq!(lens(&requests, &planned(&requests, 0, &options)), [250, 250]);
    assert_eq!(lens(&requests, &planned(&requests, 2, &options)), [250, 5, 250]);
}

#[test]
fn only_the_next_sequence_of_an_overdue_request_is_taken() {
    let requests = [vec![250, 5], vec![250]];
    let picks = planned(&requests, 2, &options(2_000, 64, 8));
    assert_eq!(lens(&requests, &picks), [250, 250]);
}

#[test]
fn a_sequence_longer_than_the_budget_is_alone_in_its_pass() {
    let requests = [vec![900, 1], vec![1]];
    let picks = planned(&requests, 2, &options(500, 64, 8));
    assert_eq!(lens(&requests, &picks), [900]);
}

#[test]
fn if_nothing_waits_nothing_is_picked() {
    assert_eq!(planned(&[], 0, &options(500, 64, 8)), []);
}

#[test]
fn the_plan_reads_no_further_than_its_look_ahead() {
    let endless = iter::repeat_with(|| Waiting { lens: iter::repeat(7), passed_over: 0 });
    assert_eq!(plan(endless, &options(70_000, 64, 8)).len(), 64);
}

#[test]
fn huge_lengths_do_not_overflow() {
    let requests = [vec![usize::MAX, usize::MAX], vec![usize::MAX]];
    let picks = planned(&requests, 2, &options(usize::MAX, 64, 8));
    assert!(!picks.is_empty());
}
