//! Admission, order and cost over minutes of load, with a clock that is only a number: what the
//! worker does, without threads, HTTP or an encoder.

use std::collections::BTreeMap;
use std::net::{IpAddr, Ipv4Addr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use super::client::{ClientId, Priority};
use super::cost::PassCost;
use super::load::{Demand, Load};
use super::metrics::BatchingMetrics;
use super::queue::Queue;
use super::request::{Request, Sequence};
use super::submit_error::SubmitError;
use super::tests::options;
use super::{BatcherOptions, Pending};

mod overload;
mod padding;
mod recovery;

/// A request that arrives at a second, counted from the start.
#[derive(Clone, Debug)]
struct Arrival {
    at: f64,
    client: ClientId,
    priority: Priority,
    lens: Vec<usize>,
    timeout: f64,
}

/// What became of a request.
#[derive(Clone, Copy, Debug, PartialEq)]
enum Fate {
    /// Answered after so many seconds.
    Answered(f64),
    /// Let in, and not answered before its deadline.
    Late,
    /// Not let in: 429.
    Full(Duration),
    /// Not let in: 504.
    DeadlineTooShort,
}

/// The server, and what became of each request.
struct Simulation {
    queue: Queue<usize, ()>,
    load: Arc<Load>,
    start: Instant,
    now: f64,
    /// Seconds of a pass of so many tokens.
    pass_seconds: Box<dyn FnMut(usize) -> f64>,
    open: BTreeMap<usize, (Arrival, Pending<()>)>,
    /// By the number of the request.
    fates: Vec<Option<Fate>>,
    /// Of each request.
    tokens: Vec<usize>,
}

fn client(number: u8) -> ClientId {
    ClientId::from(IpAddr::from(Ipv4Addr::new(127, 0, 0, number)))
}

/// The defaults, for an encoder of 9,000 tokens per second in full passes.
fn serving() -> (BatcherOptions, impl FnMut(usize) -> f64 + Copy) {
    let pass_seconds = |tokens: usize| 0.002 + tokens as f64 * (512.0 / 9_000.0 - 0.002) / 512.0;
    let time = |tokens| Duration::from_secs_f64(pass_seconds(tokens));
    let options = BatcherOptions {
        padding: false,
        queue_tokens: std::num::NonZeroUsize::new(262_144).unwrap(),
        queue_time: Duration::from_secs(5),
        cost: PassCost::from_passes(time(1), 512, time(512)),
        ..options(512, 256, 16)
    };
    (options, pass_seconds)
}

impl Simulation {
    fn new(options: BatcherOptions, pass_seconds: impl FnMut(usize) -> f64 + 'static) -> Self {
        Self {
            queue: Queue::new(options),
            load: Arc::new(Load::new(options)),
            start: Instant::now(),
            now: 0.0,
            pass_seconds: Box::new(pass_seconds),
            open: BTreeMap::new(),
            fates: Vec::new(),
            tokens: Vec::new(),
        }
    }

    fn instant(&self, at: f64) -> Instant {
        self.start + Duration::from_secs_f64(at)
    }

    /// A request arrives; returns its number.
    fn arrive(&mut self, arrival: Arrival) -> usize {
        let number = self.fates.len();
        let tokens = arrival.lens.iter().sum();
        let (client, priority) = (arrival.client, arrival.priority);
        let left = Some(Duration::from_secs_f64(arrival.timeout));
        let demand = Demand { tokens, sequences: arrival.lens.len(), client, priority, left };
        self.tokens.push(tokens);
        let fate = match self.load.admit(demand) {
            Ok(ticket) => {
                let sequence = |&tokens: &usize| Sequence { tokens, item: number };
                let sequences = arrival.lens.iter().map(sequence).collect();
                let deadline = self.instant(arrival.at + arrival.timeout);
                let (request, pending) = Request::new(sequences, Some(deadline), ticket);
                self.queue.push(request);
                self.open.insert(number, (arrival, pending));
                None
            }
            Err(SubmitError::Full { retry_after }) => Some(Fate::Full(retry_after)),
            Err(SubmitError::DeadlineTooShort { .. }) => Some(Fate::DeadlineTooShort),
            Err(error) => panic!("{error}"),
        };
        self.fates.push(fate);
        number
    }

    /// Runs one pass, during which `arrivals` up to its end arrive. Returns its tokens.
    fn pass(&mut self, arrivals: &mut impl FnMut(f64) -> Option<Arrival>) -> usize {
        self.queue
            .sweep(self.instant(self.now), &BatchingMetrics::default().for_model("simulated"));
        let selections = self.queue.take();
        let slots = || selections.iter().flat_map(|selection| &selection.taken);
        let tokens: usize = slots().map(|slot| slot.tokens).sum();
        if tokens == 0 {
            return 0;
        }
        let numbers: Vec<_> = selections.iter().map(|selection| selection.taken[0].item).collect();
        self.load.pass_begins(tokens, self.instant(self.now));
        let took = (self.pass_seconds)(tokens);
        self.now += took;
        while let Some(arrival) = arrivals(self.now) {
            self.arrive(arrival);
        }
        let took = Duration::from_secs_f64(took);
        self.load.pass_ends(took);
        for selection in selections {
            let results: Vec<_> = selection.taken.iter().map(|_| Ok(())).collect();
            self.queue.record(selection, results.into_iter(), took);
        }
        for number in numbers {
            if self.open.get_mut(&number).is_none_or(|(_, p)| p.try_take().is_none()) {
                continue;
            }
            if let Some((arrival, _)) = self.open.remove(&number) {
                let took = self.now - arrival.at;
                let in_time = took <= arrival.timeout;
                self.fates[number] = Some(if in_time { Fate::Answered(took) } else { Fate::Late });
            }
        }
        tokens
    }

    /// Runs until all of `arrivals`, which are in order, have a fate.
    fn run(&mut self, arrivals: Vec<Arrival>) {
        let mut arrivals = arrivals.into_iter().peekable();
        loop {
            if self.queue.is_empty() {
                let Some(arrival) = arrivals.next() else { break };
                self.now = self.now.max(arrival.at);
                self.arrive(arrival);
            }
            self.pass(&mut |until| arrivals.next_if(|arrival| arrival.at <= until));
        }
        for (number, _) in std::mem::take(&mut self.open) {
            self.fates[number] = Some(Fate::Late);
        }
        assert_eq!(self.load.waiting_tokens(), 0);
    }

    fn fates(&self) -> impl Iterator<Item = (Fate, usize)> {
        self.fates.iter().map(|fate| fate.unwrap()).zip(self.tokens.iter().copied())
    }
}

/// Numbers from 0 to 1 that look random and are the same on every run.
fn uniform(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed;
    move || {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963);
        f64::from(u32::try_from(state >> 32).unwrap()) / f64::from(u32::MAX)
    }
}

/// Lengths like those of sentences, with a long tail, up to 256.
fn sentences(seed: u64) -> impl FnMut() -> usize {
    let mut uniform = uniform(seed);
    move || {
        // The sum of twelve uniform draws is about normal; median 25, and one tenth above 70.
        let normal = (0..12).map(|_| uniform()).sum::<f64>() - 6.0;
        (25.0 * (0.8 * normal).exp()).clamp(3.0, 256.0) as usize
    }
}
