use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr};

use proptest::prelude::*;

use super::*;
use crate::batching::client::{ClientId, Priority};
use crate::batching::tests::options;

/// A waiting request: the lengths of its sequences.
#[derive(Clone, Debug)]
struct Lens {
    lens: Vec<usize>,
    passed_over: u32,
}

impl Waiting for Lens {
    fn tokens(&self, index: usize) -> Option<usize> {
        self.lens.get(index).copied()
    }

    fn passed_over(&self) -> u32 {
        self.passed_over
    }
}

fn client(number: u32) -> ClientId {
    ClientId::from(IpAddr::from(Ipv4Addr::from(number)))
}

/// Requests of one client with these lengths, of which the first `overdue` are overdue.
fn waiting(requests: &[Vec<usize>], overdue: usize, options: &BatcherOptions) -> Classes<Lens> {
    let mut classes: Classes<Lens> = Classes::default();
    for (index, lens) in requests.iter().enumerate() {
        let passed_over = if index < overdue { options.patience } else { 0 };
        let request = Lens { lens: lens.clone(), passed_over };
        classes.insert(Priority::Interactive, client(1), request);
    }
    classes
}

fn planned(requests: &[Vec<usize>], overdue: usize, options: &BatcherOptions) -> Vec<Pick> {
    plan(&waiting(requests, overdue, options), options).picks
}

fn lens(picks: &[Pick]) -> Vec<usize> {
    picks.iter().map(|pick| pick.tokens).collect()
}

/// Takes the sequences of a pass out, as the queue does.
fn take(classes: &mut Classes<Lens>, options: &BatcherOptions) -> NextPass {
    let plan = plan(classes, options);
    classes.charge(&plan.picks, options.token_budget.get());
    let mut picks = plan.picks.clone();
    picks.sort_by_key(|pick| (pick.request, pick.sequence));
    for picks in picks.chunk_by(|a, b| a.request == b.request) {
        let Entry { turn, mut request } = classes.take_out(&picks[0]).unwrap();
        for pick in picks.iter().rev() {
            request.lens.remove(pick.sequence);
        }
        if !request.lens.is_empty() {
            classes.put_back(&picks[0], Entry { turn, request });
        }
    }
    classes.retain(|_| true);
    plan
}

fn requests() -> impl Strategy<Value = Vec<Vec<usize>>> {
    let lens = prop::collection::vec(1_usize..600, 1..20);
    prop::collection::vec(lens, 0..20)
}

/// Options of an encoder without padding.
fn unpadded(budget: usize) -> BatcherOptions {
    BatcherOptions { padding: false, ..options(budget, 64, 8) }
}

