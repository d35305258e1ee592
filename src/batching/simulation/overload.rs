//! More requests than can be computed, at a constant rate.

use super::*;

const SECONDS: f64 = 60.0;
const TIMEOUT: f64 = 10.0;
/// Tokens per second in full passes.
const CAPACITY: f64 = 9_000.0;

/// Requests of client 1 with these numbers of texts, in equal parts, at `load` times the capacity.
fn arrivals(load: f64, sizes: &[usize], seed: u64) -> Vec<Arrival> {
    let (mut uniform, mut sentence) = (uniform(seed), sentences(seed + 1));
    let mut average = sentences(seed + 2);
    let tokens_per_text = (0..10_000).map(|_| average()).sum::<usize>() as f64 / 10_000.0;
    let texts_per_request = sizes.iter().sum::<usize>() as f64 / sizes.len() as f64;
    let rate = load * CAPACITY / (tokens_per_text * texts_per_request);
    let (mut at, mut arrivals) = (0.0, Vec::new());
    while at < SECONDS {
        // The times between arrivals of a Poisson process.
        at -= (1.0 - uniform()).max(1e-12).ln() / rate;
        let size = sizes[(uniform() * sizes.len() as f64) as usize % sizes.len()];
        let lens = (0..size).map(|_| sentence()).collect();
        let (client, priority) = (client(1), Priority::Interactive);
        arrivals.push(Arrival { at, client, priority, lens, timeout: TIMEOUT });
    }
    arrivals
}

/// Runs a load, prints and returns its figures.
struct Figures {
    /// Tokens answered in time per second of load, as a part of the capacity.
    goodput: f64,
    /// Of the requests that were let in.
    late: f64,
    /// Answered requests of each size.
    answered: Vec<usize>,
}

fn figures(load: f64, sizes: &[usize]) -> Figures {
    let (options, pass_seconds) = serving();
    let mut simulation = Simulation::new(options, pass_seconds);
    let arrivals = arrivals(load, sizes, 7);
    let counts: Vec<_> = arrivals.iter().map(|arrival| arrival.lens.len()).collect();
    simulation.run(arrivals);
    let (mut tokens, mut answered) = (0, vec![0; sizes.len()]);
    let (mut waits, mut late, mut refused) = (Vec::new(), 0, 0);
    for ((fate, own), count) in simulation.fates().zip(counts) {
        match fate {
            Fate::Answered(wait) => {
                tokens += own;
                waits.push(wait);
                answered[sizes.iter().position(|&size| size == count).unwrap()] += 1;
            }
            Fate::Late => late += 1,
            Fate::Full(_) | Fate::DeadlineTooShort => refused += 1,
        }
    }
    waits.sort_by(f64::total_cmp);
    let goodput = tokens as f64 / simulation.now / CAPACITY;
    let admitted = waits.len() + late;
    println!(
        "{load:>4} x, {sizes:?}: goodput {goodput:.3}, {late} of {admitted} late, {refused} refused, \
         p50 {:.2} s, p99 {:.2} s, answered {answered:?}",
        waits[waits.len() / 2],
        waits[waits.len() * 99 / 100],
    );
    Figures { goodput, late: late as f64 / admitted as f64, answered }
}

#[test]
fn under_overload_the_worker_does_as_much_as_at_its_capacity_and_nearly_nothing_is_late() {
    for (sizes, least) in [(&[1][..], 0.9), (&[32], 0.9), (&[1, 32, 256], 0.85)] {
        for load in [1.0, 2.0, 5.0, 10.0] {
            let figures = figures(load, sizes);
            assert!(figures.goodput >= least, "{load}: {}", figures.goodput);
            assert!(figures.late <= 0.01, "{load}: {}", figures.late);
            assert!(figures.answered.iter().all(|&answered| answered > 0), "each size is answered");
        }
    }
}

/// A bulk client keeps as much waiting as it is let; another sends one text at a time. Returns the
/// other's waits in full passes.
fn beside_bulk(size: usize) -> Vec<f64> {
    let (options, pass_seconds) = serving();
    let mut simulation = Simulation::new(options, pass_seconds);
    let mut sentence = sentences(3);
    let full_pass = 512.0 / CAPACITY;
    let mut arrival = |client, size, at| {
        let lens = (0..size).map(|_| sentence()).collect();
        Arrival { at, client, priority: Priority::Interactive, lens, timeout: 30.0 }
    };
    let mut waits = Vec::new();
    let mut one: Option<usize> = None;
    while simulation.now < SECONDS {
        loop {
            let number = simulation.arrive(arrival(client(2), size, simulation.now));
            if simulation.fates[number].is_some() {
                break;
            }
        }
        match one.map(|number| simulation.fates[number]) {
            Some(None) => {}
            Some(Some(Fate::Answered(wait))) => {
                waits.push(wait / full_pass);
                one = None;
            }
            Some(Some(other)) => panic!("{other:?}"),
            None => one = Some(simulation.arrive(arrival(client(1), 1, simulation.now))),
        }
        simulation.pass(&mut |_| None);
    }
    waits.sort_by(f64::total_cmp);
    waits
}

#[test]
fn a_client_of_single_texts_waits_for_few_passes_beside_a_bulk_client() {
    for size in [1, 32, 256, 1_024] {
        let waits = beside_bulk(size);
        let p99 = waits[waits.len() * 99 / 100];
        println!("beside lists of {size}: p50 {:.1}, p99 {p99:.1} passes", waits[waits.len() / 2]);
        assert!(waits.len() > 100 && p99 <= 3.0, "{size}: {p99} of {}", waits.len());
    }
}
