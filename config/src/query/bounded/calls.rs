//! Calls of functions in a bounded query.

use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::Term;

use super::functions::{self, Does};
use super::values::{Values, WORD, numeral};
use super::{Look, Why, refused};

impl<'q> Look<'q> {
    pub(super) fn call(
        &mut self,
        name: &str,
        arguments: &'q [Term<&'q str>],
        asked: Values,
    ) -> Result<Values, Why> {
        let function = functions::find(name, arguments.len());
        let does = &function.ok_or_else(|| refused(name))?.does;
        let of_each = match does {
            Does::Select | Does::Map | Does::First => true,
            Does::Same | Does::Text(_) | Does::Word | Does::Number | Does::Fixed(_) => false,
        };
        let length = match of_each {
            true => 0,
            false => written_length(name, arguments)?,
        };
        let same = Values {
            spread: false,
            ..asked
        };
        Ok(match (does, arguments) {
            (Does::Same, _) => same,
            (Does::Text(factor), _) => Values {
                bytes: asked.bytes.by(*factor).and(asked.count.by(2)),
                ..asked.each(0)
            },
            (Does::Word, _) => asked.each(WORD + length),
            (Does::Number, _) => numeral(asked),
            (Does::Fixed(bytes), _) => asked.each(bytes.saturating_mul(1 + length)),
            (Does::Select, [by]) => self.one(by, asked).map(|_| same)?,
            (Does::First, [of]) => {
                let given = self.term(of, asked)?;
                Values {
                    bytes: given.bytes,
                    are_numbers: given.are_numbers,
                    ..asked.each(0)
                }
            }
            (Does::Map, [of]) => {
                let items = Values {
                    count: asked.bytes,
                    are_numbers: false,
                    ..asked
                };
                self.list(of, items).map(|list| Values {
                    bytes: list.bytes.and(asked.count.by(2)),
                    ..asked.each(0)
                })?
            }
            (Does::Select | Does::First | Does::Map, _) => return Err(refused(name)),
        })
    }
}

/// How many bytes texts have that stand in a query as they are: such arguments are asked of nothing.
fn written_length(name: &str, arguments: &[Term<&str>]) -> Result<u64, Why> {
    let length_of = |part: &StrPart<&str, Term<&str>>| match part {
        StrPart::Str(text) => Some(text.len() as u64),
        StrPart::Char(_) => Some(4),
        StrPart::Term(_) => None,
    };
    let of_argument = |argument: &Term<&str>| match argument {
        Term::Str(None, parts) => parts.iter().map(length_of).sum::<Option<u64>>(),
        _ => None,
    };
    let length = arguments.iter().map(of_argument).sum::<Option<u64>>();
    length.ok_or_else(|| format!("what {name} is given must be a text as it is written"))
}
