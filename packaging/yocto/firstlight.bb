# The client of firstlight for a device image. `bitbake -c update_crates firstlight` makes firstlight-crates.inc.
SUMMARY = "Takes a device's bootstrap bundle from a medium: checked, copied, put in place"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE-MIT;md5=14d8465992fc9fc6a0536c1b5ae0cbe2 \
                    file://LICENSE-APACHE;md5=22a53954e4e0ec258dfce4391e905dac"

# The layer says where the source is: FIRSTLIGHT_SRC_URI = "git://...;protocol=https;branch=main"
SRC_URI = "${FIRSTLIGHT_SRC_URI}"
SRCREV ?= "${AUTOREV}"
S = "${WORKDIR}/git"

inherit cargo cargo-update-recipe-crates systemd update-rc.d
require ${BPN}-crates.inc

CARGO_BUILD_FLAGS += "--no-default-features --features client"
# aws-lc-rs builds C.
DEPENDS += "cmake-native"

SYSTEMD_SERVICE:${PN} = "firstlight-ingest.service"
INITSCRIPT_NAME = "firstlight-ingest"
INHIBIT_UPDATERCD_BBCLASS = "1"

do_install:append() {
    install -D -m 0644 ${S}/packaging/systemd/firstlight-ingest.service ${D}${systemd_system_unitdir}/firstlight-ingest.service
    install -D -m 0644 ${S}/packaging/udev/90-firstlight.rules ${D}${nonarch_base_libdir}/udev/rules.d/90-firstlight.rules
}

# Trust is the image's own: anchors and device file come from a recipe of the product, never from this one.
RRECOMMENDS:${PN} += "firstlight-image-keys"
FILES:${PN} += "${systemd_system_unitdir} ${nonarch_base_libdir}/udev/rules.d"
