//! Every fault with message, line and column.

use super::*;

#[test]
fn the_small_fleet_is_sound() {
    assert_eq!(sound(SMALL, ROWS).len(), 2);
}

#[test]
#[expect(clippy::too_many_lines, reason = "one table of faults")]
fn every_fault_of_the_fleet_file_has_message_line_and_column() {
    let cases: &[(&str, &str, &[&str])] = &[
        ("version: 1", "version: 2", &["fleet.yaml:1:10: \"version\" is 2, wanted is 1"]),
        ("version: 1\n", "", &["fleet.yaml:1:1: the fleet file lacks \"version\""]),
        (
            "fleet: acme",
            "fleet: 12",
            &[
                "fleet.yaml:2:8: \"fleet\" is the number 12, wanted is a name of letters, digits, \"-\", \"_\" and \".\" (at most 64, first a letter or digit)",
            ],
        ),
        (
            "inventory:",
            "inventry:",
            &[
                "fleet.yaml:1:1: the fleet file lacks \"inventory\"",
                "fleet.yaml:3:1: unknown key \"inventry\" in the fleet file",
            ],
        ),
        ("common_name: ACME Device CA, ", "", &["fleet.yaml:4:1: \"authority\" lacks \"common_name\""]),
        (
            "valid: 20y",
            "valid: 20",
            &[
                "fleet.yaml:4:49: \"authority.valid\" is the number 20, wanted is \"forever\" or a duration such as 10y (units s m h d w y)",
            ],
        ),
        (
            "valid: 20y",
            "valid: 5y",
            &["fleet.yaml:12:37: credential \"identity\" would outlive its issuer: valid 10y, the authority 5y"],
        ),
        (
            "valid: 10y",
            "valid: forever",
            &["fleet.yaml:12:37: credential \"identity\" would outlive its issuer: valid forever, the authority 20y"],
        ),
        (
            "{env: WIFI}",
            "{env: WIFI, file: x}",
            &["fleet.yaml:6:3: \"secrets.wifi\" holds env and file, wanted is one of: age, env, file, fd, prompt"],
        ),
        ("{env: WIFI}", "{prompt: false}", &["fleet.yaml:6:18: \"secrets.wifi.prompt\" is false, wanted is true"]),
        (
            "mqtts://mqtt.example",
            "mqtt://mqtt.example",
            &["fleet.yaml:8:36: server \"telemetry\" has scheme \"mqtt\"; mqtt with security x509 has mqtts or wss"],
        ),
        (
            "protocol: mqtt,",
            "protocol: mqqt,",
            &["fleet.yaml:8:25: \"servers.telemetry.protocol\" is \"mqqt\", wanted is one of: lwm2m, mqtt, https"],
        ),
        (
            "security: x509",
            "security: psk",
            &[
                "fleet.yaml:8:87: server \"telemetry\" has security psk, credential \"identity\" of profile \"gateway\" is x509",
            ],
        ),
        (
            "credential: identity}",
            "credential: identty}",
            &[
                "fleet.yaml:8:88: server \"telemetry\" wants credential \"identty\", which profile \"gateway\" does not have",
            ],
        ),
        (", credential: identity}", "}", &["fleet.yaml:8:3: server \"telemetry\" has security x509 and no credential"]),
        (
            "security: x509",
            "lifetime: 1h, security: x509",
            &["fleet.yaml:8:70: server \"telemetry\" has \"lifetime\", which only LwM2M knows; its protocol is mqtt"],
        ),
        (
            "{kind: x509, valid: 10y}",
            "{kind: x508, valid: 10y}",
            &[
                "fleet.yaml:12:24: \"profiles.gateway.credentials.identity.kind\" is \"x508\", wanted is one of: x509, psk, rpk, token",
            ],
        ),
        (
            "{kind: x509, valid: 10y}",
            "{valid: 10y}",
            &["fleet.yaml:12:7: \"profiles.gateway.credentials.identity\" lacks \"kind\""],
        ),
        (
            "{kind: x509, valid: 10y}",
            "{kind: psk, bytes: 8}",
            &[
                "fleet.yaml:8:88: server \"telemetry\" has security x509, credential \"identity\" of profile \"gateway\" is psk",
                "fleet.yaml:12:7: credential \"identity\" is psk, template \"cloud-init\" takes x509",
                "fleet.yaml:12:36: \"profiles.gateway.credentials.identity.bytes\" is 8, wanted is a whole number from 16 to 64",
            ],
        ),
        ("template: cloud-init", "template: clod-init", &["fleet.yaml:14:24: there is no template \"clod-init\""]),
        (
            "seal: none",
            "seal: sign+encrypt",
            &["fleet.yaml:14:42: bundle \"site\" is to be encrypted and has no recipients"],
        ),
        (
            ", accept_plaintext: \"locked away\"",
            "",
            &[
                "fleet.yaml:14:7: bundle \"site\" would leave in clear on the medium: the private key of credential \"identity\"",
            ],
        ),
        ("bundle: site", "bundle: sight", &["fleet.yaml:16:23: there is no bundle \"sight\""]),
        (
            "{bundle: site}",
            "{bundle: site, medium: {label: TOOLONGLABEL}}",
            &[
                "fleet.yaml:16:45: \"profiles.gateway.deliveries.stick.medium.label\" is \"TOOLONGLABEL\", wanted is 1 to 11 ASCII letters, digits, spaces and !#$%&'()-@^_`{}~, first no space",
            ],
        ),
        (
            "{bundle: site}",
            "{bundle: site, medium: {label: \"A/B\"}}",
            &[
                "fleet.yaml:16:45: \"profiles.gateway.deliveries.stick.medium.label\" is \"A/B\", wanted is 1 to 11 ASCII letters, digits, spaces and !#$%&'()-@^_`{}~, first no space",
            ],
        ),
        (
            "{bundle: site}",
            "{bundle: site, medium: {size: 64 MBytes}}",
            &[
                "fleet.yaml:16:44: \"profiles.gateway.deliveries.stick.medium.size\" is \"64 MBytes\", wanted is a size such as 64MiB",
            ],
        ),
        (
            "{bundle: site}",
            "{bundle: site, medium: {filesystem: fat32, size: 16MiB}}",
            &["fleet.yaml:16:63: a fat32 image of 16777216 bytes is not possible: 34603008 to 2199023255552 bytes are"],
        ),
        (
            "{bundle: site}",
            "{bundle: site, medium: {size: 2000001B}}",
            &["fleet.yaml:16:44: the size of 2000001 bytes is no multiple of 512"],
        ),
        (
            "    deliveries:\n      stick: {bundle: site}\n",
            "",
            &["fleet.yaml:10:3: \"profiles.gateway\" lacks \"deliveries\""],
        ),
        (
            "{timezone: UTC}",
            "{timezon: UTC}",
            &["fleet.yaml:17:17: no template here has a variable \"timezon\" (templates: cloud-init)"],
        ),
        (
            "{timezone: UTC}",
            "{timezone: 1}",
            &["fleet.yaml:17:27: variable \"timezone\" is the number 1, wanted is a text"],
        ),
        (
            "{timezone: UTC}",
            "{vlan: \"7\"}",
            &["fleet.yaml:17:23: variable \"vlan\" is \"7\", wanted is a whole number"],
        ),
        (
            "{timezone: UTC}",
            "{channel: bets}",
            &["fleet.yaml:17:26: variable \"channel\" is \"bets\", wanted is one of: stable, beta"],
        ),
        (
            "{timezone: UTC}",
            "{packages: [1]}",
            &["fleet.yaml:17:27: variable \"packages\" is a list, wanted is a list of texts"],
        ),
        (
            "{timezone: UTC}",
            "{wifi_password: hunter2}",
            &["fleet.yaml:17:32: variable \"wifi_password\" is secret and must not stand in clear here"],
        ),
        ("{timezone: UTC}", "{wifi_password: {secret: wify}}", &["fleet.yaml:17:32: there is no secret \"wify\""]),
        (
            "{timezone: UTC}",
            "{vlan: {secret: wifi}}",
            &["fleet.yaml:17:23: variable \"vlan\" is a whole number, a secret can only be a text"],
        ),
        (
            "{timezone: UTC}",
            "{owner: 007-is-personal, vlan: x}",
            &["fleet.yaml:17:47: variable \"vlan\" is \"x\", wanted is a whole number"],
        ),
        ("{timezone: UTC}", "{owner: [Bond]}", &["fleet.yaml:17:24: variable \"owner\" is a list, wanted is a text"]),
        (
            "{timezone: UTC}",
            "{time-zone: UTC}",
            &[
                "fleet.yaml:17:17: \"time-zone\" under \"profiles.gateway.variables\": wanted is a variable name of letters, digits and \"_\" (at most 64, first no digit)",
                "fleet.yaml:17:17: no template here has a variable \"time-zone\" (templates: cloud-init)",
            ],
        ),
        (
            "    variables: {timezone: UTC}\n",
            "    servers: [telemetri]\n",
            &[
                "fleet.yaml:14:24: template \"cloud-init\" needs server \"telemetry\", which profile \"gateway\" does not have",
                "fleet.yaml:17:15: there is no server \"telemetri\"",
            ],
        ),
        (
            "profiles:\n",
            "devices:\n  gw-9: {}\n  gw-1: {profile: gatway, serial: 'x y'}\nprofiles:\n",
            &[
                "fleet.yaml:10:3: device \"gw-9\" is not in the inventory",
                "fleet.yaml:11:19: there is no profile \"gatway\"",
                "fleet.yaml:11:35: \"devices.gw-1.serial\" is \"x y\", wanted is a serial number of letters, digits and -.:/+=()',? (at most 64, first a letter or digit, no \"..\")",
            ],
        ),
        (
            "profiles:\n",
            "devices:\n  ../gw: {}\nslots: {0: 1-1, 1: 1-2, 2: 1-2, 3: usb}\nprofiles:\n",
            &[
                "fleet.yaml:10:3: \"../gw\" under \"devices\": wanted is an endpoint name of letters, digits and -_.:+@= (at most 64, first a letter or digit, no \"..\")",
                "fleet.yaml:11:9: \"0\" under \"slots\": wanted is a slot number from 1 to 999",
                "fleet.yaml:11:28: slot 2 has port \"1-2\", which is slot 1 already",
                "fleet.yaml:11:36: \"slots.3\" is \"usb\", wanted is a USB port path such as 1-4.2",
            ],
        ),
        (
            "profiles:\n",
            "profiles: {}\nprofils:\n",
            &[
                "fleet.yaml:9:1: \"profiles\" is empty, at least 1 entry is wanted",
                "fleet.yaml:10:1: unknown key \"profils\" in the fleet file",
            ],
        ),
    ];
    for (from, to, expected) in cases {
        assert_eq!(faults_of(&broken(from, to), ROWS), *expected, "{from:?} -> {to:?}");
    }
}

