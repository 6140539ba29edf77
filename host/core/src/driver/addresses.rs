//! Ranges of public addresses, and of addresses that a host name must never resolve to.
//!
//! The standard library's `is_global` is unstable, and crates with such a function lag behind the
//! registries, so the ranges are listed here with their sources.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// IPv4 ranges that are not public, from the [registry of special addresses][1] unless another
/// source is named.
///
/// [1]: https://www.iana.org/assignments/iana-ipv4-special-registry
const SPECIAL_V4: [(Ipv4Addr, u32); 17] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),          // this network, RFC 791
    (Ipv4Addr::new(10, 0, 0, 0), 8),         // private, RFC 1918
    (Ipv4Addr::new(100, 64, 0, 0), 10),      // shared by carriers, RFC 6598
    (Ipv4Addr::new(127, 0, 0, 0), 8),        // loopback, RFC 1122
    (Ipv4Addr::new(168, 63, 129, 16), 32),   // Azure's host, of Microsoft's documentation
    (Ipv4Addr::new(169, 254, 0, 0), 16),     // link-local, RFC 3927
    (Ipv4Addr::new(172, 16, 0, 0), 12),      // private, RFC 1918
    (Ipv4Addr::new(192, 0, 0, 0), 24),       // of the protocols, RFC 6890
    (Ipv4Addr::new(192, 0, 2, 0), 24),       // documentation, RFC 5737
    (Ipv4Addr::new(192, 88, 99, 0), 24),     // relays of 6to4, RFC 7526
    (Ipv4Addr::new(192, 168, 0, 0), 16),     // private, RFC 1918
    (Ipv4Addr::new(198, 18, 0, 0), 15),      // benchmarks, RFC 2544
    (Ipv4Addr::new(198, 51, 100, 0), 24),    // documentation, RFC 5737
    (Ipv4Addr::new(203, 0, 113, 0), 24),     // documentation, RFC 5737
    (Ipv4Addr::new(224, 0, 0, 0), 4),        // multicast, RFC 5771
    (Ipv4Addr::new(240, 0, 0, 0), 4),        // reserved, RFC 1112
    (Ipv4Addr::new(255, 255, 255, 255), 32), // broadcast, RFC 919
];

/// The IPv6 range that is allocated to the internet, from the [registry of address space][1].
///
/// [1]: https://www.iana.org/assignments/ipv6-address-space
const UNICAST_V6: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2000, 0, 0, 0, 0, 0, 0, 0), 3);

/// Ranges within [`UNICAST_V6`] that are not public, from the [registry of special addresses][1].
///
/// [1]: https://www.iana.org/assignments/iana-ipv6-special-registry
const SPECIAL_V6: [(Ipv6Addr, u32); 4] = [
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23), // protocols, with Teredo, RFC 2928
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32), // documentation, RFC 3849
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16), // 6to4, RFC 3056
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20), // documentation, RFC 9637
];

/// IPv4 addresses that no host name may resolve to: link-local addresses, which clouds use for
/// metadata, other services of clouds for their machines, and addresses of no host.
const LOCAL_V4: [(Ipv4Addr, u32); 7] = [
    (Ipv4Addr::new(0, 0, 0, 0), 32),         // unspecified
    (Ipv4Addr::new(100, 100, 100, 200), 32), // metadata of Alibaba Cloud
    (Ipv4Addr::new(168, 63, 129, 16), 32),   // Azure's host
    (Ipv4Addr::new(169, 254, 0, 0), 16),     // link-local: AWS, Azure, GCP, Oracle and others
    (Ipv4Addr::new(192, 0, 0, 192), 32),     // metadata of Oracle Cloud
    (Ipv4Addr::new(224, 0, 0, 0), 4),        // multicast
    (Ipv4Addr::new(255, 255, 255, 255), 32), // broadcast
];

