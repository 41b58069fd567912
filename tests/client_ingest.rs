//! `firstlight client ingest`, by the program itself: a bundle comes from a medium into force, stays, and leaves what was.
#![allow(clippy::unwrap_used, reason = "a test says by panicking what it found")]

mod device;

use device::Device;

#[test]
fn a_sealed_bundle_comes_into_force_and_the_copy_serves_without_the_medium() {
    let device = Device::new();
    let stick = device.stick(3, "one");
    let record = device.ingest(&stick).came_to(0, "applied", "");
    assert_eq!(record["bundles"][0]["lane"], "acme/device/gw-0007");
    assert_eq!(record["bundles"][0]["version"], 3);
    assert_eq!(device.text("etc/app/config"), "one");
    assert_eq!(device.text("var/lib/firstlight/current/device/files/config"), "one");
    device.ingest(&stick).came_to(0, "unchanged", "");
    device.boot().came_to(0, "copy-serves", "");
    assert_eq!(device.text("etc/app/config"), "one");
}