proptest! {
    #[test]
    fn a_pass_holds_the_oldest_stays_within_budget_and_holds_nothing_twice(
        requests in requests(),
        overdue in 0_usize..20,
        (budget, look_ahead, patience) in (1_usize..4_000, 1_usize..60, 0_u32..4),
        padding in any::<bool>(),
    ) {
        let options = BatcherOptions { padding, ..options(budget, look_ahead, patience) };
        let picks = planned(&requests, overdue, &options);
        let lens = lens(&picks);
        let padded = lens.len() * lens.iter().max().unwrap_or(&0);
        let cost = if padding { padded } else { lens.iter().sum() };
        prop_assert!(cost <= budget || lens.len() == 1);
        prop_assert!(lens.len() <= look_ahead);
        let first = picks.first().map(|pick| (pick.request, pick.sequence, pick.by_age));
        prop_assert_eq!(first, (!requests.is_empty()).then_some((0, 0, true)));
        let distinct: BTreeSet<_> =
            picks.iter().map(|pick| (pick.request, pick.sequence)).collect();
        prop_assert_eq!(distinct.len(), picks.len());
    }

    #[test]
    fn no_request_overtakes_one_that_is_overdue(
        requests in requests(),
        overdue in 0_usize..20,
        (budget, look_ahead) in (1_usize..4_000, 1_usize..60),
        padding in any::<bool>(),
    ) {
        let options = BatcherOptions { padding, ..options(budget, look_ahead, 3) };
        let classes = waiting(&requests, overdue, &options);
        let plan = plan(&classes, &options);
        let overdue = |pick: &Pick| classes.request(pick).unwrap().passed_over >= 3;
        // An overdue request may only be skipped for the first in order and for other overdue ones.
        if plan.skipped.iter().any(overdue) {
            prop_assert!(plan.picks.iter().skip(1).all(overdue));
        }
    }

    #[test]
    fn without_padding_what_is_skipped_did_not_fit(
        requests in requests(),
        budget in 1_usize..4_000,
    ) {
        let options = unpadded(budget);
        let plan = plan(&waiting(&requests, 0, &options), &options);
        let total: usize = lens(&plan.picks).iter().sum();
        let shortest = plan.picks.iter().skip(1).map(|pick| pick.tokens).min().unwrap_or(0);
        for skipped in &plan.skipped {
            // Each was too long for what was left when it was its turn, which was no less than now.
            prop_assert!(total - shortest + skipped.tokens > budget || skipped.tokens > shortest);
        }
    }

    #[test]
    fn clients_that_always_wait_get_the_same_number_of_tokens(
        lengths in prop::collection::vec(1_usize..60, 2..6),
        budget in 480_usize..2_000,
    ) {
        let options = unpadded(budget);
        let mut classes: Classes<Lens> = Classes::default();
        let mut served = vec![0_usize; lengths.len()];
        for _ in 0..100 {
            for (number, &length) in (1..).zip(&lengths) {
                // One sends lists, the next single texts, and so on.
                let (requests, texts) = if number % 2 == 0 { (1, 2_000 / length + 1) } else { (2_000 / length + 1, 1) };
                let waits = classes.requests_of(client(number)).map(|request: &Lens| request.lens.iter().sum::<usize>());
                for _ in 0..(if waits.sum::<usize>() < 2_000 { requests } else { 0 }) {
                    let request = Lens { lens: vec![length; texts], passed_over: 0 };
                    classes.insert(Priority::Interactive, client(number), request);
                }
            }
            for pick in take(&mut classes, &options).picks {
                let number = (0..lengths.len()).find(|&n| client(n as u32 + 1) == pick.client);
                served[number.unwrap()] += pick.tokens;
            }
        }
        // A short sequence fills room that a long one can't use, at the most an eighth of a pass.
        let (least, most) = (served.iter().min().unwrap(), served.iter().max().unwrap());
        prop_assert!(most - least <= 2 * budget + most / 8, "{served:?}");
    }

    #[test]
    fn the_oldest_request_gets_half_of_its_clients_tokens_until_it_is_finished(
        length in 1_usize..50,
        others in 2_usize..100,
    ) {
        let options = unpadded(512);
        let mut classes = waiting(&vec![vec![length; 100]; others], 0, &options);
        let (mut of_oldest, mut total) = (0, 0);
        while classes.requests().next().is_some_and(|request| request.lens.len() > 60) {
            for pick in take(&mut classes, &options).picks {
                of_oldest += if pick.request == 0 { pick.tokens } else { 0 };
                total += pick.tokens;
            }
        }
        prop_assert!(2 * of_oldest + 2 * length >= total, "{of_oldest} of {total}");
        // The other half is spread: after as many turns as there are requests, all have begun.
        let begun = classes.requests().filter(|request| request.lens.len() < 100).count();
        prop_assert!(begun >= others.min(total / 2 / length), "{begun} of {others} begun");
    }
}

#[test]
fn batch_gets_a_twentieth_beside_interactive_and_everything_alone() {
    let options = unpadded(500);
    let mut classes: Classes<Lens> = Classes::default();
    let insert = |classes: &mut Classes<Lens>, priority, number| {
        classes.insert(priority, client(number), Lens { lens: vec![10; 2_000], passed_over: 0 });
    };
    let passes = |classes: &mut Classes<Lens>, count| {
        let mut tokens = BTreeMap::from([(Priority::Interactive, 0), (Priority::Batch, 0)]);
        for _ in 0..count {
            for pick in take(classes, &options).picks {
                *tokens.get_mut(&pick.priority).unwrap() += pick.tokens;
            }
        }
        tokens
    };
    // Alone first, for a long time: that gives the other class no credit.
    insert(&mut classes, Priority::Batch, 1);
    insert(&mut classes, Priority::Batch, 2);
    assert_eq!(passes(&mut classes, 20)[&Priority::Batch], 10_000);
    insert(&mut classes, Priority::Interactive, 3);
    let tokens = passes(&mut classes, 20);
    assert_eq!(tokens[&Priority::Interactive] + tokens[&Priority::Batch], 10_000);
    assert!((480..=520).contains(&tokens[&Priority::Batch]), "{tokens:?}");
}

