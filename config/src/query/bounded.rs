//! Queries whose work is bounded by the length of the record that they are asked of: those of
//! people who must not be able to hold a lane, or to fill its memory.
//!
//! jaq counts no steps, and values can double with each of them. So a query is looked at before it
//! is ever run: what each part of it gives, all together, is at most a number of times the record and
//! a number of bytes more. What cannot be bounded so (definitions, loops, `reduce`, updates, a value
//! for each of several others, functions that are not known here) is refused by its name.

use std::collections::BTreeMap;

use jaq_core::load;
use jaq_core::load::lex::StrPart;
use jaq_core::load::parse::{BinaryOp, Pattern, Term};
use jaq_core::ops::Math;
use jaq_core::path::{Part, Path};

use super::{Query, QueryError};
use functions::{Does, Function};
use values::{NUMBER, Size, Values, WORD, numeral};

mod calls;
mod functions;
mod values;

/// What all parts of a query may give together: so many times the record, and bytes more. An object of
/// fifty keys, each with two or three steps, takes a few hundred.
const MOST: Size = Size {
    times: 512,
    more: 1024 * 1024,
};

/// Terms within each other, at most.
const DEEPEST: u32 = 64;

/// The longest query, in bytes: Firehose's. And a stack that is large enough for any so long.
const LONGEST: usize = 5120;
const STACK: usize = 64 * 1024 * 1024;

/// Why a query is not bounded.
type Why = String;

/// Looks at a query.
#[derive(Default)]
struct Look<'q> {
    /// What all terms give together.
    work: Size,
    /// What variables hold.
    variables: BTreeMap<&'q str, Values>,
    depth: u32,
}

/// Compiles a query if its work is bounded.
pub(super) fn parse(text: &str) -> Result<Query, QueryError> {
    let unbounded = |why: Why| QueryError(format!("{text:?} may take too long: {why}"));
    if text.len() > LONGEST {
        return Err(unbounded(format!("it is longer than {LONGEST} bytes")));
    }
    let parse = || {
        // What is no term is no query either, and the compiler says why.
        let term = load::parse(text, |parser| parser.term());
        let looked = term.map_or(Ok(()), |term| look(&term));
        looked.map_err(unbounded).and_then(|()| Query::parse(text))
    };
    // jaq's parser recurses as deep as a text says.
    std::thread::scope(|scope| {
        let thread = std::thread::Builder::new().stack_size(STACK);
        let thread = thread.spawn_scoped(scope, parse);
        let thread = thread.map_err(|e| QueryError(format!("{text:?} cannot be read now: {e}")))?;
        let parsed = thread.join();
        parsed.unwrap_or_else(|_| Err(unbounded("the parser of queries failed on it".to_owned())))
    })
}

fn look(query: &Term<&str>) -> Result<(), Why> {
    let record = Values {
        bytes: Size { times: 1, more: 0 },
        count: Size { times: 0, more: 1 },
        spread: false,
        are_numbers: false,
    };
    Look::default().term(query, record).map(drop)
}