#[test]
fn faults_of_every_kind_are_found_in_one_run() {
    let fleet = broken("seal: none", "sael: none").replace("timezone: UTC", "timezone: 5").replace("10y", "30y");
    let faults = faults_of(&fleet, "id,serial,nonsense,profile\ngw-1,A1,x,\n../gw,A1,,gatway\nGW-1,A3,,\n");
    assert_eq!(
        faults,
        [
            "devices:1:11: no template here has a variable \"nonsense\" (templates: cloud-init)",
            "devices:3:1: \"../gw\": endpoint name holds '/'; letters, digits and -_.:+@= are possible",
            "devices:3:7: serial \"A1\" stands here a second time, first at devices:2:6",
            "devices:3:11: there is no profile \"gatway\"",
            "devices:4:1: device \"GW-1\" differs only in case from \"gw-1\" at devices:2:1",
            "fleet.yaml:12:37: credential \"identity\" would outlive its issuer: valid 30y, the authority 20y",
            "fleet.yaml:14:36: unknown key \"sael\" in \"profiles.gateway.bundles.site\"",
            "fleet.yaml:17:27: variable \"timezone\" is the number 5, wanted is a text",
        ]
    );
}

#[test]
fn hints_name_the_nearest_word() {
    let mut faults = Faults::default();
    let text = broken("seal: none", "sael: none");
    FleetFile::parse(&Arc::from("fleet.yaml"), &text, &mut faults);
    let hints: Vec<_> = faults.0.iter().filter_map(|fault| fault.hint.as_deref()).collect();
    assert!(hints.contains(&"did you mean \"seal\"?"), "{hints:?}");
}

