################################################################################
#
# firstlight
#
################################################################################

FIRSTLIGHT_VERSION = $(call qstrip,$(BR2_PACKAGE_FIRSTLIGHT_VERSION))
FIRSTLIGHT_SITE = $(call qstrip,$(BR2_PACKAGE_FIRSTLIGHT_SITE))
FIRSTLIGHT_SITE_METHOD = $(if $(findstring ://,$(FIRSTLIGHT_SITE)),git,local)
FIRSTLIGHT_LICENSE = MIT or Apache-2.0
FIRSTLIGHT_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE
# aws-lc-rs builds C.
FIRSTLIGHT_DEPENDENCIES = host-cmake
FIRSTLIGHT_CARGO_BUILD_OPTS = --no-default-features --features client
FIRSTLIGHT_CARGO_INSTALL_OPTS = --no-default-features --features client

define FIRSTLIGHT_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(@D)/packaging/systemd/firstlight-ingest.service \
		$(TARGET_DIR)/usr/lib/systemd/system/firstlight-ingest.service
endef

define FIRSTLIGHT_INSTALL_INIT_OPENRC
	$(INSTALL) -D -m 0755 $(@D)/packaging/openrc/firstlight-ingest \
		$(TARGET_DIR)/etc/init.d/firstlight-ingest
endef

define FIRSTLIGHT_INSTALL_UDEV_RULE
	$(INSTALL) -D -m 0644 $(@D)/packaging/udev/90-firstlight.rules \
		$(TARGET_DIR)/usr/lib/udev/rules.d/90-firstlight.rules
endef
FIRSTLIGHT_POST_INSTALL_TARGET_HOOKS += FIRSTLIGHT_INSTALL_UDEV_RULE

$(eval $(cargo-package))