#[test]
fn a_client_that_comes_new_has_no_credit_and_one_that_leaves_for_a_moment_no_new_start() {
    let options = unpadded(100);
    let list = |count| Lens { lens: vec![10; count], passed_over: 0 };
    let mut classes: Classes<Lens> = Classes::default();
    classes.insert(Priority::Interactive, client(1), list(1_000));
    for _ in 0..50 {
        take(&mut classes, &options);
    }
    classes.insert(Priority::Interactive, client(2), list(100));
    let of_new =
        take(&mut classes, &options).picks.iter().filter(|p| p.client == client(2)).count();
    assert_eq!(of_new, 5, "half of the pass");
}

#[test]
fn a_single_text_of_another_client_is_in_the_next_pass() {
    let options = unpadded(512);
    let mut classes = waiting(&vec![vec![250; 100]; 30], 0, &options);
    take(&mut classes, &options);
    let text = Lens { lens: vec![20], passed_over: 0 };
    classes.insert(Priority::Interactive, client(2), text);
    assert!(take(&mut classes, &options).picks.iter().any(|pick| pick.client == client(2)));
}

#[test]
fn without_padding_different_lengths_share_a_pass_in_order() {
    let requests = [20, 250, 21, 240, 19, 130, 22].map(|len| vec![len]);
    assert_eq!(lens(&planned(&requests, 0, &unpadded(550))), [20, 250, 21, 240, 19]);
    assert_eq!(planned(&requests, 0, &unpadded(2_000)).len(), 7);
}

#[test]
fn without_padding_shorter_ones_overtake_one_that_does_not_fit_until_it_is_overdue() {
    let requests = [300, 300, 40, 100, 60].map(|len| vec![len]);
    assert_eq!(lens(&planned(&requests, 0, &unpadded(500))), [300, 40, 100, 60]);
    assert_eq!(lens(&planned(&requests, 2, &unpadded(500))), [300]);
}

#[test]
fn similar_lengths_share_a_pass() {
    let requests = [20, 250, 21, 240, 19, 130, 22].map(|len| vec![len]);
    assert_eq!(lens(&planned(&requests, 0, &options(2_000, 64, 8))), [20, 21, 19, 22]);
}

#[test]
fn a_few_short_sequences_are_padded_instead_of_left_for_another_pass() {
    let requests = [16, 30, 22, 25].map(|len| vec![len]);
    assert_eq!(planned(&requests, 0, &options(2_000, 64, 8)).len(), 4);
}

#[test]
fn an_overdue_request_is_taken_whatever_its_length() {
    let requests = [250, 5, 250, 5, 5].map(|len| vec![len]);
    let options = options(2_000, 64, 8);
    assert_eq!(lens(&planned(&requests, 0, &options)), [250, 250]);
    assert_eq!(lens(&planned(&requests, 2, &options)), [250, 5, 250]);
}

#[test]
fn a_sequence_longer_than_the_budget_is_alone_in_its_pass() {
    let requests = [vec![900, 1], vec![1]];
    assert_eq!(lens(&planned(&requests, 2, &options(500, 64, 8))), [900]);
}

#[test]
fn if_nothing_waits_nothing_is_picked() {
    assert_eq!(planned(&[], 0, &options(500, 64, 8)), []);
}

#[test]
fn the_plan_reads_no_further_than_its_look_ahead() {
    assert_eq!(planned(&vec![vec![7; 1_000]; 100], 0, &options(70_000, 64, 8)).len(), 64);
}

#[test]
fn huge_lengths_do_not_overflow() {
    let requests = [vec![usize::MAX / 4, usize::MAX / 4], vec![usize::MAX / 4]];
    assert!(!planned(&requests, 2, &options(usize::MAX, 64, 8)).is_empty());
}
