"""What counts as one client for the limits of logins."""

from ipaddress import IPv6Address, IPv6Network, ip_address


def network_of(address: str) -> str:
    """Return the client's address, or the /64 network of an IPv6 one: each of its holders has 2^64 addresses.

    An IPv4 address that came over IPv6 (RFC 4291 section 2.5.5.2) is the IPv4 address. Another text stays.
    """
    try:
        read = ip_address(address.partition("%")[0])
    except ValueError:
        return address
    if not isinstance(read, IPv6Address):
        return str(read)
    if read.ipv4_mapped is not None:
        return str(read.ipv4_mapped)
    return str(IPv6Network((read, 64), strict=False))