impl<'q> Look<'q> {
    fn term(&mut self, term: &'q Term<&'q str>, asked: Values) -> Result<Values, Why> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(format!("terms stand more than {DEEPEST} within each other"));
        }
        let given = self.given(term, asked)?;
        self.depth -= 1;
        self.work = self.work.and(given.bytes).and(given.count);
        match self.work.is_within(MOST) {
            true => Ok(given),
            false => Err(format!(
                "all that its parts give may be more than {} times the record and {} bytes",
                MOST.times, MOST.more
            )),
        }
    }

    /// A term that gives one value for each that it is asked of.
    fn one(&mut self, term: &'q Term<&'q str>, asked: Values) -> Result<Values, Why> {
        let given = self.term(term, asked)?;
        match given.spread {
            false => Ok(given),
            true => Err("several values stand where one is needed; [ ] makes a list of them, and first( ) takes one".to_owned()),
        }
    }

    fn given(&mut self, term: &'q Term<&'q str>, asked: Values) -> Result<Values, Why> {
        let same = Values {
            spread: false,
            ..asked
        };
        match term {
            Term::Id => Ok(same),
            Term::Num(digits) => Ok(numeral(asked.each(digits.len() as u64))),
            Term::Str(format, parts) => self.text(*format, parts, asked),
            Term::Arr(None) => Ok(asked.each(WORD)),
            Term::Arr(Some(of)) => self.list(of, asked),
            Term::Obj(pairs) => self.object(pairs, asked),
            Term::Neg(of) => self.one(of, asked).map(numeral),
            Term::BinOp(left, op, right) => self.operator(left, op, right, asked),
            Term::TryCatch(of, None) => self.term(of, asked),
            Term::TryCatch(_, Some(_)) => Err(refused("catch")),
            Term::IfThenElse(cases, otherwise) => {
                let mut all = match otherwise {
                    Some(otherwise) => self.term(otherwise, asked)?,
                    None => same,
                };
                for (condition, then) in cases {
                    self.one(condition, asked)?;
                    all = all.or(self.term(then, asked)?, asked);
                }
                Ok(all)
            }
            Term::Call(name, arguments) => self.call(name, arguments, asked),
            Term::Var(name) => self.variable(name, asked),
            Term::Path(of, path) => self.path(of, path, asked),
            Term::Recurse => Err(refused("..")),
            Term::Label(..) | Term::Break(_) => Err(refused("label")),
            Term::Fold(name, ..) => Err(refused(name)),
            Term::Def(..) => Err(refused("def")),
        }
    }

    fn text(
        &mut self,
        format: Option<&'q str>,
        parts: &'q [StrPart<&'q str, Term<&'q str>>],
        asked: Values,
    ) -> Result<Values, Why> {
        let factor = match format {
            None => functions::TEXT,
            Some(name) => match functions::find(name, 0) {
                Some(Function {
                    does: Does::Text(factor),
                    ..
                }) => *factor,
                _ => return Err(refused(name)),
            },
        };
        let mut bytes = asked.each(2).bytes;
        for part in parts {
            bytes = bytes.and(match part {
                // As JSON writes it, a character may be six.
                StrPart::Str(text) => asked.each(6 * text.len() as u64).bytes,
                StrPart::Char(_) => asked.each(6).bytes,
                StrPart::Term(term) => self.one(term, asked)?.bytes.by(factor),
            });
        }
        Ok(Values {
            bytes,
            ..asked.each(0)
        })
    }

    fn list(&mut self, of: &'q Term<&'q str>, asked: Values) -> Result<Values, Why> {
        let items = self.term(of, asked)?;
        Ok(Values {
            bytes: items.bytes.and(items.count).and(asked.count.by(2)),
            ..asked.each(0)
        })
    }

    fn object(
        &mut self,
        pairs: &'q [(Term<&'q str>, Option<Term<&'q str>>)],
        asked: Values,
    ) -> Result<Values, Why> {
        let mut bytes = asked.each(2).bytes;
        for (key, value) in pairs {
            let key = self.one(key, asked)?;
            let value = match value {
                Some(value) => self.one(value, asked)?,
                // `{a}` and `{$x}`: of what is there.
                None => asked,
            };
            bytes = bytes.and(key.bytes).and(value.bytes).and(asked.count.by(2));
        }
        Ok(Values {
            bytes,
            ..asked.each(0)
        })
    }

    fn operator(
        &mut self,
        left: &'q Term<&'q str>,
        op: &'q BinaryOp<&'q str>,
        right: &'q Term<&'q str>,
        asked: Values,
    ) -> Result<Values, Why> {
        match op {
            BinaryOp::Pipe(None) => {
                let left = self.term(left, asked)?;
                let right = self.term(right, left)?;
                Ok(Values {
                    spread: left.spread || right.spread,
                    ..right
                })
            }
            BinaryOp::Pipe(Some(Pattern::Var(name))) => {
                let held = self.one(left, asked)?;
                let before = self.variables.insert(name, held);
                let given = self.term(right, asked)?;
                match before {
                    Some(before) => self.variables.insert(name, before),
                    None => self.variables.remove(name),
                };
                Ok(given)
            }
            BinaryOp::Pipe(Some(_)) => Err(refused("as with a pattern")),
            BinaryOp::Comma => {
                let both = self.term(left, asked)?;
                let both = both.or(self.term(right, asked)?, asked);
                Ok(Values {
                    count: both.count.and(asked.count),
                    spread: true,
                    ..both
                })
            }
            BinaryOp::Alt => {
                let left = self.term(left, asked)?;
                Ok(left.or(self.term(right, asked)?, asked))
            }
            BinaryOp::Or | BinaryOp::And | BinaryOp::Cmp(_) => {
                self.one(left, asked)?;
                self.one(right, asked)?;
                Ok(asked.each(WORD))
            }
            BinaryOp::Math(math) => {
                let is_written = |side: &Term<_>| matches!(side, Term::Num(_));
                let grows = matches!(math, Math::Mul | Math::Rem);
                if grows && !is_written(left) && !is_written(right) {
                    let sign = math.as_str();
                    return Err(format!(
                        "one side of {sign} must be a number as it is written"
                    ));
                }
                let both = [self.one(left, asked)?, self.one(right, asked)?];
                computed(both, *math, asked)
            }
            BinaryOp::Assign | BinaryOp::Update | BinaryOp::UpdateMath(_) | BinaryOp::UpdateAlt => {
                Err(refused("an update"))
            }
        }
    }

    /// A variable holds one value. Where it is used for several, each of them may be as long.
    fn variable(&mut self, name: &str, asked: Values) -> Result<Values, Why> {
        let held = self.variables.get(name);
        let held = *held.ok_or_else(|| refused(name))?;
        let is_one = |of: Values| of.count == Size { times: 0, more: 1 };
        if is_one(asked) && is_one(held) {
            return Ok(held);
        }
        match held.bytes.times {
            0 => Ok(Values {
                are_numbers: held.are_numbers,
                ..asked.each(held.bytes.more)
            }),
            _ => Err(format!("{name} is used for each of several values")),
        }
    }

    fn path(
        &mut self,
        of: &'q Term<&'q str>,
        path: &'q Path<Term<&'q str>>,
        asked: Values,
    ) -> Result<Values, Why> {
        let mut found = self.term(of, asked)?;
        for (part, _) in &path.0 {
            let bounds = match part {
                Part::Index(at) => [Some(at), None],
                Part::Range(from, to) => [from.as_ref(), to.as_ref()],
            };
            for bound in bounds.into_iter().flatten() {
                self.one(bound, asked)?;
            }
            found = match part {
                Part::Range(None, None) => Values {
                    count: found.bytes,
                    spread: true,
                    are_numbers: false,
                    ..found
                },
                // What is not there is null.
                _ => Values {
                    bytes: found.bytes.and(found.count.by(WORD)),
                    are_numbers: false,
                    ..found
                },
            };
        }
        Ok(found)
    }
}

/// What an operator of arithmetic makes of two values, for each that it is asked of.
fn computed([left, right]: [Values; 2], math: Math, asked: Values) -> Result<Values, Why> {
    let both = left.bytes.and(right.bytes);
    let are_numbers = left.are_numbers && right.are_numbers;
    let factor = match math {
        _ if are_numbers => 1,
        // Texts are put together, or taken apart into a list of texts.
        Math::Add | Math::Div => 4,
        _ => {
            let sign = math.as_str();
            return Err(format!("{sign} is for numbers only: tonumber makes one"));
        }
    };
    Ok(Values {
        bytes: both.by(factor).and(asked.count.by(NUMBER)),
        are_numbers,
        ..asked.each(0)
    })
}

fn refused(what: &str) -> Why {
    format!("{what} is not available, as nothing bounds what it does, or it is not known here")
}
