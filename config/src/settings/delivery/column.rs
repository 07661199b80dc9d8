//! Columns, and their types as they are written: `int`, `list<string>`, `struct<a:int,b:string>`.

use std::fmt;
use std::str::FromStr;

/// A column.
#[derive(Clone, PartialEq, Debug)]
pub struct Column {
    /// Its name, which is the JSON key, to the letter.
    pub name: String,
    /// Its type.
    pub kind: ColumnType,
}

/// The type of a column. Written as `int`, `list<string>`, `struct<a:int,b:string>`.
#[derive(Clone, PartialEq, Debug)]
pub enum ColumnType {
    /// `boolean`
    Boolean,
    /// `int8`, `int16`, `int32`: as wide as that, in 32 bits of the file. Hive's `tinyint`,
    /// `smallint`, `int`.
    Small(u8),
    /// `int` (64 bits), also `bigint`
    Int,
    /// `float32`: Hive's `float`.
    Single,
    /// `double`, also `float`
    Double,
    /// `decimal(PRECISION,SCALE)`: at most 38 digits, so many of them behind the point.
    Decimal(u8, i8),
    /// `string`
    String,
    /// `timestamp`, in milliseconds, UTC
    Timestamp,
    /// `date`
    Date,
    /// `list<T>`, also `array<T>`
    List(Box<ColumnType>),
    /// `map<string,T>`: an object whose keys are no columns.
    Map(Box<ColumnType>),
    /// `struct<name:T,…>`
    Struct(Vec<Column>),
}

/// How deep types may be nested: deeper than any table, and shallow enough for every stack.
const MAX_DEPTH: usize = 32;

/// Why a text is no column type.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is no column type: {why}; allowed are boolean, int, int8, int16, int32, double, float32, decimal(PRECISION,SCALE), string, timestamp, date, list<TYPE>, map<string,TYPE> and struct<NAME:TYPE,…>"
)]
pub struct NotAColumnType {
    text: String,
    why: String,
}

/// Whose names of types are read.
#[derive(Clone, Copy)]
struct Reader {
    /// Hive's and the Glue catalog's, for which `int` has 32 bits.
    hive: bool,
}

impl FromStr for ColumnType {
    type Err = NotAColumnType;

    fn from_str(text: &str) -> Result<Self, NotAColumnType> {
        Reader { hive: false }.read(text)
    }
}

impl ColumnType {
    /// Reads a type as Hive and the Glue catalog write it: `int` has 32 bits, `bigint` 64.
    pub fn from_hive(text: &str) -> Result<Self, NotAColumnType> {
        Reader { hive: true }.read(text)
    }
}

impl Reader {
    fn read(self, text: &str) -> Result<ColumnType, NotAColumnType> {
        let mut rest = text;
        let wrong = |why| NotAColumnType {
            text: text.to_owned(),
            why,
        };
        let kind = self.kind(&mut rest, MAX_DEPTH).map_err(wrong)?;
        match rest.trim() {
            "" => Ok(kind),
            left => Err(wrong(format!("{left:?} does not belong there"))),
        }
    }

    /// Reads one type from the beginning of `rest`, and moves it on.
    fn kind(self, rest: &mut &str, depth: usize) -> Result<ColumnType, String> {
        let depth = depth.checked_sub(1).ok_or("it is nested too deeply")?;
        let word = word(rest);
        let folded = word.to_ascii_lowercase();
        let known = match self.hive {
            true => hive(&folded),
            false => ours(word),
        };
        if let Some(kind) = known {
            return Ok(kind);
        }
        match if self.hive { &folded } else { word } {
            "decimal" => decimal(rest),
            // They hold no more than that, which whoever writes them has to see to.
            "char" | "varchar" if self.hive => {
                numbers(rest)?;
                Ok(ColumnType::String)
            }
            "list" | "array" => {
                expect(rest, '<')?;
                let item = self.kind(rest, depth)?;
                expect(rest, '>')?;
                Ok(ColumnType::List(Box::new(item)))
            }
            "map" => self.map(rest, depth),
            "struct" => Ok(ColumnType::Struct(self.members(rest, depth)?)),
            _ => Err(format!("{word:?} is no type")),
        }
    }

