//! PostgreSQL over TLS: with a password, the right authority, and a wrong one.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use standpipe_tests::postgresql::Postgresql;
use standpipe_tests::{Daemon, Folder, Outcome};

use crate::{PATIENCE, TABLE, each_row_once, rows, send, stream};

/// An authority of its own.
fn authority() -> Outcome<CertifiedIssuer<'static, KeyPair>> {
    let mut of = CertificateParams::new(vec![])?;
    of.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    Ok(CertifiedIssuer::self_signed(of, KeyPair::generate()?)?)
}

#[test]
fn rows_are_loaded_over_tls_from_a_server_that_shows_the_right_certificate() -> Outcome {
    let folder = Folder::new("warehouse-tls")?;
    let Some(mut server) = Postgresql::new(folder.path())? else {
        return folder.done();
    };
    let (ours, foreign) = (authority()?, authority()?);
    let key = KeyPair::generate()?;
    let certificate =
        CertificateParams::new(vec!["127.0.0.1".to_owned()])?.signed_by(&key, &ours)?;
    server.write("server.crt", &certificate.pem())?;
    server.write("server.key", &key.serialize_pem())?;
    server.write(
        "pg_hba.conf",
        "hostssl all loader 127.0.0.1/32 scram-sha-256\nhost all standpipe 127.0.0.1/32 trust\n",
    )?;
    server.set("ssl=on");
    server.up()?;
    server.ask(TABLE)?;
    server.ask("CREATE ROLE loader LOGIN PASSWORD 'open sesame'")?;
    server.ask("GRANT INSERT ON web TO loader")?;
    server.ask("GRANT CREATE ON SCHEMA public TO loader")?;
    std::fs::write(folder.join("password"), "open sesame\n")?;
    std::fs::write(folder.join("ours.pem"), ours.pem())?;
    std::fs::write(folder.join("foreign.pem"), foreign.pem())?;
    let settings = |ca: &str| {
        let more = format!("tls: verify\n      ca: {ca}\n      password: {{file: password}}");
        stream(server.address(), &more).replace("standpipe@", "loader@")
    };
    let mut daemon = Daemon::new(folder.path(), &settings("foreign.pem"))?;
    daemon.spawn()?;
    assert_ne!(daemon.program()?.exit_code(PATIENCE)?, 0);
    let said = std::fs::read_to_string(daemon.log())?;
    assert!(said.contains("invalid peer certificate"), "{said}");
    daemon.configure(&settings("ours.pem"))?;
    daemon.up()?;
    send(&daemon, &rows(0..100))?;
    daemon.settled("web", 100, PATIENCE)?;
    each_row_once(&server, 100)?;
    let said = std::fs::read_to_string(daemon.log())?;
    assert!(!said.contains("open sesame"), "{said}");
    folder.done()
}
