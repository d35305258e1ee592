//! Times passes: as many as there is time for, full ones for the rate and lone ones for the latency.

use std::sync::Arc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressStyle};

use super::report::{Alone, Measured};
use super::work::{Lengths, Texts};
use crate::app::Parts;
use crate::model::task::{Task, TaskSpec};

/// Shares of a measurement's time that go to warming up, to the rate, and to the latency.
const SHARES: [f64; 3] = [0.1, 0.6, 0.3];

/// Measures works one after another, with a progress bar on a terminal.
pub struct Bench<'a> {
    parts: &'a Parts,
    /// Encoder layers that a pass goes through.
    depth: usize,
    times: [Duration; 3],
    bar: ProgressBar,
}

/// What passes came to.
#[derive(Default)]
pub struct Done {
    pub passes: usize,
    pub texts: usize,
    pub tokens: usize,
    pub flops: f64,
    pub seconds: f64,
}

impl<'a> Bench<'a> {
    /// For `works` measurements of so many seconds each.
    pub fn new(
        parts: &'a Parts,
        spec: &Arc<TaskSpec>,
        seconds: f64,
        works: usize,
    ) -> anyhow::Result<Self> {
        let times = SHARES.map(|share| Duration::from_secs_f64(share * seconds));
        let bar = ProgressBar::new((1_000.0 * seconds * works as f64) as u64);
        bar.set_style(ProgressStyle::with_template("{msg} {wide_bar} {percent} %, {eta} to go")?);
        let depth = spec.taps().iter().map(|tap| tap.layer).max().unwrap_or(0);
        Ok(Self { parts, depth, times, bar })
    }

    /// A file's texts, tokenisation included.
    pub fn texts(&self, name: &str, work: &mut Texts<'_>) -> anyhow::Result<Measured> {
        let median = work.median()?;
        let done = self.rate(name, || work.pass())?;
        let tokens = work.one(median)?.sequence.tokens();
        let alone = self.alone(tokens, || work.one(median))?;
        Ok(Measured::new(name.to_owned(), &done, alone))
    }

    /// Sequences of one length.
    pub fn lengths(&self, work: &Lengths) -> anyhow::Result<Measured> {
        let name = format!("{} x {}", work.pass.len(), work.length);
        let done = self.rate(&name, || Ok(work.pass.clone()))?;
        let alone = self.alone(work.length, || Ok(work.pass[0].clone()))?;
        Ok(Measured::new(name, &done, alone))
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }

    fn rate(
        &self,
        name: &str,
        mut next: impl FnMut() -> anyhow::Result<Vec<Task>>,
    ) -> anyhow::Result<Done> {
        self.bar.set_message(name.to_owned());
        let [warm_up, rate, _] = self.times;
        self.passes(warm_up, &mut next)?;
        self.passes(rate, &mut next)
    }

    fn passes(
        &self,
        time: Duration,
        next: &mut impl FnMut() -> anyhow::Result<Vec<Task>>,
    ) -> anyhow::Result<Done> {
        let mut done = Done::default();
        let started = Instant::now();
        while done.passes == 0 || started.elapsed() < time {
            let pass_started = Instant::now();
            let pass = next()?;
            self.parts.model.forward(&pass.iter().collect::<Vec<_>>())?;
            done.passes += 1;
            done.texts += pass.len();
            for tokens in pass.iter().map(|task| task.sequence.tokens()) {
                done.tokens += tokens;
                done.flops += self.parts.checkpoint.config.flops(tokens, self.depth);
            }
            self.bar.inc(pass_started.elapsed().as_millis() as u64);
        }
        done.seconds = started.elapsed().as_secs_f64();
        Ok(done)
    }

    fn alone(
        &self,
        tokens: usize,
        next: impl Fn() -> anyhow::Result<Task>,
    ) -> anyhow::Result<Alone> {
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
        Ok(Alone { tokens, p50_ms, p99_ms, passes: millis.len() })
    }
}

/// The least of the ascending `values` that `percent` of them don't exceed.
fn percentile(values: &[f64], percent: usize) -> f64 {
    let rank = (values.len() * percent).div_ceil(100);
    values[rank.max(1) - 1]
}

#[cfg(test)]
mod tests {
    use super::percentile;

    #[test]
    fn percentiles_are_values_that_were_seen() {
        let values: Vec<f64> = (1..=200).map(f64::from).collect();
        assert_eq!(
            [0, 50, 99, 100].map(|percent| percentile(&values, percent)),
            [1.0, 100.0, 198.0, 200.0]
        );
        assert_eq!(percentile(&[7.0], 50), 7.0);
        assert_eq!(percentile(&[7.0, 8.0], 99), 8.0);
    }
}
