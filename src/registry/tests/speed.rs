//! What a thousand devices cost, counted in commits and bytes, not in seconds.

use super::world::*;
use crate::delivery::Step;
use crate::registry::*;

#[test]
fn a_thousand_devices_take_few_commits_and_few_bytes() {
    let world = World::new();
    std::thread::scope(|scope| {
        for slot in 0..32 {
            let world = &world;
            scope.spawn(move || {
                for number in (slot..1_000).step_by(32) {
                    world.deliver(&plan(&format!("gw-{number}")), &stick("A"));
                }
            });
        }
    });
    let (requests, commits) = world.ledger.writes();
    assert_eq!(requests, 7_000);
    assert!(commits * 4 < requests, "{commits} commits for {requests} requests");
    let world = world.restart();
    let size = std::fs::metadata(world.path()).unwrap().len();
    assert!(size < 1_000 * 10_000, "{size} bytes for a thousand devices");
    assert_eq!(world.ledger.devices(&DeviceFilter::default()).unwrap().len(), 1_000);
    world.is_sound();
}

#[test]
fn what_devices_share_is_stored_once() {
    let world = World::new();
    for number in 0..20 {
        world.deliver_to(&plan(&format!("gw-{number}")), &stick("A"), Step::Sealed);
    }
    let world = world.restart();
    let bytes = std::fs::read(world.path()).unwrap();
    let reason = "a reason that is long enough to be shared".as_bytes();
    let found = bytes.windows(reason.len()).filter(|window| *window == reason).count();
    assert_eq!(found, 5, "the text stands five times in the one plan, and in no other row");
}
