//! Column types as they are written: `int`, `list<string>`, `struct<a:int,b:string>`.

use std::fmt;
use std::str::FromStr;

use super::{Column, ColumnType};

/// How deep types may be nested: deeper than any table, and shallow enough for every stack.
const MAX_DEPTH: usize = 32;

/// Why a text is no column type.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no column type: {why}; allowed are boolean, int, double, string, timestamp, date, list<TYPE> and struct<NAME:TYPE,…>"
)]
pub struct NotAColumnType {
    text: String,
    why: String,
}

impl FromStr for ColumnType {
    type Err = NotAColumnType;

    fn from_str(text: &str) -> Result<Self, NotAColumnType> {
        let mut rest = text;
        let wrong = |why| NotAColumnType {
            text: text.to_owned(),
            why,
        };
        let kind = kind(&mut rest, MAX_DEPTH).map_err(wrong)?;
        match rest.trim() {
            "" => Ok(kind),
            left => Err(wrong(format!("{left:?} does not belong there"))),
        }
    }
}

/// Reads one type from the beginning of `rest`, and moves it on.
fn kind(rest: &mut &str, depth: usize) -> Result<ColumnType, String> {
    let depth = depth.checked_sub(1).ok_or("it is nested too deeply")?;
    let word = word(rest);
    Ok(match word {
        "boolean" => ColumnType::Boolean,
        "int" | "bigint" => ColumnType::Int,
        "double" | "float" => ColumnType::Double,
        "string" => ColumnType::String,
        "timestamp" => ColumnType::Timestamp,
        "date" => ColumnType::Date,
        "list" | "array" => {
            expect(rest, '<')?;
            let item = kind(rest, depth)?;
            expect(rest, '>')?;
            ColumnType::List(Box::new(item))
        }
        "struct" => ColumnType::Struct(members(rest, depth)?),
        _ => return Err(format!("{word:?} is no type")),
    })
}

fn members(rest: &mut &str, depth: usize) -> Result<Vec<Column>, String> {
    let mut members: Vec<Column> = Vec::new();
    expect(rest, '<')?;
    loop {
        let name = word(rest).to_owned();
        if name.is_empty() || members.iter().any(|member| member.name == name) {
            return Err(format!("the member {name:?} has no name or is there twice"));
        }
        expect(rest, ':')?;
        let kind = kind(rest, depth)?;
        members.push(Column { name, kind });
        if expect(rest, ',').is_err() {
            expect(rest, '>')?;
            return Ok(members);
        }
    }
}

fn word<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest.find(['<', '>', ':', ',']).unwrap_or(rest.len());
    let (word, behind) = rest.split_at(end);
    *rest = behind;
    word.trim()
}

fn expect(rest: &mut &str, c: char) -> Result<(), String> {
    match rest.trim_start().strip_prefix(c) {
        Some(behind) => {
            *rest = behind;
            Ok(())
        }
        None => Err(format!("{c:?} is missing before {rest:?}")),
    }
}

impl fmt::Display for ColumnType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Boolean => f.write_str("boolean"),
            Self::Int => f.write_str("int"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Date => f.write_str("date"),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Struct(members) => {
                let members: Vec<_> = members
                    .iter()
                    .map(|member| format!("{}:{}", member.name, member.kind))
                    .collect();
                write!(f, "struct<{}>", members.join(","))
            }
        }
    }
}

#[cfg(test)]
mod tests;
