use super::*;
use crate::yaml::Place;

fn problem(message: &str) -> Problem {
    Problem {
        file: "delivery.yaml".into(),
        place: Some(Place {
            line: 3,
            column: 5,
            start: 20,
            end: 25,
        }),
        path: "limits.memory".into(),
        message: message.into(),
    }
}

fn good() -> Result<Loaded<&'static str>, Problems> {
    Ok(Loaded {
        settings: "data: /d\n",
        warnings: vec![problem("is odd")],
    })
}

fn bad() -> Result<Loaded<&'static str>, Problems> {
    Err(Problems(vec![problem("is small"), problem("is late")]))
}

#[test]
fn what_can_be_used_is_summed_up_with_its_warnings() {
    let answer = answer(&good(), |text| (*text).to_owned(), false);
    assert_eq!(answer.exit, Exit::Done);
    let lines = "data: /d\nwarning: delivery.yaml:3:5: limits.memory: is odd";
    assert_eq!(answer.text, lines);
}

#[test]
fn every_problem_is_said_with_its_place() {
    let answer = answer(&bad(), |text| (*text).to_owned(), false);
    assert_eq!(answer.exit, Exit::Wrong);
    let lines =
        "delivery.yaml:3:5: limits.memory: is small\ndelivery.yaml:3:5: limits.memory: is late";
    assert_eq!(answer.text, lines);
    assert_eq!(usable(bad()), Err(Exit::Wrong));
    assert_eq!(usable(good()), Ok("data: /d\n"));
}

#[test]
fn scripts_get_the_same_as_json() {
    let json = |loaded| answer(&loaded, |text: &&str| (*text).to_owned(), true).text;
    let place = r#""file":"delivery.yaml","line":3,"column":5,"path":"limits.memory""#;
    assert_eq!(
        json(bad()),
        format!(
            r#"{{"ok":false,"summary":null,"problems":[{{{place},"message":"is small"}},{{{place},"message":"is late"}}],"warnings":[]}}"#
        )
    );
    assert_eq!(
        json(good()),
        format!(
            r#"{{"ok":true,"summary":"data: /d\n","problems":[],"warnings":[{{{place},"message":"is odd"}}]}}"#
        )
    );
}
