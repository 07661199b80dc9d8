//! Bounded queries: what people ask of records passes, what could hold a lane or fill its memory does
//! not, and programs of any form are looked at without fear for the stack.

use super::*;

fn why(query: &str) -> String {
    Query::bounded(query).map_err(|e| e.0).unwrap_err()
}

#[test]
fn what_metadata_is_extracted_with_is_bounded() {
    let keys: Vec<_> = (0..50)
        .map(|n| format!("k{n}: (.a{n} | tonumber | strftime(\"%Y-%m\"))"))
        .collect();
    let many = format!("{{{}}}", keys.join(", "));
    for query in [
        "{customer_id:.customer_id}",
        "{customer:.customer.id,year:.ts|strftime(\"%Y\")} # both",
        "{shop}",
        "{device: .type.device, year: .event_timestamp|strftime(\"%Y\")}",
        "{a: (.a // \"none\"), b: .b?, \"c d\": .[\"c d\"], e: .list[0], f: .text[0:4]}",
        "{day: .date | split(\"T\")[0] | split(\"-\") | .[2]}",
        "{day: .t | strptime(\"%d/%b/%Y:%H:%M:%S\") | strftime(\"%Y\") | ascii_downcase}",
        "{n: ((.ts | tonumber) / 1000 * 2 - 1 | floor), name: \"\\(.a)-\\(.b)\"}",
        "{size: (if .n > 10 and (.n < 20 or .b) then \"big\" elif .n then \"some\" else null end)}",
        ". as $all | {a: $all.a, b: ($all.b | tostring)}",
        "{first: first(.items[] | select(.kind == \"a\") | .id), all: [.items[].id]}",
        "{n: (.items | map(.n) | length), has: has(\"a\"), starts: (.a | startswith(\"x\"))}",
        "try {a: .b} ",
        "{id: (.a | @base64 \"\\(.)\")}",
        &many,
    ] {
        assert!(Query::bounded(query).is_ok(), "{}", why(query));
    }
}

#[test]
fn what_has_no_bound_is_refused_by_its_name() {
    for (query, part) in [
        ("def f: f; f", "def"),
        ("[range(1e12)]", "range"),
        ("last(range(1; 1e12))", "range"),
        ("until(false; .)", "until"),
        ("while(true; .)", "while"),
        ("repeat(.)", "repeat"),
        ("[recurse(.)]", "recurse"),
        ("[..]", ".."),
        ("[limit(3; .[])]", "limit"),
        ("reduce .[] as $x (0; . + $x)", "reduce"),
        ("foreach .[] as $x (0; . + $x)", "foreach"),
        ("label $out | .a", "label"),
        (".a |= . + 1", "an update"),
        (".a = 1", "an update"),
        ("walk(.)", "walk"),
        ("gsub(\"a\"; \"b\")", "gsub"),
        ("test(\"(a*)*\")", "test"),
        ("add", "add"),
        ("try .a catch .", "catch"),
        (". as [$a] | $a", "pattern"),
    ] {
        let why = why(query);
        assert!(why.contains("may take too long"), "{why}");
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[test]
fn what_grows_with_each_step_is_refused() {
    let times = |step: &str, count| vec![step; count].join(" | ");
    for (query, part) in [
        (times(". + .", 20), "times the record"),
        (times("\"\\(.)\\(.)\"", 20), "times the record"),
        (times("[., .]", 20), "times the record"),
        (times("{a: ., b: .}", 20), "times the record"),
        (times("(., .)", 20), "times the record"),
        (times("@html", 8), "times the record"),
        (times("\"a\" + \"b\"", 70), "within each other"),
        ("\"a\" * 1e9".to_owned(), "* is for numbers only"),
        (".a * 3".to_owned(), "* is for numbers only"),
        (
            "(.a | tonumber) * (.b | tonumber)".to_owned(),
            "one side of * must be a number",
        ),
        (".a - .b".to_owned(), "- is for numbers only"),
        ("[.[] + .[]]".to_owned(), "several values stand"),
        ("{a: .[], b: .[]}".to_owned(), "several values stand"),
        (". as $x | [.[] | $x]".to_owned(), "$x is used for each"),
        (".[] as $x | .[] | $x".to_owned(), "several values stand"),
        ("split(.a)".to_owned(), "as it is written"),
        ("split(\"\\(.a)\")".to_owned(), "as it is written"),
    ] {
        let why = why(&query);
        assert!(why.contains(part), "{part}: {why}");
    }
}

#[test]
fn a_program_of_any_form_is_looked_at_without_fear_for_the_stack() {
    const LENGTH: usize = 5120;
    let closed = |open: &str, close: &str| {
        let count = LENGTH / (open.len() + close.len());
        format!("{}.{}", open.repeat(count), close.repeat(count))
    };
    let programs = [
        closed("(", ")"),
        closed("[", "]"),
        closed("{a:", "}"),
        closed("-", ""),
        closed(".|", ""),
        closed(".,", ""),
        closed(".+", ""),
        closed("try ", ""),
        closed("\"\\(", ")\""),
        closed("if . then ", " end"),
        closed("map(", ")"),
        closed(".[", "]"),
        closed(". as $x|", ""),
        "[".repeat(LENGTH),
    ];
    for program in programs {
        let beginning: String = program.chars().take(20).collect();
        let look = move || Query::bounded(&program).is_err();
        // As large as those of the threads that answer requests.
        let thread = std::thread::Builder::new().stack_size(2 * 1024 * 1024);
        let refused = thread.spawn(look).unwrap().join();
        assert!(refused.unwrap(), "{beginning}");
    }
}
