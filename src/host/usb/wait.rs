//! Waiting for a device to be plugged in.

use std::time::{Duration, Instant};

use super::super::{HostError, Machine};
use super::port::{UsbPort, usb_ports};

/// Between two looks.
const BETWEEN_LOOKS: Duration = Duration::from_millis(100);

/// Waits until a device is plugged in that `wanted` accepts, and returns it; `None` after `limit`, or as soon as `stop` is true.
///
/// It looks at sysfs ten times a second. Events would be 0.1 s faster where they arrive, and never come where they do not: in a
/// container, or without udevd. The device's node may get its permissions a moment later: [`super::UsbHandle::open`] waits.
pub fn wait_for(
    machine: &Machine,
    wanted: &dyn Fn(&UsbPort) -> bool,
    limit: Duration,
    stop: &dyn Fn() -> bool,
) -> Result<Option<UsbPort>, HostError> {
    let until = Instant::now() + limit;
    loop {
        if let Some(found) = usb_ports(machine)?.into_iter().find(|port| wanted(port)) {
            return Ok(Some(found));
        }
        let left = until.saturating_duration_since(Instant::now());
        if left.is_zero() || stop() {
            return Ok(None);
        }
        std::thread::sleep(left.min(BETWEEN_LOOKS));
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::super::port::tests::MadeUp;
    use super::*;

    #[test]
    fn a_device_that_arrives_while_we_wait_is_found() {
        let it = MadeUp::new();
        let looks = Cell::new(0);
        let stop = || {
            looks.set(looks.get() + 1);
            it.plug("1-2", "0483:df11", "A1", "Boot");
            looks.get() > 1
        };
        let found = wait_for(&it.machine(), &|port| port.port == "1-2", Duration::from_mins(1), &stop).unwrap();
        assert_eq!((found.map(|port| port.product_id), looks.get()), (Some(0xdf11), 1));
    }

    #[test]
    fn waiting_ends_when_it_is_to_stop_and_when_its_time_is_over() {
        let it = MadeUp::new();
        it.plug("1-3", "0483:df11", "A1", "Boot");
        let wanted = |port: &UsbPort| port.port == "1-2";
        assert_eq!(wait_for(&it.machine(), &wanted, Duration::from_mins(10), &|| true).unwrap(), None);
        assert_eq!(wait_for(&it.machine(), &wanted, Duration::ZERO, &|| false).unwrap(), None);
        it.unplug("1-3");
        assert_eq!(wait_for(&it.machine(), &|_| true, Duration::ZERO, &|| false).unwrap(), None);
    }
}