#[test]
fn no_message_repeats_a_secret_or_personal_value() {
    let template = TEMPLATE
        .replace("{type: string, default: null, class: pii}", "{type: string, class: pii, longest: 3, choices: [ann]}");
    let fleet = broken("{timezone: UTC}", "{wifi_password: hunter2, owner: Moneypenny}");
    for inventory in [
        "id,wifi_password,owner\ngw-1,hunter2,Moneypenny\n",
        "- {id: gw-1, wifi_password: hunter2, owner: [Moneypenny]}\n",
    ] {
        let (_, faults) = assembled(&fleet, inventory, &[("cloud-init", &template)]);
        assert_eq!(faults.len(), 4, "{faults:?}");
        assert!(!faults.iter().any(|fault| fault.contains("hunter2") || fault.contains("Moneypenny")), "{faults:?}");
    }
}

#[test]
fn a_secret_in_clear_in_the_inventory_is_a_fault_at_its_cell_even_if_its_own_profile_passes_it_over() {
    let two = SMALL.replace(
        "profiles:\n",
        "profiles:\n  bare:\n    servers: []\n    bundles: {b: {template: bare, seal: none}}\n    deliveries: {d: {bundle: b}}\n",
    );
    let bare = "consumer: c\ndescription: d\nmedium: {label: X}\nfiles: []\n";
    let rows = "id,profile,wifi_password\na,bare,hunter2\nb,gateway,\nc,gateway,{secret: wifi}\n";
    let (_, faults) = assembled(&two, rows, &[("cloud-init", TEMPLATE), ("bare", bare)]);
    assert_eq!(faults, ["devices:2:8: variable \"wifi_password\" is secret and must not stand in clear here"]);
}

