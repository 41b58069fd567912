//! LwM2M object definitions as OMA publishes them (XML, "DDF"), and their Thing Models.
