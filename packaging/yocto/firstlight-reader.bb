# The shell reader, for devices that cannot run Rust.
SUMMARY = "Reads a sealed bootstrap bundle with a shell, minisign or openssl, and age"
LICENSE = "MIT | Apache-2.0"
LIC_FILES_CHKSUM = "file://LICENSE-MIT;md5=14d8465992fc9fc6a0536c1b5ae0cbe2 \
                    file://LICENSE-APACHE;md5=22a53954e4e0ec258dfce4391e905dac"

SRC_URI = "${FIRSTLIGHT_SRC_URI}"
SRCREV ?= "${AUTOREV}"
S = "${WORKDIR}/git"

inherit allarch systemd

SYSTEMD_SERVICE:${PN} = "firstlight-ingest.service"

do_install() {
    install -D -m 0755 ${S}/packaging/reader/firstlight-read.sh ${D}${sbindir}/firstlight-read.sh
    install -D -m 0644 ${S}/packaging/systemd/firstlight-ingest.service ${D}${systemd_system_unitdir}/firstlight-ingest.service
    install -D -m 0644 ${S}/packaging/systemd/firstlight-read.conf ${D}${systemd_system_unitdir}/firstlight-ingest.service.d/reader.conf
    install -D -m 0644 ${S}/packaging/udev/90-firstlight.rules ${D}${nonarch_base_libdir}/udev/rules.d/90-firstlight.rules
}

# openssl-bin in place of minisign works too; age opens encrypted files.
RDEPENDS:${PN} += "minisign"
RRECOMMENDS:${PN} += "age"
FILES:${PN} += "${systemd_system_unitdir} ${nonarch_base_libdir}/udev/rules.d"
