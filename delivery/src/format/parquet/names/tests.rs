use super::*;

/// The keys of an object, each with its column, or why the object is none.
fn found(columns: &[&str], object: &str) -> Result<Vec<Option<usize>>, Malformed> {
    let mut names = Names::new(columns.iter().copied(), &Keys::default());
    walked(&mut names, object).map(|(places, _)| places)
}

/// The same, and how many of the keys were expected.
fn walked(names: &mut Names, object: &str) -> Result<(Vec<Option<usize>>, usize), Malformed> {
    let mut scanner = Scanner::new(object);
    scanner.value()?;
    names.begin();
    let (mut first, mut places, mut expectations) = (true, Vec::new(), 0);
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
        if let Some(place) = expected {
            names.passed(place);
            expectations += 1;
        }
    }
    assert!(scanner.is_at_end());
    Ok((places, expectations))
}

#[test]
fn the_order_of_keys_is_learned() -> Result<(), Malformed> {
    let mut names = Names::new(["a", "b", "c"].into_iter(), &Keys::default());
    let object = r#"{"c":1,"x":2,"a":3,"b":4}"#;
    let places = vec![Some(2), None, Some(0), Some(1)];
    // At first only that b follows a is expected; x has no column.
    assert_eq!(walked(&mut names, object)?, (places.clone(), 1));
    assert_eq!(walked(&mut names, object)?, (places, 3));
    let object = r#"{"c":1,"a":3,"b":4}"#;
    assert_eq!(walked(&mut names, object)?.1, 3);
    let object = r#"{"b":1,"a":3}"#;
    assert_eq!(walked(&mut names, object)?.1, 0);
    assert_eq!(walked(&mut names, object)?.1, 2);
    Ok(())
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
