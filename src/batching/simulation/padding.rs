//! How much padding passes have, for an encoder that pads.

use super::*;

/// The fraction of padding in 200 passes, while `waiting` requests of `size` texts always wait.
fn padding_fraction(options: BatcherOptions, waiting: usize, size: usize) -> f64 {
    let (_, pass_seconds) = serving();
    let mut simulation = Simulation::new(options, pass_seconds);
    let mut sentence = sentences(1);
    let (mut tokens, mut padded) = (0, 0);
    for _ in 0..200 {
        while simulation.open.len() < waiting {
            let lens: Vec<_> = (0..size).map(|_| sentence()).collect();
            let (at, priority) = (simulation.now, Priority::Interactive);
            simulation.arrive(Arrival { at, client: client(1), priority, lens, timeout: 3_600.0 });
        }
        let before = simulation.queue.take();
        let lens = || before.iter().flat_map(|selection| &selection.taken).map(|slot| slot.tokens);
        tokens += lens().sum::<usize>();
        padded += lens().count() * lens().max().unwrap();
        for selection in before {
            let number = selection.taken[0].item;
            let results: Vec<_> = selection.taken.iter().map(|_| Ok(())).collect();
            simulation.queue.record(selection, results.into_iter(), Duration::ZERO);
            if simulation.open.get_mut(&number).is_some_and(|(_, p)| p.try_take().is_some()) {
                simulation.open.remove(&number);
            }
        }
    }
    1.0 - tokens as f64 / padded as f64
}

#[test]
fn grouping_similar_lengths_leaves_little_padding() {
    let (in_order, patient) = (options(4_096, 256, 0), options(4_096, 256, 16));
    let naive = padding_fraction(in_order, 400, 1);
    assert!(naive > 0.65, "in order: {naive}");
    for (waiting, size, most) in [(400, 1, 0.20), (32, 20, 0.20), (3, 1_000, 0.12)] {
        let fraction = padding_fraction(patient, waiting, size);
        assert!(fraction < most, "{waiting} requests of {size}: {fraction}");
    }
}
