//! This process, under the names that all of Prometheus' libraries use, and when certificates end.

use std::fmt::{Debug, Error, Formatter};
use std::path::PathBuf;
use std::sync::Arc;

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, NoLabelSet};
use prometheus_client::metrics::MetricType;
use rustix::param::{clock_ticks_per_second, page_size};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::PemObject as _;

use super::reading::gauge;
use crate::pki::not_after_ms;
use crate::requests::Context;

/// Reads `/proc` for each scrape. What cannot be read is left out.
#[derive(Debug)]
pub(super) struct Process;

impl Collector for Process {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        // The name of the program, in brackets, may hold anything; what follows is numbers.
        let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
        let fields: Vec<&str> =
            stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect()).unwrap_or_default();
        // proc(5) counts from 1, and two fields are before these.
        let field = |number: usize| fields.get(number - 3).and_then(|field| field.parse::<u64>().ok());
        let ticks = clock_ticks_per_second() as f64;
        if let (Some(user), Some(system)) = (field(14), field(15)) {
            let help = "Processor time that was used";
            let mut metric =
                encoder.encode_descriptor("process_cpu_seconds", help, None, MetricType::Counter)?;
            metric.encode_counter::<NoLabelSet, f64, f64>(&((user + system) as f64 / ticks), None)?;
        }
        if let (Some(began), Some(boot_s)) = (field(22), boot_s()) {
            let began_s = boot_s + began as f64 / ticks;
            gauge(&mut encoder, "process_start_time_seconds", "When it was started, since 1970", &began_s)?;
        }
        if let Some(bytes) = field(23) {
            gauge(&mut encoder, "process_virtual_memory_bytes", "Memory that is addressed", &signed(bytes))?;
        }
        if let Some(pages) = field(24) {
            let bytes = signed(pages * page_size() as u64);
            gauge(&mut encoder, "process_resident_memory_bytes", "Memory that is in use", &bytes)?;
        }
        if let Ok(open) = std::fs::read_dir("/proc/self/fd") {
            gauge(&mut encoder, "process_open_fds", "Files that are open", &signed(open.count() as u64))?;
        }
        match files_max() {
            Some(most) => gauge(&mut encoder, "process_max_fds", "Files that may be open", &signed(most)),
            None => Ok(()),
        }
    }
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn boot_s() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}

fn files_max() -> Option<u64> {
    let limits = std::fs::read_to_string("/proc/self/limits").ok()?;
    limits
        .lines()
        .find_map(|line| line.strip_prefix("Max open files")?.split_whitespace().next()?.parse().ok())
}

/// The certificates that this collector shows and those it signs with.
pub(crate) struct Certificates {
    context: Arc<Context>,
    /// What browsers are shown, where they are shown one.
    web_chain: Option<PathBuf>,
}

impl Certificates {
    pub(crate) fn new(context: Arc<Context>, web_chain: Option<PathBuf>) -> Self {
        Self { context, web_chain }
    }
}

impl Debug for Certificates {
    fn fmt(&self, formatter: &mut Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Certificates")
    }
}

impl Collector for Certificates {
    fn encode(&self, mut encoder: DescriptorEncoder<'_>) -> Result<(), Error> {
        let pki = self.context.keys.now();
        let server_ca = CertificateDer::from_pem_slice(pki.server_ca_pem().as_bytes()).ok();
        let web = self.web_chain.as_ref().and_then(|path| CertificateDer::from_pem_file(path).ok());
        let ends = [
            ("server", not_after_ms(pki.server_identity().0)),
            ("server_ca", server_ca.and_then(|certificate| not_after_ms(&certificate))),
            ("device_ca", pki.device_authorities().last().and_then(not_after_ms)),
            ("web", web.and_then(|certificate| not_after_ms(&certificate))),
        ];
        let (name, help) = ("certificate_expiry_timestamp_seconds", "When a certificate ends, since 1970");
        let mut family = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
        for (certificate, end_ms) in ends {
            if let Some(end_ms) = end_ms {
                let end_s = end_ms as f64 / 1_000.0;
                family.encode_family(&[("certificate", certificate)])?.encode_gauge(&end_s)?;
            }
        }
        Ok(())
    }
}
