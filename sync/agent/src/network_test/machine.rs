//! Link and address, as Linux tells them in files: no command is run, and nothing needs a right of its own.
//!
//! | file | what is read from it |
//! |---|---|
//! | `/sys/class/net/NAME/operstate`, `type`, `wireless/` | which interfaces there are, and which are up |
//! | `/proc/net/wireless` | how strong the signal is |
//! | `/proc/net/fib_trie` | this machine's own addresses (IPv4) |
//! | `/proc/net/route` | the router (IPv4) |
//! | `/proc/net/if_inet6` | this machine's own addresses (IPv6) |
//!
//! Which wireless network that is, no file says: [`nl80211`] asks the kernel.
//!
//! Where a file is missing, in a container as a rule, the step cannot tell, and the test goes on: what can be reached shows
//! in the later ones. Each file is read up to a bound.

use std::fs;
use std::io::Read as _;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::path::{Path, PathBuf};

use afterword_protocol::network_test::{Finding, Outcome, finding_text};

use super::Found;
use super::nl80211::{self, Joined};

/// Below this signal a wireless network loses its link now and then: the −75 dBm at which roaming devices look for another
/// access point.
const WEAK_DBM: i32 = -75;

/// Interfaces that are looked at: a kiosk has three; a machine with containers has many and says nothing by them.
const INTERFACES_MAX: usize = 64;

/// Bytes that are read of one file: a route is 128 bytes, an address in the trie some 60.
const FILE_BYTES_MAX: u64 = 64 * 1024;

/// Where the kernel's files are.
#[derive(Debug, Clone)]
pub struct Machine {
    root: PathBuf,
    /// What the interface with this index is joined to.
    joined: fn(u32) -> Joined,
}

impl Default for Machine {
    fn default() -> Self {
        Self { joined: nl80211::ask, ..Self::at("/".into()) }
    }
}

impl Machine {
    /// The machine whose `/sys` and `/proc` lie in this folder. It has no kernel that could be asked which wireless network it
    /// is in.
    #[must_use]
    pub fn at(root: PathBuf) -> Self {
        Self { root, joined: |_| Joined::default() }
    }

    /// The interface that is up; of several the one that has a cable.
    pub(super) fn link(&self) -> Found {
        let Ok(folder) = fs::read_dir(self.root.join("sys/class/net")) else {
            return (Outcome::Ok, Finding::CannotTell);
        };
        let names = folder.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
        let mut names: Vec<String> = names.filter(|name| name != "lo").take(INTERFACES_MAX).collect();
        names.sort();
        let interfaces = u32::try_from(names.len()).unwrap_or(u32::MAX);
        let is_up = |name: &String| {
            // A tunnel or a virtual interface of a container says "unknown" and works.
            self.read(&format!("sys/class/net/{name}/operstate"))
                .is_some_and(|state| matches!(state.trim(), "up" | "unknown"))
        };
        let mut up = names.into_iter().filter(is_up).collect::<Vec<_>>();
        up.sort_by_key(|name| self.is_wireless(name));
        let Some(interface) = up.into_iter().next() else {
            return (Outcome::Failed, Finding::NoLink { interfaces });
        };
        if !self.is_wireless(&interface) {
            return (Outcome::Ok, Finding::Wired { interface: finding_text(&interface) });
        }
        let wireless = self.read("proc/net/wireless").unwrap_or_default();
        let signal_dbm = signal_dbm(&wireless, &interface);
        let is_weak = signal_dbm.is_some_and(|signal| signal < WEAK_DBM);
        let outcome = if is_weak { Outcome::Warning } else { Outcome::Ok };
        let index = self.read(&format!("sys/class/net/{interface}/ifindex"));
        let index = index.and_then(|index| index.trim().parse().ok());
        let joined = index.map(self.joined).unwrap_or_default();
        let network = joined.network.map(|network| finding_text(&network));
        let channel = joined.channel;
        (outcome, Finding::Wireless { interface: finding_text(&interface), signal_dbm, network, channel })
    }

