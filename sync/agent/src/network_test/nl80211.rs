//! Which wireless network an interface is in, as the kernel tells it over a socket of its own (generic netlink, family
//! `nl80211`): no command is run, and nothing needs a right of its own. It is what `iw dev` shows.
//!
//! Two questions, one answer each: which number the family has, and what the interface is joined to. Numbers are those of
//! `linux/genetlink.h` and `linux/nl80211.h`, which never change. Where anything is missing, in a container as a rule, or the
//! answer is not what was expected, nothing is told, and the test goes on.

use std::time::Duration;

use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, netlink, recv, send, socket_with,
};

/// The kernel answers at once or not at all.
const ANSWER_WITHIN: Duration = Duration::from_secs(1);

/// Bytes of an answer: an interface has some hundred.
const ANSWER_BYTES_MAX: usize = 8 * 1024;

/// Of a message: length, type, flags, number and sender; then command, version and two bytes for later.
const HEADER_BYTES: usize = 20;

const IS_REQUEST: u16 = 1;

const CONTROLLER: u16 = 0x10;
const GET_FAMILY: u8 = 3;
const FAMILY_ID: u16 = 1;
const FAMILY_NAME: u16 = 2;

const GET_INTERFACE: u8 = 5;
const INTERFACE_INDEX: u16 = 3;
const FREQUENCY_MHZ: u16 = 38;
const NETWORK_NAME: u16 = 52;

/// What an interface is joined to; nothing where the kernel does not say.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(super) struct Joined {
    /// The network's name, with whatever is not UTF-8 replaced.
    pub(super) network: Option<String>,
    pub(super) channel: Option<u32>,
}

/// Asks the kernel about the interface with this index.
pub(super) fn ask(index: u32) -> Joined {
    asked(index).unwrap_or_default()
}

fn asked(index: u32) -> Option<Joined> {
    let kind = SocketType::RAW;
    let socket =
        socket_with(AddressFamily::NETLINK, kind, SocketFlags::CLOEXEC, Some(netlink::GENERIC)).ok()?;
    set_socket_timeout(&socket, Timeout::Recv, Some(ANSWER_WITHIN)).ok()?;
    let answer = |request: &[u8]| {
        send(&socket, request, SendFlags::empty()).ok()?;
        let mut bytes = vec![0; ANSWER_BYTES_MAX];
        let (length, _) = recv(&socket, &mut bytes[..], RecvFlags::empty()).ok()?;
        bytes.truncate(length);
        Some(bytes)
    };
    let family = answer(&request(CONTROLLER, GET_FAMILY, FAMILY_NAME, b"nl80211\0"))?;
    let family = family_id(&family)?;
    let interface = answer(&request(family, GET_INTERFACE, INTERFACE_INDEX, &index.to_ne_bytes()))?;
    Some(joined(&interface))
}

/// A message of one attribute.
fn request(family: u16, command: u8, attribute: u16, value: &[u8]) -> Vec<u8> {
    let attribute_bytes = 4 + value.len();
    let length = HEADER_BYTES + attribute_bytes.next_multiple_of(4);
    let mut bytes = Vec::with_capacity(length);
    bytes.extend(u32::try_from(length).unwrap_or(u32::MAX).to_ne_bytes());
    bytes.extend(family.to_ne_bytes());
    bytes.extend(IS_REQUEST.to_ne_bytes());
    // Its number, and a sender that the kernel fills in.
    bytes.extend([0; 8]);
    bytes.extend([command, 1, 0, 0]);
    bytes.extend(u16::try_from(attribute_bytes).unwrap_or(u16::MAX).to_ne_bytes());
    bytes.extend(attribute.to_ne_bytes());
    bytes.extend(value);
    bytes.resize(length, 0);
    bytes
}

fn family_id(answer: &[u8]) -> Option<u16> {
    let id = attributes(answer).find(|(kind, _)| *kind == FAMILY_ID)?.1;
    Some(u16::from_ne_bytes(id.try_into().ok()?))
}

fn joined(answer: &[u8]) -> Joined {
    let mut joined = Joined::default();
    for (kind, value) in attributes(answer) {
        if kind == NETWORK_NAME && !value.is_empty() {
            joined.network = Some(String::from_utf8_lossy(value).into_owned());
        } else if kind == FREQUENCY_MHZ {
            joined.channel = value.try_into().ok().map(u32::from_ne_bytes).and_then(channel);
        }
    }
    joined
}

