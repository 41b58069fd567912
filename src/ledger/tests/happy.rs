//! The way of a device when nothing goes wrong.

use super::world::*;
use crate::delivery::Step;

#[test]
fn a_delivery_to_a_stick_goes_all_the_way_and_is_done_after() {
    let world = World::new();
    let claim = world.begin(&plan("gw-1"), &stick("A")).unwrap();
    assert_eq!(claim.word(), "fresh");
    let ticket = claim.ticket();
    assert_eq!((ticket.version, ticket.credentials.len(), ticket.reached), (1, 2, Step::Begin));
    drive(&world.ledger, ticket, &stick("A"), Step::Finished);
    assert_eq!(world.generations("gw-1"), ["identity 1 active", "management 1 active+"]);
    assert_eq!(world.begin(&plan("gw-1"), &stick("B")).unwrap().word(), "done");
    assert_eq!(world.deliveries("gw-1"), ["1 finished"]);
    world.is_sound();
}
