//! A stand-in for Docker's DNS, as far as HAProxy and Prometheus ask it.

use std::collections::BTreeSet;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

/// Of queries and answers: the bytes before the question, and the type of a question for IPv4 addresses.
const HEADER: usize = 12;
const TYPE_A: u16 = 1;

/// The DNS server. It knows one name, that of a service, with the addresses of its containers that run.
pub struct Dns(Arc<Mutex<BTreeSet<Ipv4Addr>>>);

impl Dns {
    /// Answers at 127.0.0.11 from now on.
    pub fn start(service: &'static str) -> Self {
        let socket = UdpSocket::bind("127.0.0.11:53").unwrap();
        let addresses = Arc::<Mutex<BTreeSet<_>>>::default();
        let known = Arc::clone(&addresses);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok((length, client)) = socket.recv_from(&mut bytes) {
                if let Some(answer) = answer(&bytes[..length], service, &known.lock().unwrap()) {
                    socket.send_to(&answer, client).unwrap();
                }
            }
        });
        Self(addresses)
    }

    /// The container with this address starts.
    pub fn add(&self, address: Ipv4Addr) {
        self.0.lock().unwrap().insert(address);
    }

    /// The container with this address has ended.
    pub fn remove(&self, address: Ipv4Addr) {
        self.0.lock().unwrap().remove(&address);
    }
}

/// The answer to a query with one question (RFC 1035, section 4): the addresses if it is for them and for
/// this service, else none. `None` for what isn't a query.
fn answer(query: &[u8], service: &str, known: &BTreeSet<Ipv4Addr>) -> Option<Vec<u8>> {
    let (mut labels, mut at) = (Vec::new(), HEADER);
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        labels.push(std::str::from_utf8(query.get(at..at + length)?).ok()?);
        at += length;
    }
    let kind = u16::from_be_bytes(query.get(at..at + 2)?.try_into().ok()?);
    let is_known = labels.join(".") == service;
    let addresses = known.iter().filter(|_| is_known && kind == TYPE_A);
    // An answer with authority, and whether there is such a name.
    let flags = 0x8580 | if is_known { 0 } else { 3 };
    let count = addresses.clone().count() as u16;
    let mut answer = query[..2].to_vec();
    for number in [flags, 1, count, 0, 0] {
        answer.extend(u16::to_be_bytes(number));
    }
    answer.extend(query.get(HEADER..at + 4)?);
    for address in addresses {
        // The question's name, then type, class, seconds of validity, length.
        answer.extend([0xc0, HEADER as u8, 0, 1, 0, 1, 0, 0, 2, 88, 0, 4]);
        answer.extend(address.octets());
    }
    Some(answer)
}

#[test]
fn the_addresses_of_a_service_are_answered_and_nothing_else() {
    let query = |name: &[u8], kind| {
        [&[1, 2, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0], name, &[0, 0, kind, 0, 1]].concat()
    };
    let known = BTreeSet::from([Ipv4Addr::new(127, 0, 0, 2), Ipv4Addr::new(127, 0, 0, 3)]);
    let found = answer(&query(b"\x06strata", 1), "strata", &known).unwrap();
    assert_eq!(found[..8], [1, 2, 0x85, 0x80, 0, 1, 0, 2]);
    assert_eq!((found.len(), &found[found.len() - 4..]), (12 + 12 + 2 * 16, &[127, 0, 0, 3][..]));
    // No IPv6 addresses, but there is such a name.
    assert_eq!(
        answer(&query(b"\x06strata", 28), "strata", &known).unwrap()[2..8],
        [0x85, 0x80, 0, 1, 0, 0]
    );
    assert_eq!(
        answer(&query(b"\x05other", 1), "strata", &known).unwrap()[2..8],
        [0x85, 0x83, 0, 1, 0, 0]
    );
    assert_eq!(answer(&query(b"\x07strata", 1), "strata", &known), None);
}
