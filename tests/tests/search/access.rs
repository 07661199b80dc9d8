//! A cluster whose certificate is signed by an authority of its own.

use standpipe_config::settings::delivery::{DocumentIds, Rotation};
use standpipe_delivery::destination::opensearch::{Access, Cluster, Place};
use standpipe_delivery::destination::s3::memory::UploadMemory;
use standpipe_delivery::failure::Verdict;
use standpipe_tests::certificates::Authority;
use standpipe_tests::{Daemon, Folder, Outcome, s3};

/// A door of the daemon stands in for the cluster: it speaks TLS, and knows no index.
#[test]
fn a_certificate_is_believed_by_its_own_authority_only() -> Outcome {
    let folder = Folder::new("search-tls")?;
    let home = folder.path();
    let (own, foreign) = (
        Authority::new(home, "own")?,
        Authority::new(home, "foreign")?,
    );
    let mut daemon = Daemon::new(home, "")?;
    daemon.native = format!(", tls: {{{}}}", own.sign(home, "door")?);
    daemon.configure("web: {destination: {file: {path: out}}}")?;
    daemon.up()?;
    s3::provide_tls();
    let runtime = tokio::runtime::Runtime::new()?;
    let ask = |authority: &Authority| {
        let place = Place {
            nodes: vec![format!("https://{}", daemon.door("native").unwrap())],
            index: "docs".into(),
            rotation: Rotation::None,
            is_data_stream: false,
            ids: DocumentIds::Position,
            routing: None,
            pipeline: None,
            access: Access::Open,
            ca: Some(authority.path.clone()),
            template: None,
            timeout: 1000,
            retry: 0,
        };
        let cluster = Cluster::open(&place, &UploadMemory::of(0)).unwrap();
        runtime.block_on(cluster.preflight())
    };
    assert_eq!(ask(&own), Ok(()));
    let failure = ask(&foreign).unwrap_err();
    assert_eq!(failure.verdict, Verdict::Retry, "{failure}");
    assert!(failure.message.contains("certificate"), "{failure}");
    assert_eq!(daemon.stop(std::time::Duration::from_secs(60))?, 0);
    folder.done()
}
