//! The process as the system sees it, read from `/proc/self` at each request for the metrics.

use std::fmt;

use procfs::process::{LimitValue, Process, Stat};
use procfs::{WithCurrentSystemInfo, boot_time_secs, ticks_per_second};
use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;

use super::gauges::encode_gauges;

/// Memory, threads, descriptors, processor time and start. What can't be read is left out.
#[derive(Debug)]
pub struct ProcessCollector;

/// A gauge: its name, its help text, its value.
type Reading = (&'static str, &'static str, f64);

impl Collector for ProcessCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let Ok(process) = Process::myself() else { return Ok(()) };
        let descriptors = process
            .fd_count()
            .ok()
            .map(|count| ("process_open_fds", "Open file descriptors.", count as f64));
        let limit =
            process.limits().ok().and_then(|limits| match limits.max_open_files.soft_limit {
                LimitValue::Value(limit) => {
                    Some(("process_max_fds", "The most open file descriptors.", limit as f64))
                }
                LimitValue::Unlimited => None,
            });
        let stat = process.stat().ok();
        let gauges = stat.iter().flat_map(readings);
        encode_gauges(&mut encoder, gauges.chain(descriptors).chain(limit))?;
        if let Some(stat) = stat {
            let counter = ConstCounter::new(seconds(stat.utime + stat.stime));
            let (name, help) = ("process_cpu_seconds", "Processor time, user and system.");
            counter.encode(encoder.encode_descriptor(
                name,
                help,
                None,
                counter.metric_type(),
            )?)?;
        }
        Ok(())
    }
}

fn readings(stat: &Stat) -> impl Iterator<Item = Reading> {
    let started = boot_time_secs().ok().map(|boot| {
        let help = "When the process started, in seconds since 1970.";
        ("process_start_time_seconds", help, boot as f64 + seconds(stat.starttime))
    });
    let always = [
        ("process_resident_memory_bytes", "Resident memory.", stat.rss_bytes().get() as f64),
        ("process_virtual_memory_bytes", "Virtual memory.", stat.vsize as f64),
        ("process_threads", "Threads.", stat.num_threads as f64),
    ];
    always.into_iter().chain(started)
}

fn seconds(ticks: u64) -> f64 {
    ticks as f64 / ticks_per_second() as f64
}