/// The attributes of a message, as far as it keeps to its form. An error has type 2, and none.
fn attributes(message: &[u8]) -> impl Iterator<Item = (u16, &[u8])> {
    const ERROR: [u8; 2] = 2_u16.to_ne_bytes();
    let is_error = message.get(4..6) == Some(&ERROR[..]);
    let mut rest = if is_error { &[][..] } else { message.get(HEADER_BYTES..).unwrap_or_default() };
    std::iter::from_fn(move || {
        let length = usize::from(u16::from_ne_bytes(rest.get(0..2)?.try_into().ok()?));
        let kind = u16::from_ne_bytes(rest.get(2..4)?.try_into().ok()?);
        let value = rest.get(4..length)?;
        rest = rest.get(length.next_multiple_of(4)..).unwrap_or_default();
        Some((kind, value))
    })
}

/// The channel of a frequency (IEEE 802.11, annex E).
fn channel(mhz: u32) -> Option<u32> {
    match mhz {
        2_412..=2_472 => Some((mhz - 2_407) / 5),
        2_484 => Some(14),
        5_150..=5_900 => Some((mhz - 5_000) / 5),
        5_955..=7_115 => Some((mhz - 5_950) / 5),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// An answer with these attributes.
    fn answer(attributes: &[(u16, &[u8])]) -> Vec<u8> {
        let mut bytes = vec![0; HEADER_BYTES];
        for (kind, value) in attributes {
            bytes.extend(&request(0, 0, *kind, value)[HEADER_BYTES..]);
        }
        bytes
    }

    #[test]
    fn a_question_is_what_the_kernel_takes_for_one() {
        let bytes = request(CONTROLLER, GET_FAMILY, FAMILY_NAME, b"nl80211\0");
        assert_eq!(bytes.len(), 32);
        assert_eq!(
            bytes[..8],
            [&32_u32.to_ne_bytes()[..], &16_u16.to_ne_bytes(), &1_u16.to_ne_bytes()].concat()
        );
        assert_eq!(bytes[16..20], [3, 1, 0, 0]);
        assert_eq!(bytes[20..24], [12_u16.to_ne_bytes(), 2_u16.to_ne_bytes()].concat());
        assert_eq!(&bytes[24..], b"nl80211\0");
    }

    #[test]
    fn the_network_and_its_channel_are_found_among_other_things() {
        let (name, index, frequency) = (b"wlan0\0", 3_u32.to_ne_bytes(), 5_180_u32.to_ne_bytes());
        let bytes =
            answer(&[(4, name), (3, &index), (FREQUENCY_MHZ, &frequency), (NETWORK_NAME, b"store-iot")]);
        assert_eq!(joined(&bytes), Joined { network: Some("store-iot".into()), channel: Some(36) });
        assert_eq!(
            family_id(&answer(&[(FAMILY_NAME, b"nl80211\0"), (FAMILY_ID, &27_u16.to_ne_bytes())])),
            Some(27)
        );
    }

    #[test]
    fn an_interface_in_no_network_an_error_and_half_an_answer_tell_nothing() {
        let bytes =
            answer(&[(4, b"wlan0\0"), (NETWORK_NAME, b""), (FREQUENCY_MHZ, &2_000_u32.to_ne_bytes())]);
        assert_eq!(joined(&bytes), Joined::default());
        let mut error = answer(&[(NETWORK_NAME, b"store-iot")]);
        error[4] = 2;
        if cfg!(target_endian = "little") {
            assert_eq!(joined(&error), Joined::default());
        }
        let whole = answer(&[(NETWORK_NAME, b"store-iot")]);
        for length in 0..whole.len() - 3 {
            assert_eq!(joined(&whole[..length]), Joined::default(), "{length}");
        }
        // A length of nothing ends it, and does not go on for ever.
        assert_eq!(joined(&[vec![0; HEADER_BYTES], vec![0; 64]].concat()), Joined::default());
    }

    #[test]
    fn the_kernel_knows_no_interface_of_that_index() {
        assert_eq!(ask(u32::MAX), Joined::default());
    }

    #[test]
    fn channels_are_counted_as_the_standard_counts_them() {
        let channels = [2_412, 2_437, 2_484, 5_180, 5_825, 5_955, 900].map(channel);
        assert_eq!(channels, [Some(1), Some(6), Some(14), Some(36), Some(165), Some(1), None]);
    }
}
