//! The address of a server: of a daemon, or of object storage.

use std::net::IpAddr;

const ALLOWED: &str = "http://HOST:PORT or https://HOST:PORT is allowed";

/// Checks a base address and takes a slash at its end off. What may be a secret in it is not
/// repeated.
pub(crate) fn parse(text: &str) -> Result<String, String> {
    let text = text.strip_suffix('/').unwrap_or(text);
    let rest = text
        .strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))
        .ok_or_else(|| format!("is no address with a known scheme: {ALLOWED}"))?;
    let authority = authority(rest);
    if authority.contains('@') {
        return Err(format!(
            "contains a user: {ALLOWED}, and secrets have keys of their own"
        ));
    }
    let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '?' | '#' | '@');
    let (host, port) = split(authority);
    let is_port = |port: &str| port.parse::<u16>().is_ok_and(|port| port > 0);
    if rest.contains(odd) || !is_host(host) || !port.is_none_or(is_port) {
        return Err(format!("{text:?} is no address: {ALLOWED}"));
    }
    Ok(text.to_owned())
}

/// Whether what is sent there can be read on the way.
pub(crate) fn is_open(url: &str) -> bool {
    let Some(rest) = url.strip_prefix("http://") else {
        return false;
    };
    !is_this_machine(split(authority(rest)).0)
}

/// Whether a host is this machine, so that nobody reads what is sent there.
pub(crate) fn is_this_machine(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    let local = |ip: IpAddr| ip.to_canonical().is_loopback();
    host == "localhost" || host.parse().is_ok_and(local)
}

fn authority(rest: &str) -> &str {
    rest.split_once('/')
        .map_or(rest, |(authority, _)| authority)
}

/// Host and port. The colons of an IPv6 address are inside of brackets.
pub(crate) fn split(authority: &str) -> (&str, Option<&str>) {
    match authority.rsplit_once(':') {
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (authority, None),
    }
}

/// Whether it is the name or the address of a host.
pub(crate) fn is_host(host: &str) -> bool {
    let inside = host.strip_prefix('[').and_then(|h| h.strip_suffix(']'));
    match inside {
        Some(ip) => ip.parse::<std::net::Ipv6Addr>().is_ok(),
        None => {
            let legal = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
            !host.is_empty() && host.chars().all(legal)
        }
    }
}

#[cfg(test)]
mod tests;