    /// The first address of the device's own, and the router beyond.
    pub(super) fn address(&self) -> Found {
        let (trie, six) = (self.read("proc/net/fib_trie"), self.read("proc/net/if_inet6"));
        if trie.is_none() && six.is_none() {
            return (Outcome::Ok, Finding::CannotTell);
        }
        let four = own_addresses(&trie.unwrap_or_default());
        let router = self.read("proc/net/route").as_deref().and_then(router);
        if let Some(&address) = four.iter().find(|address| !address.is_link_local()) {
            let outcome = if router.is_some() { Outcome::Ok } else { Outcome::Warning };
            let (address, router) = (IpAddr::V4(address), router.map(IpAddr::V4));
            return (outcome, Finding::Address { address, router });
        }
        if let Some(address) = six.as_deref().and_then(global_address) {
            return (Outcome::Ok, Finding::Address { address: IpAddr::V6(address), router: None });
        }
        match four.first() {
            Some(&address) => (Outcome::Failed, Finding::SelfAssigned { address: IpAddr::V4(address) }),
            None => (Outcome::Failed, Finding::NoAddress),
        }
    }

    fn is_wireless(&self, interface: &str) -> bool {
        let folder = self.root.join("sys/class/net").join(interface);
        folder.join("wireless").exists() || folder.join("phy80211").exists()
    }

    fn read(&self, path: &str) -> Option<String> {
        read_bounded(&self.root.join(path))
    }
}

fn read_bounded(path: &Path) -> Option<String> {
    let mut bytes = Vec::new();
    fs::File::open(path).ok()?.take(FILE_BYTES_MAX).read_to_end(&mut bytes).ok()?;
    Some(String::from_utf8_lossy(&bytes).into_owned())
}

/// The third figure of an interface's line in `/proc/net/wireless`, where it is in dBm.
fn signal_dbm(wireless: &str, interface: &str) -> Option<i32> {
    let line = wireless.lines().find_map(|line| line.trim().strip_prefix(interface)?.strip_prefix(':'))?;
    let level: i32 = line.split_whitespace().nth(2)?.trim_end_matches('.').parse().ok()?;
    // Old drivers tell a share of a maximum of their own, which is positive.
    (level < 0).then_some(level)
}

/// This machine's own addresses in `/proc/net/fib_trie`: those whose entry is `/32 host LOCAL`.
fn own_addresses(trie: &str) -> Vec<Ipv4Addr> {
    let mut found: Vec<Ipv4Addr> = Vec::new();
    let mut last = None;
    for line in trie.lines().map(str::trim) {
        if let Some(leaf) = line.strip_prefix("|-- ") {
            last = leaf.parse::<Ipv4Addr>().ok();
        } else if line == "/32 host LOCAL"
            && let Some(address) = last.filter(|address| !address.is_loopback())
            && !found.contains(&address)
        {
            found.push(address);
        }
    }
    found
}

/// The gateway of the route to everywhere in `/proc/net/route`, where addresses are hexadecimal in the machine's byte order.
fn router(routes: &str) -> Option<Ipv4Addr> {
    routes.lines().skip(1).find_map(|line| {
        let mut columns = line.split_whitespace().skip(1);
        let (destination, gateway) = (columns.next()?, columns.next()?);
        let gateway = u32::from_str_radix(gateway, 16).ok()?;
        (destination == "00000000" && gateway != 0).then(|| Ipv4Addr::from(gateway.to_ne_bytes()))
    })
}

