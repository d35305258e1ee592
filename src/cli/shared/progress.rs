//! The progress of a long step: a bar on a terminal, otherwise a line now and then.

use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

/// Time between two lines.
const LINE_INTERVAL: Duration = Duration::from_secs(10);

/// The progress of one step, on standard error.
pub struct Progress {
    bar: ProgressBar,
    /// If there is no terminal for the bar.
    lines: Option<Lines>,
}

impl Progress {
    /// For `total` things, which are called `unit`; `step` is what is done with them.
    pub fn new(step: &'static str, total: usize, unit: &'static str) -> anyhow::Result<Self> {
        let bar = ProgressBar::new(total as u64);
        let template = format!(
            "{step} {{wide_bar}} {{pos}}/{{len}} {unit}, {{per_sec}}, {{eta}} left {{msg}}"
        );
        bar.set_style(ProgressStyle::with_template(&template)?);
        let lines = Lines { step, unit, total: total as u64, next: LINE_INTERVAL };
        Ok(Self { lines: bar.is_hidden().then_some(lines), bar })
    }

    /// `count` more are done.
    pub fn add(&mut self, count: usize) {
        self.bar.inc(count as u64);
        let (done, elapsed) = (self.bar.position(), self.bar.elapsed());
        if let Some(line) = self.lines.as_mut().and_then(|lines| lines.line(done, elapsed)) {
            eprintln!("{line}");
        }
    }

    /// What is being done now, beside the bar.
    pub fn set_message(&self, message: &str) {
        self.bar.set_message(message.to_owned());
    }

    /// Takes the bar away. Returns the seconds since the beginning.
    pub fn finish(self) -> f64 {
        self.bar.finish_and_clear();
        self.bar.elapsed().as_secs_f64()
    }
}

struct Lines {
    step: &'static str,
    unit: &'static str,
    total: u64,
    /// When the next line is due.
    next: Duration,
}

impl Lines {
    /// The line that is due, if there is one: `features: 1200 of 8500 texts, 320/s, 23 s left`
    fn line(&mut self, done: u64, elapsed: Duration) -> Option<String> {
        let Self { step, unit, total, next } = self;
        if elapsed < *next || done == 0 || done == *total {
            return None;
        }
        *next = elapsed + LINE_INTERVAL;
        let rate = done as f64 / elapsed.as_secs_f64();
        let left = (*total - done) as f64 / rate;
        let rate = if rate < 10.0 { format!("{rate:.1}") } else { format!("{rate:.0}") };
        Some(format!("{step}: {done} of {total} {unit}, {rate}/s, {left:.0} s left"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_the_rate_and_the_time_left() {
        let mut lines =
            Lines { step: "features", unit: "texts", total: 8_500, next: LINE_INTERVAL };
        let mut line = |done, seconds| lines.line(done, Duration::from_secs(seconds));
        assert_eq!(line(100, 9), None);
        let first = line(1_200, 12).unwrap();
        assert_eq!(first, "features: 1200 of 8500 texts, 100/s, 73 s left");
        assert_eq!(line(1_300, 21), None);
        assert_eq!(line(110, 22).unwrap(), "features: 110 of 8500 texts, 5.0/s, 1678 s left");
        assert_eq!(line(8_500, 90), None);
    }
}
