//! What `journalctl --output=export` prints, and what no one should.

use super::*;

fn all(mut text: &[u8]) -> io::Result<Vec<String>> {
    let mut lines = Vec::new();
    while let Some(entry) = next(&mut text)? {
        lines.push(format!(
            "{} {}",
            entry.cursor,
            String::from_utf8_lossy(&entry.line)
        ));
    }
    Ok(lines)
}

#[test]
fn an_entry_is_json_with_its_fields_in_order() {
    let text =
        b"__CURSOR=c1\n__SEQNUM=5\nPRIORITY=6\nMESSAGE=a \"b\"=c\n\n__CURSOR=c2\nMESSAGE=\n\n";
    let expected = [
        r#"c1 {"MESSAGE":"a \"b\"=c","PRIORITY":"6","__CURSOR":"c1"}"#,
        r#"c2 {"MESSAGE":"","__CURSOR":"c2"}"#,
    ];
    assert_eq!(all(text).unwrap(), expected);
}

#[test]
fn bytes_of_any_kind_and_fields_that_are_there_twice_keep_all_they_say() {
    let text = b"__CURSOR=c\nMESSAGE\n\x03\0\0\0\0\0\0\0a\nb\nDATA\n\x02\0\0\0\0\0\0\0\xff\n\nUNIT=x\nUNIT=y\n\n";
    let expected = r#"c {"DATA":[255,10],"MESSAGE":"a\nb","UNIT":["x","y"],"__CURSOR":"c"}"#;
    assert_eq!(all(text).unwrap(), [expected]);
}

#[test]
fn a_value_beyond_all_measure_is_null_and_takes_no_memory() {
    let long = vec![b'x'; LONGEST + 1];
    let length = (long.len() as u64).to_le_bytes();
    let text = [
        b"__CURSOR=c\nA=",
        &long[..],
        b"\nB\n",
        &length,
        &long,
        b"\nC=1\n\n",
    ];
    let expected = r#"c {"A":null,"B":null,"C":"1","__CURSOR":"c"}"#;
    assert_eq!(all(&text.concat()).unwrap(), [expected]);
}

#[test]
fn an_entry_without_its_end_is_none() {
    let text = b"__CURSOR=c\nMESSAGE\n\x03\0\0\0\0\0\0\0a\nb\n\n";
    for length in 0..text.len() {
        assert_eq!(all(&text[..length]).unwrap(), [] as [&str; 0], "{length}");
    }
    assert_eq!(all(text).unwrap().len(), 1);
}

#[test]
fn what_is_no_entry_is_said() {
    for (text, why) in [
        (&b"MESSAGE=a\n\n"[..], "without a cursor"),
        (b"\xff=a\n\n", "no text"),
        (b"A\n\x01\0\0\0\0\0\0\0aa\n\n", "longer than it says"),
    ] {
        let error = all(text).unwrap_err().to_string();
        assert!(error.contains(why), "{error}");
    }
}
