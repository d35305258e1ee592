//! Times forward passes for a given time: full passes for the rate, passes of one sequence for the
//! latency.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::results::{Measurement, PassTotals, SingleSequence};
use super::work::{Lengths, Texts};
use crate::app::Parts;
use crate::model::task::{Task, TaskSpec};

/// Shares of a measurement's time for warming up, for the rate and for the latency.
const SHARES: [f64; 3] = [0.1, 0.6, 0.3];

/// Takes one measurement after another, with a progress bar on a terminal.
pub struct Stopwatch<'a> {
    parts: &'a Parts,
    /// Number of encoder layers that a pass computes.
    depth: usize,
    times: [Duration; 3],
    bar: ProgressBar,
}

impl<'a> Stopwatch<'a> {
    /// For a number of `measurements` of `seconds` each.
    pub fn new(
        parts: &'a Parts,
        spec: &Arc<TaskSpec>,
        seconds: f64,
        measurements: usize,
    ) -> anyhow::Result<Self> {
        let times = SHARES.map(|share| Duration::from_secs_f64(share * seconds));
        let bar = ProgressBar::new((1_000.0 * seconds * measurements as f64) as u64);
        bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {percent} %, {eta} left")?);
        let depth = spec.taps().iter().map(|tap| tap.layer).max().unwrap_or(0);
        Ok(Self { parts, depth, times, bar })
    }

    /// Measures the texts of a file, tokenisation included.
    pub fn texts(&self, name: &str, work: &mut Texts<'_>) -> anyhow::Result<Measurement> {
        let median = work.median()?;
        let totals = self.rate(name, || work.pass())?;
        let tokens = work.task(median)?.sequence.tokens();
        let alone = self.alone(tokens, || work.task(median))?;
        Ok(Measurement::new(name.to_owned(), &totals, alone))
    }

    /// Measures sequences of one length.
    pub fn lengths(&self, work: &Lengths) -> anyhow::Result<Measurement> {
        let name = format!("{} x {}", work.pass.len(), work.length);
        let totals = self.rate(&name, || Ok(work.pass.clone()))?;
        let alone = self.alone(work.length, || Ok(work.pass[0].clone()))?;
        Ok(Measurement::new(name, &totals, alone))
    }

    /// Removes the progress bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    /// Totals of passes during the time for the rate, after a warm-up.
    fn rate(
        &self,
        name: &str,
        mut next: impl FnMut() -> anyhow::Result<Vec<Task>>,
    ) -> anyhow::Result<PassTotals> {
        self.bar.set_message(name.to_owned());
        let [warm_up, rate, _] = self.times;
        self.passes(warm_up, &mut next)?;
        self.passes(rate, &mut next)
    }

    /// Runs passes for `time`, at least one.
    fn passes(
        &self,
        time: Duration,
        next: &mut impl FnMut() -> anyhow::Result<Vec<Task>>,
    ) -> anyhow::Result<PassTotals> {
        let mut totals = PassTotals::default();
        let started = Instant::now();
        while totals.passes == 0 || started.elapsed() < time {
            let pass_started = Instant::now();
            let pass = next()?;
            self.parts.model.forward(&pass.iter().collect::<Vec<_>>())?;
            totals.passes += 1;
            totals.texts += pass.len();
            for tokens in pass.iter().map(|task| task.sequence.tokens()) {
                totals.tokens += tokens;
                totals.flops += self.parts.checkpoint.config.spec.flops(tokens, self.depth);
            }
            self.bar.inc(pass_started.elapsed().as_millis() as u64);
        }
        totals.seconds = started.elapsed().as_secs_f64();
        Ok(totals)
    }

    /// The latency of passes that hold one sequence of `tokens`.
    fn alone(
        &self,
        tokens: usize,
        next: impl Fn() -> anyhow::Result<Task>,
    ) -> anyhow::Result<SingleSequence> {
        let mut millis = Vec::new();
        let started = Instant::now();
        while millis.is_empty() || started.elapsed() < self.times[2] {
            let pass_started = Instant::now();
            self.parts.model.forward(&[&next()?])?;
            millis.push(1_000.0 * pass_started.elapsed().as_secs_f64());
        }
        self.bar.inc(self.times[2].as_millis() as u64);
        millis.sort_by(f64::total_cmp);
        let [p50_ms, p99_ms] = [50, 99].map(|percent| percentile(&millis, percent));
        Ok(SingleSequence { tokens, p50_ms, p99_ms, passes: millis.len() })
    }
}

/// The smallest of the ascending `values` that is at least as large as `percent` % of them.
fn percentile(values: &[f64], percent: usize) -> f64 {
    let rank = (values.len() * percent).div_ceil(100);
    values[rank.max(1) - 1]
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn a_percentile_is_one_of_the_values() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(
            [0, 50, 99, 100].map(|percent| percentile(&values, percent)),
            [1.0, 100.0, 198.0, 200.0]
        );
        assert_eq!(percentile(&[7.0], 50), 7.0);
        assert_eq!(percentile(&[7.0, 8.0], 99), 8.0);
    }
}