    fn map(self, rest: &mut &str, depth: usize) -> Result<ColumnType, String> {
        expect(rest, '<')?;
        if self.kind(rest, depth)? != ColumnType::String {
            return Err("the keys of JSON objects are strings: map<string,TYPE>".to_owned());
        }
        expect(rest, ',')?;
        let item = self.kind(rest, depth)?;
        expect(rest, '>')?;
        Ok(ColumnType::Map(Box::new(item)))
    }

    fn members(self, rest: &mut &str, depth: usize) -> Result<Vec<Column>, String> {
        let mut members: Vec<Column> = Vec::new();
        expect(rest, '<')?;
        loop {
            let name = word(rest).to_owned();
            if name.is_empty() || members.iter().any(|member| member.name == name) {
                return Err(format!("the member {name:?} has no name or is there twice"));
            }
            expect(rest, ':')?;
            let kind = self.kind(rest, depth)?;
            members.push(Column { name, kind });
            if expect(rest, ',').is_err() {
                expect(rest, '>')?;
                return Ok(members);
            }
        }
    }
}

/// The plain types of our settings.
fn ours(word: &str) -> Option<ColumnType> {
    Some(match word {
        "boolean" => ColumnType::Boolean,
        "int8" => ColumnType::Small(8),
        "int16" => ColumnType::Small(16),
        "int32" => ColumnType::Small(32),
        "int" | "bigint" => ColumnType::Int,
        "float32" => ColumnType::Single,
        "double" | "float" => ColumnType::Double,
        "string" => ColumnType::String,
        "timestamp" => ColumnType::Timestamp,
        "date" => ColumnType::Date,
        _ => return None,
    })
}

/// The plain types of Hive.
fn hive(word: &str) -> Option<ColumnType> {
    Some(match word {
        "tinyint" => ColumnType::Small(8),
        "smallint" => ColumnType::Small(16),
        "int" | "integer" => ColumnType::Small(32),
        "float" => ColumnType::Single,
        "boolean" | "bigint" | "double" | "string" | "timestamp" | "date" => return ours(word),
        _ => return None,
    })
}

/// The rest of `decimal(10,2)`; Hive's default is `decimal(10,0)`.
fn decimal(rest: &mut &str) -> Result<ColumnType, String> {
    let (precision, scale) = match numbers(rest)?[..] {
        [] => (10, 0),
        [precision] => (precision, 0),
        [precision, scale] => (precision, scale),
        _ => return Err("a decimal has a precision and a scale".to_owned()),
    };
    if !(1..=38).contains(&precision) || scale > precision {
        return Err(format!(
            "decimal({precision},{scale}) has more digits than 38, or more behind the point than at all"
        ));
    }
    Ok(ColumnType::Decimal(precision, scale as i8))
}

/// The numbers in parentheses, where there are any; of `word` they were cut off at the first one.
fn numbers(rest: &mut &str) -> Result<Vec<u8>, String> {
    if expect(rest, '(').is_err() {
        return Ok(Vec::new());
    }
    let end = rest.find(')').ok_or("')' is missing")?;
    let (inside, behind) = rest.split_at(end);
    *rest = &behind[1..];
    let number = |text: &str| {
        let number = text.trim().parse();
        number.map_err(|_| format!("{text:?} is no number"))
    };
    inside.split(',').map(number).collect()
}

fn word<'a>(rest: &mut &'a str) -> &'a str {
    let end = rest
        .find(['<', '>', ':', ',', '(', ')'])
        .unwrap_or(rest.len());
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
            Self::Small(bits) => write!(f, "int{bits}"),
            Self::Int => f.write_str("int"),
            Self::Single => f.write_str("float32"),
            Self::Decimal(precision, scale) => write!(f, "decimal({precision},{scale})"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Timestamp => f.write_str("timestamp"),
            Self::Date => f.write_str("date"),
            Self::List(item) => write!(f, "list<{item}>"),
            Self::Map(item) => write!(f, "map<string,{item}>"),
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
