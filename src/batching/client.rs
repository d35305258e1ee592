//! Whose a submission is, and how urgent.

use std::net::{IpAddr, Ipv4Addr};

/// A client, between which passes are shared: an address, or whoever has a certain key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClientId(u128);

impl ClientId {
    /// The client at 127.0.0.1.
    pub const LOCAL: Self = Self(Ipv4Addr::LOCALHOST.to_ipv6_mapped().to_bits());

    /// The client whose random number this is. It is no address: those are few among all numbers.
    pub const fn numbered(number: u128) -> Self {
        Self(number)
    }
}

impl From<IpAddr> for ClientId {
    /// An IPv6 address by its first 64 bits, since a network usually gives its users that many. An
    /// IPv4 address is the same client in its IPv6 form.
    fn from(address: IpAddr) -> Self {
        match address.to_canonical() {
            IpAddr::V4(v4) => Self(v4.to_ipv6_mapped().to_bits()),
            IpAddr::V6(v6) => Self(v6.to_bits() >> 64 << 64),
        }
    }
}

/// How urgent a submission is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Priority {
    /// Someone waits for it.
    #[default]
    Interactive,
    /// It stands behind interactive submissions, except for a small share of the passes.
    Batch,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_client_in_each_of_its_forms_and_ipv6_networks_are_one() {
        let client = |address: &str| ClientId::from(address.parse::<IpAddr>().unwrap());
        assert_eq!(client("10.0.0.1"), client("::ffff:10.0.0.1"));
        assert_ne!(client("10.0.0.1"), client("10.0.0.2"));
        assert_eq!(client("127.0.0.1"), ClientId::LOCAL);
        assert_eq!(client("2001:db8::1"), client("2001:db8::ffff:1"));
        assert_ne!(client("2001:db8::1"), client("2001:db8:0:1::1"));
    }
}
