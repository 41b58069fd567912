//! Units: which labels mean the same, and how numbers go from one to the other.

/// A unit: its labels, what it measures, and its value in the base unit: `base = number * scale + offset`.
struct Unit {
    labels: &'static [&'static str],
    measures: &'static str,
    scale: f64,
    offset: f64,
}

const fn unit(labels: &'static [&'static str], measures: &'static str, scale: f64, offset: f64) -> Unit {
    Unit { labels, measures, scale, offset }
}

/// The units of sensors that change between versions of models; the first label is that of SenML (RFC 8428, section 12.1)
/// where it has one.
static UNITS: &[Unit] = &[
    unit(&["K", "kelvin"], "temperature", 1.0, 0.0),
    unit(&["Cel", "degC", "\u{b0}C", "celsius", "degree_celsius"], "temperature", 1.0, 273.15),
    unit(&["degF", "\u{b0}F", "fahrenheit", "degree_fahrenheit"], "temperature", 5.0 / 9.0, 459.67 * 5.0 / 9.0),
    unit(&["m", "metre", "meter"], "length", 1.0, 0.0),
    unit(&["mm", "millimetre", "millimeter"], "length", 0.001, 0.0),
    unit(&["cm", "centimetre", "centimeter"], "length", 0.01, 0.0),
    unit(&["km", "kilometre", "kilometer"], "length", 1000.0, 0.0),
    unit(&["kg", "kilogram"], "mass", 1.0, 0.0),
    unit(&["g", "gram"], "mass", 0.001, 0.0),
    unit(&["s", "second", "seconds"], "time", 1.0, 0.0),
    unit(&["ms", "millisecond", "milliseconds"], "time", 0.001, 0.0),
    unit(&["min", "minute", "minutes"], "time", 60.0, 0.0),
    unit(&["h", "hour", "hours"], "time", 3600.0, 0.0),
    unit(&["Pa", "pascal"], "pressure", 1.0, 0.0),
    unit(&["hPa", "hectopascal", "mbar", "millibar"], "pressure", 100.0, 0.0),
    unit(&["kPa", "kilopascal"], "pressure", 1000.0, 0.0),
    unit(&["bar"], "pressure", 100_000.0, 0.0),
    unit(&["V", "volt", "volts"], "voltage", 1.0, 0.0),
    unit(&["mV", "millivolt", "millivolts"], "voltage", 0.001, 0.0),
    unit(&["A", "ampere", "amperes"], "current", 1.0, 0.0),
    unit(&["mA", "milliampere", "milliamperes"], "current", 0.001, 0.0),
    unit(&["W", "watt", "watts"], "power", 1.0, 0.0),
    unit(&["kW", "kilowatt", "kilowatts"], "power", 1000.0, 0.0),
    unit(&["J", "joule"], "energy", 1.0, 0.0),
    unit(&["Wh", "watt-hour"], "energy", 3600.0, 0.0),
    unit(&["kWh", "kilowatt-hour"], "energy", 3_600_000.0, 0.0),
    unit(&["/", "ratio"], "ratio", 1.0, 0.0),
    unit(&["%", "percent"], "ratio", 0.01, 0.0),
    unit(&["%RH", "percent_relative_humidity"], "relative humidity", 1.0, 0.0),
    unit(&["m/s"], "speed", 1.0, 0.0),
    unit(&["km/h"], "speed", 1.0 / 3.6, 0.0),
];

fn find(label: &str) -> Option<(usize, &'static Unit)> {
    UNITS.iter().enumerate().find(|(_, unit)| unit.labels.contains(&label))
}

/// Returns true if two labels mean one unit.
pub(super) fn same_unit(a: &str, b: &str) -> bool {
    a == b || matches!((find(a), find(b)), (Some((a, _)), Some((b, _))) if a == b)
}

/// Returns scale and offset that take a number from one unit to another; none if a unit is not known or measures
/// something else.
pub(super) fn conversion(from: &str, to: &str) -> Option<(f64, f64)> {
    let ((_, from), (_, to)) = (find(from)?, find(to)?);
    (from.measures == to.measures).then(|| (from.scale / to.scale, (from.offset - to.offset) / to.scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_units_convert_and_others_do_not() {
        for (from, to, number, wanted) in [
            ("Cel", "degF", 100.0, 212.0),
            ("degF", "\u{b0}C", 32.0, 0.0),
            ("bar", "hPa", 1.0, 1000.0),
            ("%", "/", 50.0, 0.5),
        ] {
            let (scale, offset) = conversion(from, to).expect("known units");
            assert!((number * scale + offset - wanted).abs() < 1e-9, "{from} to {to}");
        }
        assert_eq!(conversion("Cel", "bar"), None);
        assert_eq!(conversion("Cel", "furlong"), None);
        assert!(same_unit("Cel", "\u{b0}C") && same_unit("x", "x") && !same_unit("Cel", "K") && !same_unit("x", "y"));
    }

    #[test]
    fn no_label_stands_for_two_units() {
        let labels: Vec<&str> = UNITS.iter().flat_map(|unit| unit.labels).copied().collect();
        let mut single = labels.clone();
        single.sort_unstable();
        single.dedup();
        assert_eq!(single.len(), labels.len());
    }
}
