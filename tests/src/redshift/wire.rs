//! Messages of PostgreSQL's protocol, version 3:
//! <https://www.postgresql.org/docs/current/protocol-message-formats.html>.

use std::io::{self, Read, Write};

/// A message longer than this is none.
const LONGEST: usize = 1 << 30;

/// A message: its type, and what follows its length. The first of a client has no type: 0.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) struct Message {
    pub(super) kind: u8,
    pub(super) body: Vec<u8>,
}

impl Message {
    /// A query, or text in another message that has just that.
    pub(super) fn text(kind: u8, text: &str) -> Self {
        let mut body = text.as_bytes().to_vec();
        body.push(0);
        Self { kind, body }
    }

    /// An error.
    pub(super) fn error(code: &str, message: &str) -> Self {
        let mut body = Vec::new();
        for (field, text) in [
            (b'S', "ERROR"),
            (b'V', "ERROR"),
            (b'C', code),
            (b'M', message),
        ] {
            body.push(field);
            body.extend_from_slice(text.as_bytes());
            body.push(0);
        }
        body.push(0);
        Self { kind: b'E', body }
    }

    /// A field of an error.
    pub(super) fn field(&self, name: u8) -> Option<String> {
        let mut fields = self.body.split(|byte| *byte == 0);
        let found = fields.find(|field| field.first() == Some(&name))?;
        Some(String::from_utf8_lossy(&found[1..]).into_owned())
    }

    /// The text of a query.
    pub(super) fn query(&self) -> String {
        let text = self.body.strip_suffix(&[0]).unwrap_or(&self.body);
        String::from_utf8_lossy(text).into_owned()
    }

    /// The columns of a row of an answer, NULL as nothing.
    pub(super) fn columns(&self) -> Vec<String> {
        let mut columns = Vec::new();
        let mut rest = self.body.get(2..).unwrap_or_default();
        while let Some((length, behind)) = rest.split_first_chunk() {
            let length = usize::try_from(i32::from_be_bytes(*length)).unwrap_or(0);
            let (text, behind) = behind.split_at(length.min(behind.len()));
            columns.push(String::from_utf8_lossy(text).into_owned());
            rest = behind;
        }
        columns
    }

    /// Reads one; `None` where the other side has hung up.
    pub(super) fn read(mut from: impl Read, is_first: bool) -> io::Result<Option<Self>> {
        let mut kind = [0];
        if !is_first && from.read(&mut kind)? == 0 {
            return Ok(None);
        }
        let mut length = [0; 4];
        match from.read_exact(&mut length) {
            Err(e) if e.kind() == io::ErrorKind::UnexpectedEof => return Ok(None),
            other => other?,
        }
        let length = u32::from_be_bytes(length) as usize;
        if !(4..LONGEST).contains(&length) {
            return Err(io::Error::other("that is no message"));
        }
        let mut body = vec![0; length - 4];
        from.read_exact(&mut body)?;
        let [kind] = kind;
        Ok(Some(Self { kind, body }))
    }

    /// Writes it.
    pub(super) fn write(&self, mut to: impl Write) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(self.body.len() + 5);
        if self.kind != 0 {
            bytes.push(self.kind);
        }
        bytes.extend_from_slice(&(self.body.len() as u32 + 4).to_be_bytes());
        bytes.extend_from_slice(&self.body);
        to.write_all(&bytes)
    }
}
