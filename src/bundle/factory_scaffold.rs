//! Fleets of chips that `init` writes: a `factory:` section with comments, and the files it names.

/// A fleet of chips as it lies in `templates/factory/`; texts between two `@` are put in.
pub(super) struct ChipFleet {
    /// The name after `init --template`.
    pub(super) name: &'static str,
    /// What reads the flash.
    pub(super) consumer: &'static str,
    /// The example server.
    pub(super) server: &'static str,
    /// How the server is to be protected, for the parts hold what that takes, and the scheme which says so.
    pub(super) needs: (&'static str, &'static str),
    /// The fleet file.
    fleet_yaml: &'static str,
    /// More files, each with its path.
    pub(super) files: &'static [(&'static str, &'static str)],
    /// True if the inventory gives serial numbers.
    pub(super) serials: bool,
    /// How the address of a server is written into the part, counted from 1.
    uri: fn(usize, &str) -> String,
}

/// All of them, sorted by name.
pub(super) static CHIP_FLEETS: [ChipFleet; 3] = [
    ChipFleet {
        name: "esp-idf",
        consumer: "firmware of an ESP32 made with ESP-IDF, by its NVS and esp_secure_cert partitions",
        server: "mqtts://mqtt.example:8883",
        needs: ("x509", "mqtts"),
        fleet_yaml: include_str!("../../templates/factory/esp-idf/fleet.yaml"),
        files: &[("partitions.csv", include_str!("../../templates/factory/esp-idf/partitions.csv"))],
        serials: false,
        uri: |number, server| format!("{{namespace: net, key: {}, text: {server}}}", key("uri", number)),
    },
    ChipFleet {
        name: "nrf52",
        consumer: "firmware of an nRF52840, by a struct in a page of its flash",
        server: "coaps://lwm2m.example:5684",
        needs: ("psk", "coaps"),
        fleet_yaml: include_str!("../../templates/factory/nrf52/fleet.yaml"),
        files: &[("locks/nrf52-approtect.yaml", include_str!("../../examples/recipes/nrf52-approtect.yaml"))],
        serials: false,
        uri: |number, server| {
            let (key, offset) = (key("uri", number), 264 + 256 * (number - 1));
            format!("{{key: {key}, offset: {offset}, length: 256, text: {server}}}")
        },
    },
    ChipFleet {
        name: "stm32",
        consumer: "firmware of an STM32F405, by a CBOR map in the last sector of its flash",
        server: "coaps://lwm2m.example:5684",
        needs: ("psk", "coaps"),
        fleet_yaml: include_str!("../../templates/factory/stm32/fleet.yaml"),
        files: &[("locks/stm32f4-rdp1.yaml", include_str!("../../examples/recipes/stm32f4-rdp1.yaml"))],
        serials: true,
        uri: |number, server| format!("{{key: {}, text: {server}}}", key("uri", number)),
    },
];

/// The first has the plain name.
fn key(name: &str, number: usize) -> String {
    if number == 1 { name.to_owned() } else { format!("{name}{number}") }
}

/// What is put into a fleet file of chips.
pub(super) struct Gaps<'a> {
    /// The fleet's name.
    pub(super) fleet: &'a str,
    /// The section `authority:`.
    pub(super) authority: &'a str,
    /// Lines of the section `servers:`.
    pub(super) servers: &'a str,
    /// Lines of the profile's `credentials:`.
    pub(super) credentials: &'a str,
    /// Name of the server that the parts are made for.
    pub(super) server: &'a str,
    /// Names of all servers.
    pub(super) names: &'a [&'a str],
}

impl ChipFleet {
    /// Returns the fleet of that name.
    pub(super) fn named(name: &str) -> Option<&'static Self> {
        CHIP_FLEETS.iter().find(|fleet| fleet.name == name)
    }

    /// Returns the fleet file.
    pub(super) fn fleet_yaml(&self, gaps: &Gaps<'_>) -> String {
        let uris: Vec<String> = (1..).zip(gaps.names).map(|(number, name)| self.entry(number, name)).collect();
        let lines = |text: &str| text.trim_end_matches('\n').to_owned();
        self.fleet_yaml
            .replace("@fleet@", gaps.fleet)
            .replace("@authority@", gaps.authority)
            .replace("@servers@", &lines(gaps.servers))
            .replace("@credentials@", &lines(gaps.credentials))
            .replace("@server@", gaps.server)
            .replace("@uris@", &uris.join("\n"))
    }

    fn entry(&self, number: usize, server: &str) -> String {
        let text = format!("\"{{{{ servers['{server}'].uri }}}}\"");
        format!("                - {}", (self.uri)(number, &text))
    }
}
