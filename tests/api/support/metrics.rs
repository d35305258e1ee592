//! A strict reader of Prometheus' text format.

use std::collections::{BTreeMap, BTreeSet};

use super::process::Running;

/// The samples of one scrape, by name and labels.
pub struct Scrape(BTreeMap<(String, Labels), f64>);

type Labels = BTreeMap<String, String>;

/// The metric that the last `HELP` and `TYPE` described.
#[derive(Default)]
struct Family {
    name: String,
    kind: String,
}

impl Scrape {
    /// What a running server answers.
    pub async fn fetch(running: &Running) -> Self {
        let answer = reqwest::get(running.url("/metrics")).await.unwrap();
        Self::parse(&answer.text().await.unwrap())
    }

    /// Reads a scrape; every metric has to have a help text, a type, and samples of that type.
    #[track_caller]
    pub fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let (mut samples, mut seen) = (BTreeMap::new(), BTreeSet::new());
        let mut family = Family::default();
        for line in text.lines() {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').unwrap_or((rest, ""));
                assert!(help.len() > 5 && help.ends_with('.') && !help.ends_with(".."), "{line}");
                assert!(seen.insert(name.to_owned()), "{name} is described twice");
                family = Family { name: name.to_owned(), kind: String::new() };
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').unwrap();
                assert_eq!(name, family.name, "TYPE has to follow HELP: {line}");
                family.kind = kind.to_owned();
            } else {
                let (name, labels, value) = sample(line);
                family.check(&name, &labels);
                assert!(samples.insert((name, labels), value).is_none(), "twice: {line}");
            }
        }
        let scrape = Self(samples);
        scrape.check_histograms();
        scrape
    }

    /// The sum of all samples of this name that have these labels; 0 if there is none.
    pub fn sum(&self, name: &str, labels: &[(&str, &str)]) -> f64 {
        let has =
            |found: &Labels| labels.iter().all(|(k, v)| found.get(*k).is_some_and(|f| f == v));
        let matching = self.0.iter().filter(|((n, found), _)| n == name && has(found));
        matching.map(|(_, value)| value).sum()
    }

    /// The value of the one sample of this name.
    #[track_caller]
    pub fn value(&self, name: &str) -> f64 {
        let mut found = self.0.iter().filter(|((n, _), _)| n == name);
        let (_, value) = found.next().unwrap_or_else(|| panic!("there is no {name}"));
        assert!(found.next().is_none(), "{name} has several samples");
        *value
    }

    /// All values of a label.
    pub fn values_of_label(&self, label: &str) -> BTreeSet<&str> {
        let labels = self.0.keys().filter_map(|(_, labels)| labels.get(label));
        labels.map(String::as_str).collect()
    }

    /// Buckets are cumulative, and the last one counts everything.
    fn check_histograms(&self) {
        let mut last: BTreeMap<(&str, Labels), (f64, f64)> = BTreeMap::new();
        let mut buckets: Vec<(&str, Labels, f64, f64)> = Vec::new();
        for ((name, labels), value) in &self.0 {
            if let Some(family) = name.strip_suffix("_bucket") {
                let mut labels = labels.clone();
                let bound = labels.remove("le").unwrap().parse().unwrap();
                buckets.push((family, labels, bound, *value));
            }
        }
        buckets.sort_by(|a, b| (a.0, &a.1).cmp(&(b.0, &b.1)).then(a.2.total_cmp(&b.2)));
        for (family, labels, bound, count) in buckets {
            let before = last.insert((family, labels), (bound, count));
            assert!(before.is_none_or(|(_, before)| before <= count), "{family} is not cumulative");
        }
        for ((family, labels), (bound, count)) in last {
            assert!(bound.is_infinite(), "{family} has no last bucket");
            let key = (format!("{family}_count"), labels);
            assert_eq!(self.0.get(&key), Some(&count), "{family}");
        }
    }
}

impl Family {
    #[track_caller]
    fn check(&self, name: &str, labels: &Labels) {
        let suffix = name.strip_prefix(self.name.as_str());
        let fits = match self.kind.as_str() {
            "counter" => suffix == Some("") && name.ends_with("_total"),
            "gauge" => suffix == Some("") && !name.ends_with("_total"),
            "histogram" => {
                suffix.is_some_and(|suffix| ["_bucket", "_sum", "_count"].contains(&suffix))
            }
            _ => false,
        };
        assert!(fits, "{name} is no sample of the {} {}", self.kind, self.name);
        let ours = name.starts_with("strata_") || name.starts_with("process_");
        assert!(ours && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'), "{name}");
        assert_eq!(labels.contains_key("le"), name.ends_with("_bucket"), "{name}");
    }
}

/// `name{label="value",…} number`, where no value has a quote.
#[track_caller]
fn sample(line: &str) -> (String, Labels, f64) {
    let (series, number) = line.rsplit_once(' ').unwrap_or_else(|| panic!("no value: {line}"));
    let number: f64 = number.parse().unwrap_or_else(|_| panic!("not a number: {line}"));
    assert!(number.is_finite(), "{line}");
    let Some((name, labels)) = series.split_once('{') else {
        return (series.to_owned(), Labels::new(), number);
    };
    let labels = labels.strip_suffix("\"}").unwrap_or_else(|| panic!("no end: {line}"));
    let pair = |pair: &str| {
        let (label, value) = pair.split_once("=\"").unwrap_or_else(|| panic!("no value: {line}"));
        assert!(!value.contains(['"', '\\']), "{line}");
        (label.to_owned(), value.to_owned())
    };
    (name.to_owned(), labels.split("\",").map(pair).collect(), number)
}
