use super::*;

/// Ranges by their first and last address, and whether the addresses before and after are public.
/// The outside of a range that is adjacent to another one is not public.
const RANGES: [(&str, &str, bool, bool); 34] = [
    ("0.0.0.0", "0.255.255.255", false, true),
    ("10.0.0.0", "10.255.255.255", true, true),
    ("100.64.0.0", "100.127.255.255", true, true),
    ("127.0.0.0", "127.255.255.255", true, true),
    ("168.63.129.16", "168.63.129.16", true, true),
    ("169.254.0.0", "169.254.255.255", true, true),
    ("172.16.0.0", "172.31.255.255", true, true),
    ("192.0.0.0", "192.0.0.255", true, true),
    ("192.0.2.0", "192.0.2.255", true, true),
    ("192.88.99.0", "192.88.99.255", true, true),
    ("192.168.0.0", "192.168.255.255", true, true),
    ("198.18.0.0", "198.19.255.255", true, true),
    ("198.51.100.0", "198.51.100.255", true, true),
    ("203.0.113.0", "203.0.113.255", true, true),
    ("224.0.0.0", "239.255.255.255", true, false),
    ("240.0.0.0", "255.255.255.255", false, false),
    // Everything below the public range of IPv6.
    ("::", "::ffff:ffff", false, false),
    ("::1", "::1", false, false),
    ("64:ff9b::a00:0", "64:ff9b::aff:ffff", true, true),
    ("64:ff9b::7f00:1", "64:ff9b::7f00:1", false, false),
    ("64:ff9b::a9fe:0", "64:ff9b::a9fe:ffff", true, true),
    ("64:ff9b::1:0:0", "64:ff9b:0:ffff:ffff:ffff:ffff:ffff", false, false),
    ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff", false, false),
    ("100::", "100::ffff:ffff:ffff:ffff", false, false),
    ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, true),
    ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff", true, true),
    ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", true, true),
    ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, true),
    ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff", true, true),
    ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", true, false),
    ("fc00::", "fdff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false),
    ("fe80::", "febf:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false),
    ("fec0::", "feff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false),
    ("ff00::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", false, false),
];

/// Returns the address at this distance. Returns `None` at the end of the address space.
fn beside(ip: IpAddr, step: i128) -> Option<IpAddr> {
    Some(match ip {
        IpAddr::V4(ip) => {
            IpAddr::V4(Ipv4Addr::from_bits(u32::try_from(i128::from(ip.to_bits()) + step).ok()?))
        }
        IpAddr::V6(ip) => IpAddr::V6(Ipv6Addr::from_bits(match step {
            1 => ip.to_bits().checked_add(1)?,
            _ => ip.to_bits().checked_sub(1)?,
        })),
    })
}

#[test]
fn special_ranges_are_not_public_and_their_neighbours_are() {
    for (first, last, before, after) in RANGES {
        let (first, last): (IpAddr, IpAddr) = (first.parse().unwrap(), last.parse().unwrap());
        for inside in [first, last] {
            assert!(!is_public(inside), "{inside}");
        }
        for (outside, public) in [(beside(first, -1), before), (beside(last, 1), after)] {
            // A mapped address is an IPv4 address.
            if let Some(outside) = outside.filter(|ip| *ip == ip.to_canonical()) {
                assert_eq!(is_public(outside), public, "{outside}, beside {first} to {last}");
            }
        }
    }
}

#[test]
fn internet_addresses_are_public() {
    for ip in [
        "1.1.1.1",
        "93.184.216.34",
        "168.63.129.15",
        "192.0.1.1",
        "223.255.255.255",
        "2606:4700:4700::1111",
        "2a00:1450::1",
        "2001:200::1",
        "3ffe::1",
        "64:ff9b::101:101",
        "::ffff:1.1.1.1",
    ] {
        assert!(is_public(ip.parse().unwrap()), "{ip}");
    }
    for ip in ["::ffff:10.0.0.1", "::ffff:169.254.169.254", "::10.0.0.1", "::1.1.1.1"] {
        assert!(!is_public(ip.parse().unwrap()), "{ip}");
    }
}

#[test]
fn names_never_resolve_to_link_local_or_cloud_metadata() {
    for ip in [
        "0.0.0.0",
        "169.254.0.0",
        "169.254.169.254",
        "169.254.170.2",
        "169.254.255.255",
        "100.100.100.200",
        "168.63.129.16",
        "192.0.0.192",
        "224.0.0.1",
        "239.255.255.255",
        "255.255.255.255",
        "::",
        "fe80::1",
        "febf::1",
        "ff02::1",
        "fd00:ec2::254",
        "fd00:ec2::23",
        "fd00:42::42",
        "fd20:ce::254",
        // IPv6 forms of the same addresses.
        "::ffff:169.254.169.254",
        "::169.254.169.254",
        "64:ff9b::169.254.169.254",
        "64:ff9b::168.63.129.16",
        "64:ff9b:1::169.254.169.254",
        "64:ff9b:1:a9fe:a9:fe00::",
        "2002:a9fe:a9fe::1",
        "2002:6464:64c8::",
        "2001:0:a9fe:a9fe::1",
        "2001:0:101:101:0:0:5601:5601",
    ] {
        assert!(is_local_service(ip.parse().unwrap()), "{ip}");
    }
    for ip in [
        "169.253.255.255",
        "169.255.0.0",
        "100.100.100.199",
        "100.100.100.201",
        "168.63.129.15",
        "168.63.129.17",
        "192.0.0.191",
        "192.0.0.193",
        "127.0.0.1",
        "10.0.0.1",
        "223.255.255.255",
        "240.0.0.0",
        "::1",
        "fe7f::1",
        "fec0::1",
        "fd00:ec1::1",
        "fd00:ec3::1",
        "fd20:ce::253",
        "fd00:42::41",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::1",
        "2606:4700:4700::1111",
    ] {
        assert!(!is_local_service(ip.parse().unwrap()), "{ip}");
    }
}
