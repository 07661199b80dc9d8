use super::*;

/// The keys of an object, each with its column, or why the object is none.
fn found(columns: &[&str], object: &str) -> Result<Vec<Option<usize>>, Malformed> {
    let mut names = Names::new(columns.iter().copied(), &Keys::default());
    let mut scanner = Scanner::new(object);
    scanner.value()?;
    names.begin();
    let (mut first, mut places) = (true, Vec::new());
    loop {
        let expected = names.next_expected(&mut scanner, &mut first);
        let place = match expected {
            Some(_) => expected,
            None => match names.next(&mut scanner, &mut first)? {
                Some((key, place)) => {
                    assert!(object.contains(key.quoted));
                    place
                }
                None => break,
            },
        };
        let value = scanner.value()?;
        scanner.skip(value)?;
        places.push(place);
        if expected.is_some() {
            names.expect_next();
        }
    }
    assert!(scanner.is_at_end());
    Ok(places)
}

#[test]
fn keys_are_found_in_any_order_and_with_any_space() {
    let columns = ["a", "b", "c"];
    for (object, expected) in [
        (r#"{"a":1,"b":2,"c":3}"#, vec![Some(0), Some(1), Some(2)]),
        (r#"{ "a" : 1 , "b" : 2 }"#, vec![Some(0), Some(1)]),
        (r#"{"c":1,"a":2,"b":3}"#, vec![Some(2), Some(0), Some(1)]),
        (r#"{"a":1,"x":{"b":1},"b":2}"#, vec![Some(0), None, Some(1)]),
        (r#"{"\u0061":1,"b":2}"#, vec![Some(0), Some(1)]),
        (r#"{"a":1,"a":2}"#, vec![Some(0), Some(0)]),
        ("{}", vec![]),
    ] {
        assert_eq!(found(&columns, object), Ok(expected), "{object}");
    }
    for wrong in [
        r#"{,"a":1}"#,
        r#"{"a":1"b":2}"#,
        r#"{"a":1,}"#,
        r#"{"a":1,,"b":2}"#,
        r#"{"a"1}"#,
    ] {
        assert!(found(&columns, wrong).is_err(), "{wrong}");
    }
}

/// What stands in a record is JSON, whatever columns are called.
#[test]
fn names_that_need_escapes_are_found_as_they_are_escaped() {
    let columns = ["a\"b", "c\\n", "d\n", ""];
    assert!(found(&columns, r#"{"a"b":1}"#).is_err());
    assert_eq!(
        found(&columns, r#"{"a\"b":1,"c\\n":2,"d\n":3,"":4}"#),
        Ok(vec![Some(0), Some(1), Some(2), Some(3)])
    );
    assert_eq!(found(&columns[1..2], r#"{"c\n":1}"#), Ok(vec![None]));
}
