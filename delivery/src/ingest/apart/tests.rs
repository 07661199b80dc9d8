use proptest::prelude::*;
use standpipe_config::records::{Note, Part};

use super::*;

fn records<T: AsRef<[u8]>>(all: &[T]) -> Records {
    let mut builder = Builder::default();
    all.iter().for_each(|r| builder.push_plain(r.as_ref()));
    builder.finish()
}

fn delimited(delimiter: &str) -> Deaggregation {
    Deaggregation::Delimited(delimiter.to_owned())
}

/// What one record becomes.
fn parts(record: &str, how: &Deaggregation) -> Vec<String> {
    let taken = take_apart(&records(&[record]), how);
    let taken = taken.map_or_else(|| records(&[record]), |(taken, _)| taken);
    let text = |r: Record<'_>| String::from_utf8(r.bytes.to_vec()).unwrap();
    taken.iter().map(text).collect()
}

#[test]
fn json_objects_become_records_without_what_lies_between_them() {
    let json = Deaggregation::Json;
    let text = " {\"a\":1}{\"a\":\"}{\"}\r\n\t{\"a\":{\"b\":[{}]}} \n";
    assert_eq!(
        parts(text, &json),
        ["{\"a\":1}", "{\"a\":\"}{\"}", "{\"a\":{\"b\":[{}]}}"]
    );
    for whole in [
        "",
        " ",
        " {\"a\":1}\n",
        "{\"a\":1}{\"a\"",
        "{\"a\":1} 2",
        "[{\"a\":1},{\"a\":2}]",
        "{}{}x",
        "no JSON",
    ] {
        assert_eq!(parts(whole, &json), [whole]);
    }
    assert!(take_apart(&records(&[b"{}{}\xff"]), &json).is_none());
}

#[test]
fn what_stands_between_delimiters_becomes_records() {
    let how = delimited("%%%%");
    assert_eq!(parts("a%%%%b%%%%%%%%c%%%%", &how), ["a", "b", "c"]);
    assert_eq!(parts("a%%%%%b", &how), ["a", "%b"]);
    for whole in ["", "a", "%%%%", "%%%%%%%%", "a%%%", "a%%%%", "%%%%a"] {
        assert_eq!(parts(whole, &how), [whole]);
    }
    assert_eq!(parts("aéb", &delimited("é")), ["a", "b"]);
}

/// Firehose's limit.
#[test]
fn a_record_of_more_than_500_stays_whole() {
    assert_eq!(parts(&"{}".repeat(500), &Deaggregation::Json).len(), 500);
    assert_eq!(parts(&"{}".repeat(501), &Deaggregation::Json).len(), 1);
    assert_eq!(parts(&"a,".repeat(500), &delimited(",")).len(), 500);
    assert_eq!(parts(&"a,".repeat(501), &delimited(",")).len(), 1);
}

#[test]
fn notes_stay_with_their_records() {
    let mut builder = Builder::default();
    let part = Part {
        number: 0,
        last: false,
    };
    for (bytes, part, unterminated) in [
        (&b"{}{}"[..], Some(part), false),
        (b"{}{}", None, false),
        (b"{}{}{}", None, true),
    ] {
        builder.push(Record {
            bytes,
            part,
            unterminated,
        });
    }
    let (taken, firsts) = take_apart(&builder.finish(), &Deaggregation::Json).unwrap();
    assert_eq!(firsts, [0, 1, 3]);
    assert_eq!(taken.len(), 6);
    let note = |record, part, unterminated| Note {
        record,
        part,
        unterminated,
    };
    let expected = [note(0, Some(part), false), note(5, None, true)];
    assert_eq!(taken.notes, expected);
}

proptest! {
    /// Nothing of any record is lost but delimiters, and memory is bounded.
    #[test]
    fn parts_are_all_of_a_record(
        all in prop::collection::vec("[a,{}: \"\n]{0,40}", 1..20),
        delimiter in "[,a:]{1,2}",
    ) {
        for how in [delimited(&delimiter), Deaggregation::Json] {
            let came = records(&all);
            let Some((taken, firsts)) = take_apart(&came, &how) else { continue };
            prop_assert_eq!(firsts.len(), all.len());
            prop_assert!(taken.bytes.len() + 4 * (taken.len() - all.len()) <= MOST_COPIES * came.bytes.len());
            let texts: Vec<_> = taken.iter().map(|r| r.bytes.to_vec()).collect();
            let ends = firsts.iter().skip(1).map(|first| *first as usize).chain([texts.len()]);
            for ((first, end), whole) in firsts.iter().zip(ends).zip(&all) {
                let parts = &texts[*first as usize..end];
                if parts.len() == 1 {
                    continue;
                }
                let text = |part: &Vec<u8>| String::from_utf8_lossy(part).into_owned();
                let parts: Vec<_> = parts.iter().map(text).collect();
                match &how {
                    Deaggregation::Delimited(delimiter) => {
                        let expected = whole.split(delimiter.as_str());
                        let expected: Vec<_> = expected.filter(|part| !part.is_empty()).collect();
                        prop_assert_eq!(parts, expected);
                    }
                    _ => {
                        let bare = |text: &str| text.replace([' ', '\n'], "");
                        prop_assert_eq!(bare(&parts.concat()), bare(whole));
                    }
                }
            }
        }
    }
}
