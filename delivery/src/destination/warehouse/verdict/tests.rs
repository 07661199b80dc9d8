use super::*;

#[test]
fn states_mean_what_the_table_of_verdicts_says() {
    let cases = [
        ("28P01", Meaning::Operator), // password
        ("3D000", Meaning::Operator), // no such database
        ("42P01", Meaning::Operator), // no such table
        ("42501", Meaning::Operator), // no privilege
        ("42703", Meaning::Operator), // no such column
        ("22P02", Meaning::Data),     // no number
        ("22001", Meaning::Data),     // too long
        ("22021", Meaning::Data),     // a zero in a text
        ("23502", Meaning::Data),     // null where none may be
        ("23505", Meaning::Data),     // a key that is there
        ("P0001", Meaning::Data),     // a trigger said no
        ("08006", Meaning::Passing),  // connection
        ("53300", Meaning::Passing),  // too many connections
        ("53100", Meaning::Passing),  // disk full
        ("57P01", Meaning::Passing),  // shut down
        ("57P03", Meaning::Passing),  // starting up
        ("57014", Meaning::Passing),  // statement timeout
        ("40P01", Meaning::Passing),  // deadlock
        ("55P03", Meaning::Passing),  // lock not available
        ("25006", Meaning::Passing),  // read only: a standby that is not the primary yet
        ("XX000", Meaning::Passing),
        ("99999", Meaning::Passing),
    ];
    for (state, expected) in cases {
        assert_eq!(meaning(Dialect::Postgresql, state, ""), expected, "{state}");
    }
}

#[test]
fn redshift_says_it_in_words() {
    let cases = [
        (
            "Load into table 'web' failed.  Check 'stl_load_errors' system table for details.",
            Meaning::Data,
        ),
        (
            "Spectrum Scan Error; s3://b/k has an incompatible Parquet schema for column",
            Meaning::Data,
        ),
        (
            "S3ServiceException:Access Denied,Status 403,Error AccessDenied",
            Meaning::Operator,
        ),
        (
            "User arn:aws:redshift:… is not authorized to assume IAM Role arn:aws:iam::…",
            Meaning::Operator,
        ),
        (
            "Spectrum Scan Error: Unmatched number of columns between table and file. Table columns: 9, Data columns: 10",
            Meaning::Operator,
        ),
        (
            "Spectrum Scan Error: The length of the data column name is longer than the length defined in the table. Table: 10, Data: 18",
            Meaning::Data,
        ),
        ("Spectrum Scan Error: retries exceeded", Meaning::Passing),
        (
            "Serializable isolation violation on table - 1",
            Meaning::Passing,
        ),
        ("Cluster is being resized", Meaning::Passing),
    ];
    for (message, expected) in cases {
        let found = meaning(Dialect::Redshift, "XX000", message);
        assert_eq!(found, expected, "{message}");
    }
    let table = meaning(
        Dialect::Redshift,
        "42P01",
        "relation \"web\" does not exist",
    );
    assert_eq!(table, Meaning::Operator);
}

#[test]
fn what_is_hidden_is_not_repeated() {
    let hidden = Hidden::new(["k/e+y".to_owned(), String::new(), "arn:1".to_owned()]);
    let said = "arn:1 may not read with 'k/e+y', says k/e+y".to_owned();
    assert_eq!(hidden.mask(said), "*** may not read with '***', says ***");
    assert_eq!(format!("{hidden:?}"), "Hidden(…)");
    assert_eq!(Hidden::default().mask("as it is".to_owned()), "as it is");
}