#[test]
fn a_secret_may_be_given_for_a_plain_text_and_is_secret_then() {
    let fleet = broken("{timezone: UTC}", "{timezone: {secret: wifi}}");
    let plan = sound(&fleet, ROWS).plan(&name("gw-1"), None).expect("a plan");
    assert_eq!(plan.variables["timezone"], crate::fleet::Variable::Secret("wifi".into()));
    let careless = fleet.replace(", accept_plaintext: \"locked away\"", "");
    assert_eq!(
        faults_of(&careless, ROWS),
        [
            "fleet.yaml:14:7: bundle \"site\" would leave in clear on the medium: the private key of credential \"identity\", variable \"timezone\"",
        ]
    );
}

#[test]
fn a_required_variable_is_asked_for_once_or_for_each_row_that_leaves_it_blank() {
    let template = TEMPLATE.replace("vlan: {type: integer, default: 1}", "vlan: {type: integer}");
    let faults = |rows: &str| assembled(SMALL, rows, &[("cloud-init", &template)]).1;
    assert_eq!(
        faults(ROWS),
        ["fleet.yaml:14:24: profile \"gateway\" lacks variable \"vlan\", which template \"cloud-init\" needs",]
    );
    assert_eq!(
        faults("id,vlan,serial\ngw-1,7,\ngw-2,,B\n"),
        ["devices:3:6: device \"gw-2\" lacks variable \"vlan\", which its template needs",]
    );
    assert_eq!(
        faults("- {id: gw-1, vlan: 7}\n- id: gw-2\n- {id: gw-3, vlan: }\n"),
        [
            "devices:2:7: device \"gw-2\" lacks variable \"vlan\", which its template needs",
            "devices:3:18: device \"gw-3\" lacks variable \"vlan\", which its template needs",
        ]
    );
    assert_eq!(faults("id,vlan\ngw-1,7\ngw-2,8\n"), Vec::<String>::new());
}

