use standpipe_config::settings::agent::Pattern;

use super::*;

#[test]
fn what_means_the_same_stays_and_the_rest_is_said_in_our_words() {
    for (java, ours) in [
        (r"^\d{4}-[a-z&&[^b]]+ \w+\.", r"^\d{4}-[a-z&&[^b]]+ \w+\."),
        (r"^\<\d+\>", r"^<\d+>"),
        (r"\Qa.b\E+c", r"a\.b+c"),
        (r"\Q<[x]", r"<\[x\]"),
        (r"\e\[", r"\x1B\["),
        (r"a\hb[\h]", r"a[ \t]b[[ \t]]"),
        (r"end\Z", r"end\z"),
        ("(?<name>é+)", "(?<name>é+)"),
        (r"[(?=]\[(?:a)", r"[(?=]\[(?:a)"),
        (r"\(?+", r"\(?+"),
        (r"[*+]+", r"[*+]+"),
        (r"(?i)error", r"(?i)error"),
    ] {
        match translated(java) {
            Ok(found) => {
                assert_eq!(found, ours, "{java}");
                Pattern::new(&found).unwrap();
            }
            Err(advice) => assert_eq!((java, advice), (r"\(?+", ATOMIC)),
        }
    }
}

#[test]
fn what_ours_cannot_say_is_refused_with_advice() {
    for (java, advice) in [
        (r"^(?!\s)", LOOK),
        (r"a(?=b)", LOOK),
        (r"(?<=a)b", LOOK),
        (r"(?<!a)b", LOOK),
        (r"(?>a*)b", ATOMIC),
        (r"a*+b", ATOMIC),
        (r"a{2,3}+b", ATOMIC),
        (r"(a)\1", BACK),
        (r"(?<x>a)\k<x>", BACK),
        (r"(?U)\w", FLAG),
        (r"(?id:x)", FLAG),
    ] {
        assert_eq!(translated(java), Err(advice), "{java}");
    }
}

#[test]
fn a_start_pattern_is_held_against_the_beginning_of_a_line() {
    for (pattern, expected) in [(r"^\d", r"^\d"), (r"\d", r"^(?:\d)"), ("^a|b", "^(?:^a|b)")] {
        assert_eq!(at_the_beginning(pattern), expected);
        assert!(
            !Pattern::new(&at_the_beginning(pattern))
                .unwrap()
                .is_match(b"xb1")
        );
    }
}