/// IPv6 addresses that no host name may resolve to, see [`LOCAL_V4`].
const LOCAL_V6: [(Ipv6Addr, u32); 6] = [
    (Ipv6Addr::new(0, 0, 0, 0, 0, 0, 0, 0), 128), // unspecified
    (Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0x42), 128), // metadata of Scaleway
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32), // metadata and services of AWS
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0x254), 128), // metadata of GCP
    (Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0), 10), // link-local
    (Ipv6Addr::new(0xff00, 0, 0, 0, 0, 0, 0, 0), 8), // multicast
];

/// IPv6 range that maps all of IPv4 in its last 32 bits, RFC 6052.
const NAT64: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, 0, 0), 96);

/// Other IPv6 ranges that embed IPv4 addresses.
const NAT64_LOCAL: (Ipv6Addr, u32) = (Ipv6Addr::new(0x64, 0xff9b, 1, 0, 0, 0, 0, 0), 48); // RFC 8215
const COMPATIBLE: (Ipv6Addr, u32) = (Ipv6Addr::UNSPECIFIED, 96); // RFC 4291
const SIX_TO_FOUR: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16); // RFC 3056
const TEREDO: (Ipv6Addr, u32) = (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 32); // RFC 4380

/// Returns whether an address is public.
pub fn is_public(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => !within_v4(ip, &SPECIAL_V4),
        IpAddr::V6(ip) if within_v6(ip, &[NAT64]) => !within_v4(last(ip), &SPECIAL_V4),
        IpAddr::V6(ip) => within_v6(ip, &[UNICAST_V6]) && !within_v6(ip, &SPECIAL_V6),
    }
}

/// Returns whether an address is link-local, a cloud's service for its machines, or of no host. No
/// name may resolve to such an address, regardless of who set the name.
pub fn is_local_service(ip: IpAddr) -> bool {
    match ip.to_canonical() {
        IpAddr::V4(ip) => within_v4(ip, &LOCAL_V4),
        IpAddr::V6(ip) => {
            within_v6(ip, &LOCAL_V6) || embedded(ip).any(|ip| within_v4(ip, &LOCAL_V4))
        }
    }
}

/// Returns the IPv4 addresses that an IPv6 address can embed.
fn embedded(ip: Ipv6Addr) -> impl Iterator<Item = Ipv4Addr> {
    let bits = ip.to_bits();
    let at = |shift: u32| Ipv4Addr::from_bits((bits >> shift) as u32);
    let mut found = Vec::new();
    if within_v6(ip, &[NAT64, NAT64_LOCAL, COMPATIBLE]) && !ip.is_loopback() {
        found.push(last(ip));
    }
    if within_v6(ip, &[NAT64_LOCAL]) {
        // With a 48-bit prefix, 16 bits of the IPv4 address come before the zero octet, and 16 bits
        // after it.
        let high = ((bits >> 64) as u32 & 0xffff) << 16;
        found.push(Ipv4Addr::from_bits(high | ((bits >> 40) as u32 & 0xffff)));
    }
    if within_v6(ip, &[SIX_TO_FOUR]) {
        found.push(at(80));
    }
    if within_v6(ip, &[TEREDO]) {
        found.extend([at(64), Ipv4Addr::from_bits(!(bits as u32))]);
    }
    found.into_iter()
}

/// Returns the last 32 bits.
fn last(ip: Ipv6Addr) -> Ipv4Addr {
    Ipv4Addr::from_bits(ip.to_bits() as u32)
}

fn within_v4(ip: Ipv4Addr, ranges: &[(Ipv4Addr, u32)]) -> bool {
    ranges.iter().any(|(start, length)| (ip.to_bits() ^ start.to_bits()).leading_zeros() >= *length)
}

fn within_v6(ip: Ipv6Addr, ranges: &[(Ipv6Addr, u32)]) -> bool {
    ranges.iter().any(|(start, length)| (ip.to_bits() ^ start.to_bits()).leading_zeros() >= *length)
}

#[cfg(test)]
mod tests;