/// The first address of global scope in `/proc/net/if_inet6`: 32 hexadecimal digits, index, prefix, scope, flags, name.
fn global_address(addresses: &str) -> Option<Ipv6Addr> {
    addresses.lines().find_map(|line| {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [digits, _, _, "00", _, name] = columns[..] else { return None };
        let address = u128::from_str_radix(digits, 16).ok()?;
        (name != "lo").then(|| Ipv6Addr::from(address))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A machine with these files.
    fn machine(files: &[(&str, &str)]) -> (tempfile::TempDir, Machine) {
        let dir = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let path = dir.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        let machine = Machine::at(dir.path().into());
        (dir, machine)
    }

    const LO: (&str, &str) = ("sys/class/net/lo/operstate", "unknown\n");
    const CABLE: (&str, &str) = ("sys/class/net/eth0/operstate", "up\n");
    const NO_CABLE: (&str, &str) = ("sys/class/net/eth0/operstate", "down\n");
    const WLAN: [(&str, &str); 2] =
        [("sys/class/net/wlan0/operstate", "up\n"), ("sys/class/net/wlan0/wireless/link", "0\n")];

    fn signal(level: &str) -> String {
        format!(
            "Inter-| sta-|   Quality        |   Discarded packets\n face | tus | link level noise |  nwid\n wlan0: 0000   56.  {level}  -256        0\n"
        )
    }

    fn trie(addresses: &[&str]) -> String {
        let leaf = |address: &&str| format!("           |-- {address}\n              /32 host LOCAL\n");
        let net = "Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 192.0.2.0\n        /24 link UNICAST\n";
        let leaves: String = addresses.iter().map(leaf).collect();
        // The kernel lists everything twice, under two tables.
        format!("{net}{leaves}Local:\n{net}{leaves}           |-- 127.0.0.1\n              /32 host LOCAL\n")
    }

    const ROUTES: &str = "Iface\tDestination\tGateway\tFlags\neth0\t000200C0\t00000000\t0001\neth0\t00000000\t010200C0\t0003\n";

    #[test]
    fn a_link_is_an_interface_that_is_up_and_not_the_loop() {
        let (_dir, unplugged) = machine(&[LO, NO_CABLE]);
        assert_eq!(unplugged.link(), (Outcome::Failed, Finding::NoLink { interfaces: 1 }));
        let (_dir, bare) = machine(&[LO]);
        assert_eq!(bare.link(), (Outcome::Failed, Finding::NoLink { interfaces: 0 }));
        let (_dir, both) = machine(&[LO, CABLE, WLAN[0], WLAN[1]]);
        assert_eq!(both.link(), (Outcome::Ok, Finding::Wired { interface: "eth0".into() }));
        assert_eq!(Machine::at("/nonexistent".into()).link(), (Outcome::Ok, Finding::CannotTell));
    }

    #[test]
    fn a_weak_signal_is_to_be_looked_at() {
        let cases = [
            ("-54.", Outcome::Ok, Some(-54)),
            ("-75.", Outcome::Ok, Some(-75)),
            ("-76.", Outcome::Warning, Some(-76)),
            ("42.", Outcome::Ok, None),
            ("x", Outcome::Ok, None),
        ];
        for (level, outcome, signal_dbm) in cases {
            let text = signal(level);
            let (_dir, wireless) = machine(&[LO, NO_CABLE, WLAN[0], WLAN[1], ("proc/net/wireless", &text)]);
            let found =
                Finding::Wireless { interface: "wlan0".into(), signal_dbm, network: None, channel: None };
            assert_eq!(wireless.link(), (outcome, found), "{level}");
        }
    }

    #[test]
    fn a_wireless_network_is_told_by_its_name_and_its_channel() {
        let text = signal("-54.");
        let index = ("sys/class/net/wlan0/ifindex", "3\n");
        let (_dir, machine) = machine(&[LO, WLAN[0], WLAN[1], ("proc/net/wireless", &text), index]);
        let joined = |index| Joined {
            network: (index == 3).then(|| "store\u{1b}iot".into()),
            channel: (index == 3).then_some(36),
        };
        let found = Finding::Wireless {
            interface: "wlan0".into(),
            signal_dbm: Some(-54),
            network: Some("store iot".into()),
            channel: Some(36),
        };
        assert_eq!(Machine { joined, ..machine }.link(), (Outcome::Ok, found));
    }

    #[test]
    fn an_address_from_the_router_is_told_from_one_the_device_made_up() {
        let address = |addresses: &[&str], routes: &str| {
            let text = trie(addresses);
            let (_dir, machine) = machine(&[("proc/net/fib_trie", &text), ("proc/net/route", routes)]);
            machine.address()
        };
        let (own, router) = ("192.0.2.31".parse().unwrap(), "192.0.2.1".parse().unwrap());
        let made_up = "169.254.7.7";
        // The gateway stands in the file as the machine keeps it; this table was written on a little-endian one.
        if cfg!(target_endian = "little") {
            let found = Finding::Address { address: own, router: Some(router) };
            assert_eq!(address(&[made_up, "192.0.2.31"], ROUTES), (Outcome::Ok, found));
        }
        let found = Finding::Address { address: own, router: None };
        assert_eq!(address(&["192.0.2.31"], ""), (Outcome::Warning, found));
        let found = Finding::SelfAssigned { address: made_up.parse().unwrap() };
        assert_eq!(address(&[made_up], ROUTES), (Outcome::Failed, found));
        assert_eq!(address(&[], ROUTES), (Outcome::Failed, Finding::NoAddress));
    }

    #[test]
    fn a_network_of_the_newer_kind_alone_is_one() {
        let six = "fe800000000000000000000000000001 02 40 20 80 eth0\n20010db8000000000000000000000031 02 40 00 80 eth0\n00000000000000000000000000000001 01 80 10 80 lo\n";
        let (_dir, machine) = machine(&[("proc/net/if_inet6", six)]);
        let found = Finding::Address { address: "2001:db8::31".parse().unwrap(), router: None };
        assert_eq!(machine.address(), (Outcome::Ok, found));
    }
}
