//! The functions that a bounded query may use, and what each gives for one value: each is done in one
//! pass over it, or in a few.

/// A function.
pub(super) struct Function {
    name: &'static str,
    /// How many arguments it is given.
    arity: usize,
    /// What it gives.
    pub(super) does: Does,
}

/// What a function gives for one value.
pub(super) enum Does {
    /// At most what it was asked of.
    Same,
    /// At most so many times that, as JSON.
    Text(u64),
    /// A boolean, null, or the name of a type.
    Word,
    /// A number.
    Number,
    /// At most so many bytes, for each of its argument.
    Fixed(u64),
    /// What it was asked of, if its argument says so.
    Select,
    /// A list of what its argument gives for each item.
    Map,
    /// One of the values that its argument gives.
    First,
}

/// A value as a text that holds its JSON: each quote of it is escaped.
pub(super) const TEXT: u64 = 2;

/// A date in words, as `strftime` writes one for a letter, and as a list or a text.
const DATE: u64 = 64;

const fn function(name: &'static str, arity: usize, does: Does) -> Function {
    Function { name, arity, does }
}

static FUNCTIONS: &[Function] = &[
    function("@base64", 0, Does::Text(4)),
    function("@base64d", 0, Does::Text(6)),
    function("@html", 0, Does::Text(12)),
    function("@json", 0, Does::Text(TEXT)),
    function("@text", 0, Does::Text(TEXT)),
    function("@uri", 0, Does::Text(6)),
    function("abs", 0, Does::Same),
    function("all", 0, Does::Word),
    function("any", 0, Does::Word),
    function("arrays", 0, Does::Same),
    function("ascii_downcase", 0, Does::Same),
    function("ascii_upcase", 0, Does::Same),
    function("booleans", 0, Does::Same),
    function("ceil", 0, Does::Number),
    function("contains", 1, Does::Word),
    function("empty", 0, Does::Word),
    function("endswith", 1, Does::Word),
    function("error", 0, Does::Same),
    function("false", 0, Does::Word),
    function("first", 0, Does::Text(TEXT)),
    function("first", 1, Does::First),
    function("floor", 0, Does::Number),
    function("fromdate", 0, Does::Number),
    function("fromdateiso8601", 0, Does::Number),
    function("fromjson", 0, Does::Same),
    function("gmtime", 0, Does::Fixed(DATE)),
    function("has", 1, Does::Word),
    function("keys", 0, Does::Same),
    function("keys_unsorted", 0, Does::Same),
    function("last", 0, Does::Text(TEXT)),
    function("last", 1, Does::First),
    function("length", 0, Does::Number),
    function("ltrim", 0, Does::Same),
    function("ltrimstr", 1, Does::Same),
    function("map", 1, Does::Map),
    function("not", 0, Does::Word),
    function("null", 0, Does::Word),
    function("nulls", 0, Does::Same),
    function("numbers", 0, Does::Same),
    function("objects", 0, Does::Same),
    function("reverse", 0, Does::Same),
    function("round", 0, Does::Number),
    function("rtrim", 0, Does::Same),
    function("rtrimstr", 1, Does::Same),
    function("scalars", 0, Does::Same),
    function("select", 1, Does::Select),
    function("split", 1, Does::Text(4)),
    function("startswith", 1, Does::Word),
    function("strftime", 1, Does::Fixed(DATE)),
    function("strings", 0, Does::Same),
    function("strptime", 1, Does::Fixed(DATE)),
    function("toboolean", 0, Does::Word),
    function("todate", 0, Does::Fixed(DATE)),
    function("todateiso8601", 0, Does::Fixed(DATE)),
    function("tojson", 0, Does::Text(TEXT)),
    function("tonumber", 0, Does::Number),
    function("tostring", 0, Does::Text(TEXT)),
    function("trim", 0, Does::Same),
    function("true", 0, Does::Word),
    function("type", 0, Does::Fixed(9)),
    function("utf8bytelength", 0, Does::Number),
    function("values", 0, Does::Same),
];

/// The function of this name that is given so many arguments.
pub(super) fn find(name: &str, arity: usize) -> Option<&'static Function> {
    let mut all = FUNCTIONS.iter();
    all.find(|function| function.name == name && function.arity == arity)
}
