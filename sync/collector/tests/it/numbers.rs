//! What came is in the numbers a moment later, and the program says them.

use std::time::Duration;

use afterword_collector::numbers::{Holdings, Scope};

use crate::command_line::{collector, json, stdout};
use crate::support::{PATIENCE, Server};

#[tokio::test]
async fn what_came_is_in_the_numbers_a_moment_later_and_stays_there() {
    let mut server = Server::start().await;
    let device = server.device("Exit").await.with_records(600);
    device.send(device.batch(1, 500)).await.receipt();
    assert_eq!(looked_at(&server, 500).await.waiting, 0);
    device.send(device.batch(1, 500)).await.receipt();
    device.send(device.batch(501, 600)).await.receipt();
    looked_at(&server, 600).await;
    server.restart().await;
    assert_eq!(looked_at(&server, 600).await.parked, 0);
    let range = ["numbers", "--range", "2026-11-20..2026-11-24"];
    let said = json(&collector(&[&range[..], &["--json"]].concat(), server.folder.path()));
    assert_eq!((&said["responses"], &said["happy"]["now"]["hits"]), (&600.into(), &240.into()));
    let page = stdout(&collector(&range, server.folder.path()));
    assert!(page.starts_with("40 in 100 visits were happy\n"), "{page}");
}

/// Waits until so many records were looked at.
async fn looked_at(server: &Server, records: u64) -> Holdings {
    let admin = server.admin();
    let mut look = tokio::time::interval(Duration::from_millis(20));
    let looked = async {
        loop {
            let holdings = admin.overview(&Scope::default()).unwrap().holdings;
            if holdings.looked_at >= records {
                return holdings;
            }
            look.tick().await;
        }
    };
    let holdings = tokio::time::timeout(PATIENCE, looked).await.expect("it is counted");
    assert_eq!(holdings.looked_at, records, "each once");
    holdings
}
