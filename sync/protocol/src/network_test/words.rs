//! A network test in English, for command lines and logs: what was found, and where it failed what to do.

use super::{Finding, NetworkTest, Outcome, Step, StepName};

/// The name of a step.
#[must_use]
pub fn name(step: StepName) -> &'static str {
    match step {
        StepName::Link => "link",
        StepName::Address => "address",
        StepName::Dns => "DNS",
        StepName::Tcp => "TCP",
        StepName::Tls => "TLS",
        StepName::Identity => "identity",
        StepName::Clock => "clock",
    }
}

/// A line for each step.
#[must_use]
pub fn lines(test: &NetworkTest) -> String {
    let lines = test.steps.iter().map(line);
    lines.collect::<Vec<_>>().join("\n")
}

/// The line of one step.
#[must_use]
pub fn line(step: &Step) -> String {
    let mark = match step.outcome {
        Outcome::Ok => "good ",
        Outcome::Warning => "look ",
        Outcome::Failed => "WRONG",
        Outcome::Skipped => "  -  ",
    };
    let took =
        if step.outcome == Outcome::Skipped { String::new() } else { format!(" [{} ms]", step.took_ms) };
    format!("{mark}  {:<9} {}{took}", name(step.step), found(step))
}

/// What a step found, as a sentence part.
#[must_use]
pub fn found(step: &Step) -> String {
    match &step.finding {
        Finding::NotReached => "not tried, because an earlier step failed".into(),
        Finding::NotNeeded => "not needed".into(),
        Finding::CannotTell => "the system does not say".into(),
        Finding::Wired { interface } => format!("{interface} is connected"),
        Finding::Wireless { interface, signal_dbm, network, channel } => {
            let network = network.as_ref().map(|network| format!(" “{network}”")).unwrap_or_default();
            let channel = channel.map(|channel| format!(", channel {channel}")).unwrap_or_default();
            match signal_dbm {
                None => format!("{interface}, wireless{network}{channel}, is connected"),
                Some(signal) if step.outcome == Outcome::Warning => format!(
                    "{interface}, wireless{network}{channel}, {signal} dBm, is weak; move the router nearer, or use a cable"
                ),
                Some(signal) => format!("{interface}, wireless{network}{channel}, {signal} dBm"),
            }
        }
        Finding::NoLink { interfaces: 0 } => "this device has no network interface; check its hardware".into(),
        Finding::NoLink { .. } => "no network interface is up; check the cable, or the name and password of the wireless network".into(),
        Finding::Address { address, router: Some(router) } => format!("{address}, beyond the router {router}"),
        Finding::Address { address, router: None } => {
            format!("{address}, and no router: only what is in the same network can be reached; check the gateway where the collector is not")
        }
        Finding::SelfAssigned { address } => {
            format!("{address}, which the device gave itself: no router answered; check that the network gives addresses (DHCP)")
        }
        Finding::NoAddress => "none; check that the network gives addresses (DHCP), or set one".into(),
        Finding::Resolved { host, address } => format!("{host} is {address}"),
        Finding::NameNotFound { host } => {
            format!("{host} has no address here; check the DNS server, and the collector's name")
        }
        Finding::Connected { address } if step.outcome == Outcome::Warning => {
            format!("{address} answers slowly; the line may be overloaded")
        }
        Finding::Connected { address } => format!("{address} answers"),
        Finding::Refused { address } => {
            format!("nobody listens at {address}; check that the collector runs, and its port")
        }
        Finding::Unreachable { address, reason } => {
            format!("no way leads to {address} ({reason}); check router and firewall")
        }
        Finding::TimedOut { limit_ms } => {
            format!("no answer within {limit_ms} ms; a firewall may swallow it")
        }
        Finding::Secured => "it has a certificate from the collector's CA".into(),
        Finding::UnknownCa => "whoever answers has no certificate from the collector's CA; a proxy that opens TLS stands in between, or it is another collector".into(),
        Finding::WrongName { host } => {
            format!("its certificate is not for {host}; use the name that the collector was set up with")
        }
        Finding::CertificateExpired { .. } => "the collector's certificate has expired; renew it there".into(),
        Finding::CertificateNotYetValid { .. } => "the collector's certificate is not valid yet; set the collector's clock".into(),
        Finding::ClockSpoilsTls { offset_ms } => {
            format!("this device's clock is {}, so that the collector's certificate seems out of date; set the clock", offset(*offset_ms))
        }
        Finding::NotTls => "whoever answers speaks no TLS; the network may want a log-in page first, open one in a browser, or let this device through".into(),
        Finding::BrokeOff { reason } => format!("the connection broke off ({reason}); try again"),
        Finding::Known { name } => format!("the collector knows this device as {name}"),
        Finding::Revoked => "this device was revoked; enrol it with a new code from `afterword-collector device replace`".into(),
        Finding::Retired => "this device was retired for good; it can be enrolled as a new device only".into(),
        Finding::UnknownDevice => "the collector does not know this device; it was enrolled elsewhere in its place, or has to be enrolled again".into(),
        Finding::OwnCertificateExpired => "this device's certificate has expired; it renews itself while `afterword-sync run` works".into(),
        Finding::OwnCertificateRefused => "this device's certificate was not taken; it belongs to another collector, enrol the device again".into(),
        Finding::NotLetIn { reason } => format!("the collector does not let this device in ({reason})"),
        Finding::NotEnrolled => "this device is not enrolled yet; enrol it with a code from `afterword-collector device add`".into(),
        Finding::NoCollector => "nobody has told this device its collector; enrol it, or name the collector with --collector and --ca".into(),
        Finding::Stranger { status } => {
            format!("the answer {status} is not the collector's own; something stands in between")
        }
        Finding::Busy => "the collector knows this device and has too much to do just now".into(),
        Finding::CollectorFailed { status } => format!("the collector failed with {status}; see its log"),
        Finding::Offset { offset_ms, .. } if step.outcome == Outcome::Ok => format!("{}, fine", offset(*offset_ms)),
        Finding::Offset { offset_ms, .. } => {
            format!("{}; set the clock, or let it be set by the network", offset(*offset_ms))
        }
        Finding::Unknown => "something that this program does not know; update it".into(),
    }
}

fn offset(offset_ms: i64) -> String {
    let seconds = offset_ms.unsigned_abs() as f64 / 1_000.0;
    let direction = if offset_ms < 0 { "behind" } else { "ahead of" };
    format!("{seconds:.1} s {direction} the collector")
}
