//! A wrong estimate of the rate never ends in refusing for ever.

use super::*;

/// A list that takes a second at the capacity of [`serving`], of its own client each time.
fn list(at: f64, number: u8) -> Arrival {
    let (client, priority) = (client(number), Priority::Interactive);
    Arrival { at, client, priority, lens: vec![30; 300], timeout: 10.0 }
}

/// Sends lists at half the capacity for five minutes, while passes take `pass_seconds(pass, tokens)`.
/// Returns how many of the last fifty are answered.
fn answered_at_the_end(mut pass_seconds: impl FnMut(u32, usize) -> f64 + 'static) -> usize {
    let (options, _) = serving();
    let mut pass = 0;
    let mut simulation = Simulation::new(options, move |tokens| {
        pass += 1;
        pass_seconds(pass, tokens)
    });
    simulation
        .run((0..150).map(|number| list(2.0 * f64::from(number), (number % 50) as u8)).collect());
    let last = simulation.fates().skip(100);
    last.filter(|(fate, _)| matches!(fate, Fate::Answered(_))).count()
}

#[test]
fn after_a_stalled_pass_requests_are_let_in_again() {
    let (_, mut normal) = serving();
    let stalled =
        answered_at_the_end(move |pass, tokens| if pass == 100 { 60.0 } else { normal(tokens) });
    assert_eq!(stalled, 50);
}

#[test]
fn after_minutes_at_a_hundredth_of_the_speed_requests_are_let_in_again() {
    let (_, mut normal) = serving();
    let slow = answered_at_the_end(move |pass, tokens| {
        normal(tokens) * if pass < 20 { 100.0 } else { 1.0 }
    });
    assert_eq!(slow, 50);
}

#[test]
fn an_estimate_that_is_a_thousand_times_too_slow_or_too_fast_is_corrected() {
    let (options, normal) = serving();
    for factor in [1_000.0, 0.001] {
        let (one, full) = (0.002 * factor, 512.0 / 9_000.0 * factor);
        let [one, full] = [one, full].map(Duration::from_secs_f64);
        let options = BatcherOptions { cost: PassCost::from_passes(one, 512, full), ..options };
        let mut simulation = Simulation::new(options, normal);
        simulation.run((0..60).map(|number| list(2.0 * f64::from(number), number)).collect());
        let last = simulation.fates().skip(40);
        let answered = last.filter(|(fate, _)| matches!(fate, Fate::Answered(_))).count();
        assert_eq!(answered, 20, "{factor}");
    }
}

#[test]
fn after_an_hour_of_tiny_passes_lists_are_let_in() {
    let (options, mut normal) = serving();
    // Tiny passes are slow in a way that full passes are not.
    let mut simulation = Simulation::new(options, move |tokens| normal(tokens).max(0.02));
    let tiny = |number: u32| Arrival { lens: vec![3], ..list(f64::from(number) * 0.1, 1) };
    let lists = (0..10).map(|number| list(4_000.0 + f64::from(number), 2));
    simulation.run((0..36_000).map(tiny).chain(lists).collect());
    assert!(simulation.fates().all(|(fate, _)| matches!(fate, Fate::Answered(_))));
}
