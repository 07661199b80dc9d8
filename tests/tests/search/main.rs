//! Search clusters: each record is one document there, whatever cluster and network do; what cannot
//! be one lies under the error prefix.
//!
//! The clusters are real ones of three makes, one at a time and each started once. Each kind of
//! fault is met for certain in the tests of the destination itself, one by one.

#![allow(clippy::unwrap_used, reason = "a test may be blunt")]

mod access;
mod kinds;
mod outage;
mod world;

use std::time::Duration;

use standpipe_tests::proxy::{Proxy, Temper};
use standpipe_tests::random::Random;
use standpipe_tests::search::{Cluster, Make};
use standpipe_tests::{Folder, Outcome};
use world::{World, lock};

/// Requests of half a megabyte, and a queue that is soon full.
const NARROW: &[&str] = &[
    "http.max_content_length: 512kb",
    "thread_pool.write.size: 1",
    "thread_pool.write.queue_size: 1",
];

/// One connection in ten meets a fault, within some requests.
const UNKIND: Temper = Temper {
    faulty: 30,
    grace: 2 * 1024 * 1024,
    delay: Duration::from_millis(5),
};

/// In so many steps all documents come in; the daemon is killed at each second one.
const STEPS: u64 = 10;

/// All at once: kills, a busy cluster, narrow requests, lost replies, poison, a rollover in the
/// middle, and, where that is asked for, a node that is killed.
fn each_record_is_one_document(make: Make, documents: u64, kills_node: bool) -> Outcome {
    let _alone = lock();
    let Some(mut cluster) = Cluster::start(make, NARROW)? else {
        return Ok(());
    };
    let folder = Folder::new("search")?;
    let proxy = Proxy::with(cluster.address(), Random::new(), UNKIND)?;
    let mut world = World::start(&folder, &cluster, &proxy.url())?;
    for step in 0..STEPS {
        world.post(documents / STEPS)?;
        if step % 2 == 1 {
            world.daemon.kill()?;
            world.daemon.up()?;
        }
        if step == 4 {
            cluster.ask("POST /docs/_rollover", &serde_json::Value::Null)?;
        }
        if step == 6 && kills_node {
            cluster.kill()?;
            cluster.up()?;
        }
    }
    proxy.heal();
    world.settle(&cluster)?;
    folder.done()?;
    kinds::ids_of_a_field(&cluster)?;
    match make {
        Make::OpenSearch => {
            outage::a_redrive_brings_them_in(&cluster)?;
            kinds::a_data_stream(&cluster)
        }
        // The parts of Elasticsearch that may be had have no data streams.
        Make::Elastic7 | Make::Elastic8 => Ok(()),
    }
}

/// How many documents; more of them where the long form is asked for.
fn documents(usual: u64) -> u64 {
    match std::env::var_os("STANDPIPE_FULL") {
        Some(_) => 200_000,
        None => usual,
    }
}

#[test]
fn each_record_is_one_document_of_opensearch_2() -> Outcome {
    each_record_is_one_document(Make::OpenSearch, documents(20_000), true)
}

#[test]
fn each_record_is_one_document_of_elasticsearch_7() -> Outcome {
    each_record_is_one_document(Make::Elastic7, documents(5_000), false)
}

#[test]
fn each_record_is_one_document_of_elasticsearch_8() -> Outcome {
    each_record_is_one_document(Make::Elastic8, documents(5_000), false)
}
