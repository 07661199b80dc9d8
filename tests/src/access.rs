//! An access log like a web server's, made up line by line.

use crate::random::Random;
use jiff::Zoned;

const PATHS: &[&str] = &[
    "/",
    "/index.html",
    "/favicon.ico",
    "/login",
    "/api/v1/orders?page=2&sort=-date",
    "/images/logo.png",
    "/articles/what-is-a-standpipe",
    "/search?q=fire+hose",
    "/caf%C3%A9",
    "/static/app.4f2c.js",
    "/robots.txt",
];
const METHODS: &[&str] = &["GET", "GET", "GET", "GET", "POST", "HEAD", "PUT"];
const STATUS: &[u16] = &[200, 200, 200, 200, 200, 204, 301, 304, 403, 404, 500];
const REFERERS: &[&str] = &[
    "-",
    "-",
    "https://example.com/",
    "https://example.org/search?q=\\\"standpipe\\\"",
];
const USERS: &[&str] = &["-", "-", "-", "-", "ada", "grace"];
const AGENTS: &[&str] = &[
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 19_0 like Mac OS X) AppleWebKit/605.1.15 Version/19.0 Mobile Safari/604.1",
    "curl/8.14.1",
    "Googlebot/2.1 (+http://www.google.com/bot.html)",
    "-",
];

/// Appends one line with its end.
pub fn line(random: &mut Random, now: &Zoned, out: &mut Vec<u8>) {
    let host = match random.once_in(8) {
        true => format!("2001:db8::{:x}", random.below(0xffff)),
        false => format!("203.0.113.{}", random.below(255)),
    };
    let status = *random.one_of(STATUS);
    let bytes = match status {
        204 | 304 => "-".to_owned(),
        _ => random.below(200_000).to_string(),
    };
    let line = format!(
        "{host} - {} [{}] \"{} {} HTTP/1.1\" {status} {bytes} \"{}\" \"{}\"\n",
        random.one_of(USERS),
        now.strftime("%d/%b/%Y:%H:%M:%S %z"),
        random.one_of(METHODS),
        random.one_of(PATHS),
        random.one_of(REFERERS),
        random.one_of(AGENTS),
    );
    out.extend_from_slice(line.as_bytes());
}