#[test]
fn lwm2m_servers_have_what_the_objects_need() {
    let server = |body: &str| {
        broken(
            "telemetry: {protocol: mqtt, uri: \"mqtts://mqtt.example\", security: x509, credential: identity}",
            &format!("telemetry: {{protocol: lwm2m, {body}}}"),
        )
    };
    let cases: &[(&str, &[&str])] = &[
        ("uri: \"coaps://h\", security: x509, credential: identity, short_server_id: 1", &[]),
        (
            "uri: \"coaps://h\", security: x509, credential: identity",
            &["fleet.yaml:8:3: server \"telemetry\" lacks \"short_server_id\", which an LwM2M management server has"],
        ),
        ("uri: \"coaps://h\", security: x509, credential: identity, role: bootstrap", &[]),
        (
            "uri: \"coap://h\", security: x509, credential: identity, short_server_id: 1",
            &[
                "fleet.yaml:8:37: server \"telemetry\" has scheme \"coap\"; lwm2m with security x509 has coaps or coaps+tcp",
            ],
        ),
        (
            "uri: \"coap://h\", security: none, credential: identity, short_server_id: 1",
            &["fleet.yaml:8:77: server \"telemetry\" has security none and a credential"],
        ),
        (
            "uri: \"coap://h\", security: none, short_server_id: 70000",
            &[
                "fleet.yaml:8:82: \"servers.telemetry.short_server_id\" is 70000, wanted is a whole number from 1 to 65534",
            ],
        ),
        (
            "uri: \"coap://h\", security: none, short_server_id: 1, lifetime: 200y",
            &["fleet.yaml:8:95: server \"telemetry\" has a lifetime over 4294967294 seconds"],
        ),
        (
            "uri: \"coap://h\", security: none, short_server_id: 1, binding: UU",
            &[
                "fleet.yaml:8:94: \"servers.telemetry.binding\" is \"UU\", wanted is an LwM2M binding of the letters U M H T S N Q, each once",
            ],
        ),
        (
            "uri: \"coap://h\", security: none, short_server_id: 1, access: [{object: 3, instance: 0, rights: 32}]",
            &["fleet.yaml:8:127: \"servers.telemetry.access.0.rights\" is 32, wanted is a whole number from 0 to 31"],
        ),
        (
            "uri: \"coaps://h\", security: rpk, credential: identity, short_server_id: 1",
            &[
                "fleet.yaml:8:3: server \"telemetry\" lacks \"server_public_key\", which security rpk needs",
                "fleet.yaml:8:77: server \"telemetry\" has security rpk, credential \"identity\" of profile \"gateway\" is x509",
            ],
        ),
    ];
    for (body, expected) in cases {
        assert_eq!(faults_of(&server(body), ROWS), *expected, "{body}");
    }
    let twice = SMALL.replace("profiles:\n", "  a: {protocol: lwm2m, uri: \"coap://h\", security: none, short_server_id: 7}\n  b: {protocol: lwm2m, uri: \"coap://h\", security: none, short_server_id: 7}\nprofiles:\n");
    assert_eq!(
        faults_of(&twice, ROWS),
        ["fleet.yaml:10:74: server \"b\" has short server id 7, which server \"a\" has too"]
    );
}

#[test]
fn a_psk_identity_tells_devices_apart_and_fits() {
    let fleet = |identity: &str| {
        SMALL.replace("    bundles:\n", &format!("      k: {{kind: psk, identity: \"{identity}\"}}\n    bundles:\n"))
    };
    assert_eq!(
        faults_of(&fleet("all-the-same"), ROWS),
        ["fleet.yaml:13:7: the PSK identity of credential \"k\" is the same for every device",]
    );
    assert_eq!(
        faults_of(&fleet("sn-{serial}"), "id,serial\ngw-1,A1\ngw-2,\n"),
        ["devices:3:1: device \"gw-2\" has no serial, which the PSK identity of credential \"k\" holds",]
    );
    assert_eq!(
        faults_of(&fleet("{serail}"), ROWS),
        [
            "fleet.yaml:13:32: \"profiles.gateway.credentials.k.identity\" is \"{serail}\", wanted is 1 to 128 printable ASCII characters, of braces only {id} and {serial}",
        ]
    );
    let long = "x".repeat(100);
    assert_eq!(
        faults_of(&fleet(&format!("{long}{{id}}")), &format!("id\n{}\n", "d".repeat(40))),
        [format!(
            "devices:2:1: the PSK identity of credential \"k\" has 140 bytes for device {:?}, at most 128 are possible",
            "d".repeat(40)
        )]
    );
}

#[test]
fn a_flood_of_faults_ends_with_a_word_about_the_rest() {
    let rows = "gw 1\n".repeat(5_000);
    let faults = faults_of(SMALL, &format!("id\n{rows}"));
    assert_eq!(faults.len(), 1_001);
    assert_eq!(faults[1_000], "devices:1002:1: more than 1000 faults; those found from here on are not listed");
}

proptest::proptest! {
    /// Whatever is damaged in a sound fleet: no panic, and either a fault or a fleet whose devices all have plans.
    #[test]
    fn a_damaged_fleet_is_sound_or_has_faults(at in 0usize..SMALL.len(), cut in 0usize..12, put in "[\\[\\]{}:,&*!|>'\"\\-?a-z0-9 \n\t~]{0,6}") {
        let mut text = SMALL.to_owned();
        text.replace_range(at..(at + cut).min(SMALL.len()), &put);
        let (fleet, faults) = assembled(&text, ROWS, &[("cloud-init", TEMPLATE)]);
        if faults.is_empty() {
            let fleet = fleet.expect("a fleet without faults");
            for device in fleet.devices() {
                for delivery in fleet.deliveries(device) {
                    proptest::prop_assert!(fleet.plan(device, Some(&delivery)).is_ok());
                }
            }
        }
    }
}
