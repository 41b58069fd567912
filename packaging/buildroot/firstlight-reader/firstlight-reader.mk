################################################################################
#
# firstlight-reader
#
################################################################################

FIRSTLIGHT_READER_SITE = $(call qstrip,$(BR2_PACKAGE_FIRSTLIGHT_READER_SITE))
FIRSTLIGHT_READER_SITE_METHOD = local
FIRSTLIGHT_READER_LICENSE = MIT or Apache-2.0
FIRSTLIGHT_READER_LICENSE_FILES = LICENSE-MIT LICENSE-APACHE

define FIRSTLIGHT_READER_INSTALL_TARGET_CMDS
	$(INSTALL) -D -m 0755 $(@D)/packaging/reader/firstlight-read.sh \
		$(TARGET_DIR)/usr/sbin/firstlight-read.sh
endef

define FIRSTLIGHT_READER_INSTALL_INIT_SYSTEMD
	$(INSTALL) -D -m 0644 $(@D)/packaging/systemd/firstlight-ingest.service \
		$(TARGET_DIR)/usr/lib/systemd/system/firstlight-ingest.service
	$(INSTALL) -D -m 0644 $(@D)/packaging/systemd/firstlight-read.conf \
		$(TARGET_DIR)/usr/lib/systemd/system/firstlight-ingest.service.d/reader.conf
endef

define FIRSTLIGHT_READER_INSTALL_INIT_OPENRC
	$(INSTALL) -D -m 0755 $(@D)/packaging/openrc/firstlight-ingest \
		$(TARGET_DIR)/etc/init.d/firstlight-ingest
endef

$(eval $(generic-package))
