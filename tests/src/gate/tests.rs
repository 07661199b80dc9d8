use super::*;

/// A server that answers each request with its body.
fn echo() -> Outcome<Listener> {
    Listener::start(|client| {
        let mut reader = BufReader::new(&client);
        if let Ok(Some(request)) = request(&mut reader) {
            let _ = (&client).write_all(&answer(200, "", &request.body));
        }
    })
}

#[test]
fn it_lets_pass_refuses_and_swallows() -> Outcome {
    let echo = echo()?;
    let gate = Gate::start(echo.address())?;
    let ask = || http::post(gate.listener.address(), "/x", &["X-Test: 1"], b"hello");
    assert_eq!(ask()?.ok()?.body, b"hello");
    gate.close();
    gate.close();
    gate.open();
    assert_eq!(ask()?.status, 503);
    gate.open();
    gate.swallow(1);
    assert!(ask().is_err());
    assert_eq!(ask()?.ok()?.body, b"hello");
    assert_eq!(gate.faults(), (1, 1));
    Ok(())
}
