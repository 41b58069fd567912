//! The udev rule that lets a technician open programmers.

use std::fmt::Write as _;

use super::known::{KNOWN, Known};
use super::programmers::{CMSIS_DAP, SeenProgrammer};

/// Where the rule belongs. It must come before 73-seat-late.rules, which acts on `uaccess`.
pub const RULE_FILE: &str = "/etc/udev/rules.d/60-firstlight.rules";

/// Who sits at the machine may open it, and so may the group that Debian has for it; a serial line keeps its own group.
const OPEN: &str = "TAG+=\"uaccess\", GROUP=\"plugdev\", MODE=\"0660\"";
const OPEN_LINE: &str = "TAG+=\"uaccess\"";
const HEAD: &str = "\
# Programmers and boot loaders that firstlight knows: the person at the machine and the group plugdev may open them.
# Made by `firstlight programmers rule`; install it as /etc/udev/rules.d/60-firstlight.rules, then
#   udevadm control --reload && udevadm trigger
ACTION==\"remove\", GOTO=\"firstlight_end\"
";

/// Returns the whole rule file.
pub fn rule() -> String {
    let mut text = HEAD.to_owned();
    text.push_str("\n# every device with a DFU interface, by its class\n");
    let _ = writeln!(text, "{}", usb("ENV{ID_USB_INTERFACES}==\"*:fe01??:*\""));
    text.push_str("\n# every CMSIS-DAP probe, by its name\n");
    let _ = writeln!(text, "{}", usb(&format!("ATTR{{product}}==\"*{CMSIS_DAP}*\"")));
    let _ = writeln!(text, "SUBSYSTEM==\"hidraw\", ATTRS{{product}}==\"*{CMSIS_DAP}*\", {OPEN}");
    for known in &KNOWN {
        let _ = writeln!(text, "\n# {}\n{}", known.name, line(known));
    }
    text.push_str("\nLABEL=\"firstlight_end\"\n");
    text
}

/// Returns the line that opens a programmer that is plugged in.
pub fn line_for(seen: &SeenProgrammer) -> String {
    let (vendor, product) = seen.id.split_once(':').unwrap_or_default();
    let by =
        |attribute: &str| format!("{attribute}{{idVendor}}==\"{vendor}\", {attribute}{{idProduct}}==\"{product}\"");
    if seen.kind.is_line() {
        return format!("SUBSYSTEM==\"tty\", {}, {OPEN_LINE}", by("ATTRS"));
    }
    usb(&by("ATTR"))
}

fn line(known: &Known) -> String {
    let by = |attribute: &str| {
        let product = known.product_id.map(|id| format!(", {attribute}{{idProduct}}==\"{id:04x}\""));
        format!("{attribute}{{idVendor}}==\"{:04x}\"{}", known.vendor_id, product.unwrap_or_default())
    };
    let node = usb(&by("ATTR"));
    if known.kind.is_line() {
        return format!("{node}\nSUBSYSTEM==\"tty\", {}, {OPEN_LINE}", by("ATTRS"));
    }
    node
}

fn usb(condition: &str) -> String {
    format!("SUBSYSTEM==\"usb\", ENV{{DEVTYPE}}==\"usb_device\", {condition}, {OPEN}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_programmer_is_in_the_rule() {
        let rule = rule();
        for known in &KNOWN {
            assert!(rule.contains(&format!("idVendor}}==\"{:04x}\"", known.vendor_id)), "{}", known.name);
        }
        assert!(
            rule.contains(
                "SUBSYSTEM==\"tty\", ATTRS{idVendor}==\"10c4\", ATTRS{idProduct}==\"ea60\", TAG+=\"uaccess\""
            )
        );
        assert!(!rule.contains("SUBSYSTEM==\"tty\", ATTRS{idVendor}==\"1366\""));
    }
}
