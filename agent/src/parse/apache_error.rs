//! Apache's error log, of version 2.2 and of 2.4.
//!
//! ```text
//! [Sun Dec 04 04:47:44 2005] [error] [client 10.0.0.1] message
//! [Wed Oct 11 14:32:52.123456 2000] [core:error] [pid 35708:tid 432] [client [2001:db8::1]:51234] message
//! ```

use memchr::memchr;

use super::{Why, json};

/// Appends the line's object: `timestamp`, `module`, `severity`, `processid`, `threadid`,
/// `client`, `message`; null where the line does not say it.
pub(super) fn write(line: &[u8], out: &mut Vec<u8>) -> Result<(), Why> {
    let (timestamp, left) = bracketed(line).ok_or("no [time] at its beginning")?;
    let (level, mut left) = bracketed(left).ok_or("no [level] behind the time")?;
    let (module, severity) = match memchr(b':', level) {
        Some(colon) => (Some(&level[..colon]), &level[colon + 1..]),
        None => (None, level),
    };
    let (mut process, mut thread, mut client) = (None, None, None);
    while let Some((group, behind)) = bracketed(left) {
        if let Some(id) = group.strip_prefix(b"pid ") {
            let mut ids = id.splitn(2, |byte| *byte == b':');
            process = ids.next();
            thread = ids.next().map(|id| id.strip_prefix(b"tid ").unwrap_or(id));
        } else if let Some(from) = group.strip_prefix(b"client ") {
            client = Some(from);
        } else {
            break;
        }
        left = behind;
    }
    let mut fields = json::Strings::begin(out);
    fields.add("timestamp", Some(timestamp));
    fields.add("module", module.filter(|module| !module.is_empty()));
    fields.add("severity", Some(severity));
    fields.add("processid", process);
    fields.add("threadid", thread);
    fields.add("client", client);
    fields.add("message", Some(left));
    fields.end();
    Ok(())
}

/// What stands in brackets at the beginning, and what is behind them and a space. An address of
/// IP version 6 has brackets of its own.
fn bracketed(left: &[u8]) -> Option<(&[u8], &[u8])> {
    let inside = left.strip_prefix(b"[")?;
    let mut depth = 1;
    let end = inside.iter().position(|byte| {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => {}
        }
        depth == 0
    })?;
    let behind = &inside[end + 1..];
    Some((&inside[..end], behind.strip_prefix(b" ").unwrap_or(behind)))
}
