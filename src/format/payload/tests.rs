use proptest::prelude::*;

use super::*;
use crate::fleet::lwm2m::{Content, DataType, Instance, Opaque, Resource, Value, data_type};

const SINGLE: [PayloadFormat; 3] = [PayloadFormat::Text, PayloadFormat::Opaque, PayloadFormat::Cbor];
const WHOLE: [PayloadFormat; 4] =
    [PayloadFormat::Tlv, PayloadFormat::SenmlJson, PayloadFormat::SenmlCbor, PayloadFormat::Lwm2mCbor];

/// Resources of these tests have the type of their id's last digit.
#[allow(clippy::unnecessary_wraps, reason = "the shape of what decode asks")]
fn types(_: u16, resource: u16) -> Option<DataType> {
    use DataType::{Boolean, Float, Integer, Link, Opaque, Text, Unsigned};
    Some([Text, Integer, Unsigned, Float, Boolean, Opaque, Link][usize::from(resource % 7)])
}

fn value_of(resource: u16) -> BoxedStrategy<Value> {
    match types(0, resource).unwrap() {
        DataType::Text => any::<String>().prop_map(Value::Text).boxed(),
        DataType::Integer => any::<i64>().prop_map(Value::Integer).boxed(),
        DataType::Unsigned => any::<u64>()
            .prop_map(|number| i64::try_from(number).map_or(Value::Unsigned(number), Value::Integer))
            .boxed(),
        DataType::Float => (proptest::num::f64::NORMAL | proptest::num::f64::ZERO | proptest::num::f64::SUBNORMAL)
            .prop_map(Value::Float)
            .boxed(),
        DataType::Boolean => any::<bool>().prop_map(Value::Boolean).boxed(),
        DataType::Opaque => {
            proptest::collection::vec(any::<u8>(), 0..70).prop_map(|bytes| Value::Opaque(Opaque::new(bytes))).boxed()
        }
        DataType::Link => any::<(u16, u16)>().prop_map(|(object, instance)| Value::Link { object, instance }).boxed(),
    }
}

fn content_of(resource: u16) -> BoxedStrategy<Content> {
    let values = proptest::collection::btree_map(0..u16::MAX, value_of(resource), 1..4);
    prop_oneof![
        3 => value_of(resource).prop_map(Content::Single),
        1 => values.prop_map(|values| Content::Multiple(values.into_iter().collect())),
    ]
    .boxed()
}

fn instance() -> impl Strategy<Value = Instance> {
    let ids = proptest::collection::btree_set(prop_oneof![0..30_u16, 0..u16::MAX], 1..6);
    let resources = ids.prop_flat_map(|ids| {
        ids.into_iter().map(|id| content_of(id).prop_map(move |content| Resource { id, content })).collect::<Vec<_>>()
    });
    resources.prop_map(|resources| Instance { id: 0, resources })
}

fn objects() -> impl Strategy<Value = Vec<Object>> {
    let instances = proptest::collection::btree_map(prop_oneof![0..3_u16, 0..u16::MAX], instance(), 1..3);
    let object = instances.prop_map(|instances| {
        instances.into_iter().map(|(id, instance)| Instance { id, ..instance }).collect::<Vec<_>>()
    });
    proptest::collection::btree_map(prop_oneof![0..4_u16, 0..u16::MAX], object, 1..3)
        .prop_map(|objects| objects.into_iter().map(|(id, instances)| Object { id, instances }).collect())
}

/// The values at `at` with their paths, in order.
fn values(at: Path, objects: &[Object]) -> Vec<(Path, &Value)> {
    leaves(at, objects).into_iter().map(|leaf| (leaf.path(), leaf.value)).collect()
}

fn first_path(objects: &[Object], depth: usize) -> Path {
    let (object, instance) = (&objects[0], &objects[0].instances[0]);
    Path::of(&[object.id, instance.id, instance.resources[0].id][..depth]).unwrap()
}

fn back(format: PayloadFormat, at: Path, objects: &[Object]) -> Result<Vec<Object>, PayloadError> {
    encode(format, at, objects)?.expose(|bytes| decode(format, at, bytes, &types))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_reads_back_equal(objects in objects(), depth in 0_usize..4) {
        let at = first_path(&objects, depth);
        // TLV does not name its object.
        for format in WHOLE.into_iter().filter(|format| at != Path::Root || *format != PayloadFormat::Tlv) {
            let read = back(format, at, &objects).unwrap();
            prop_assert_eq!(values(Path::Root, &read), values(at, &objects), "{} {}", format, at);
        }
    }

    #[test]
    fn a_single_value_reads_back_equal_in_the_plain_formats(content in (0_u16..7).prop_flat_map(|id| value_of(id).prop_map(move |value| (id, value)))) {
        let (id, value) = content;
        let opaque = matches!(value, Value::Opaque(_));
        let resources = vec![Resource { id, content: Content::Single(value) }];
        let objects = [Object { id: 9, instances: vec![Instance { id: 1, resources }] }];
        for format in SINGLE {
            let read = back(format, Path::Resource(9, 1, id), &objects);
            if format == PayloadFormat::Opaque && !opaque {
                prop_assert!(read.is_err());
            } else {
                prop_assert_eq!(&read.unwrap()[..], &objects[..], "{}", format);
            }
        }
    }

    #[test]
    fn hostile_bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..120), depth in 0_usize..5) {
        let at = Path::of(&[1, 0, 2, 3][..depth.min(4)]).unwrap();
        for format in PayloadFormat::all() {
            let _ = decode(format, at, &bytes, &types);
        }
    }

    #[test]
    fn a_changed_byte_never_panics(objects in objects(), place: prop::sample::Index, byte: u8) {
        for format in WHOLE {
            let at = first_path(&objects, 1);
            let mut bytes = encode(format, at, &objects).unwrap().expose(<[u8]>::to_vec);
            let place = place.index(bytes.len());
            bytes[place] = byte;
            let _ = decode(format, at, &bytes, &types);
        }
    }
}

fn one(resource: u16, value: Value) -> Vec<Object> {
    let resources = vec![Resource { id: resource, content: Content::Single(value) }];
    vec![Object { id: 1, instances: vec![Instance { id: 0, resources }] }]
}

fn hex_of(format: PayloadFormat, at: &str, objects: &[Object]) -> String {
    encode(format, at.parse().unwrap(), objects).unwrap().expose(|bytes| hex::encode(bytes))
}

/// The instance-level and resource-level examples of LwM2M 1.0.2, section 6.4.3.3, by the Server object.
#[test]
fn tlv_has_the_level_that_is_asked_for() {
    let objects = one(1, Value::Integer(86_400));
    assert_eq!(hex_of(PayloadFormat::Tlv, "/1", &objects), "0600c40100015180");
    assert_eq!(hex_of(PayloadFormat::Tlv, "/1/0", &objects), "c40100015180");
    assert_eq!(hex_of(PayloadFormat::Tlv, "/1/0/1", &objects), "c40100015180");
    let read = |bytes: &str, at: &str| {
        decode(PayloadFormat::Tlv, at.parse().unwrap(), &hex::decode(bytes).unwrap(), &data_type)
    };
    for (bytes, at) in [
        ("0600c40100015180", "/1"),
        ("c40100015180", "/1"),
        ("c40100015180", "/1/0"),
        ("0600c40100015180", "/1/0"),
        ("c40100015180", "/1/0/1"),
    ] {
        assert_eq!(read(bytes, at).unwrap(), objects, "{bytes} {at}");
    }
    assert!(matches!(read("c40100015180", "/1/0/2"), Err(PayloadError::Outside { .. })));
    assert!(matches!(read("0601c40100015180", "/1/0"), Err(PayloadError::Outside { .. })));
    assert!(read("c12700c12700", "/1").is_err(), "twice");
    let sorted = read("c12700c12500", "/1").unwrap();
    assert_eq!(sorted[0].instances[0].resources.iter().map(|resource| resource.id).collect::<Vec<_>>(), [37, 39]);
    assert!(matches!(read("c0", "/"), Err(PayloadError::Cannot { .. })));
}

#[test]
fn never_is_an_unsigned_number_in_every_format() {
    let objects = one(17, Value::Unsigned(u64::MAX));
    for format in
        [WHOLE, [PayloadFormat::Text, PayloadFormat::Cbor, PayloadFormat::SenmlJson, PayloadFormat::Tlv]].concat()
    {
        let at = Path::Resource(1, 0, 17);
        let read = encode(format, at, &objects).unwrap().expose(|bytes| decode(format, at, bytes, &data_type));
        assert_eq!(read.unwrap(), objects, "{format}");
    }
    assert_eq!(hex_of(PayloadFormat::Tlv, "/1/0/17", &one(17, Value::Unsigned(200))), "c21100c8");
}

/// TS Core 1.2, section 7.4.7: maps of ids; a list of ids where a path is one key.
#[test]
fn lwm2m_cbor_nests_maps_of_ids() {
    let objects = one(1, Value::Integer(86_400));
    assert_eq!(hex_of(PayloadFormat::Lwm2mCbor, "/1/0", &objects), "a101a100a1011a00015180");
    for foreign in
        ["a101a100a1011a00015180", "a1830100011a00015180", "bf01bf00bf011a00015180ffffff", "a1820100a1011a00015180"]
    {
        let read = decode(PayloadFormat::Lwm2mCbor, Path::Object(1), &hex::decode(foreign).unwrap(), &data_type);
        assert_eq!(read.unwrap(), objects, "{foreign}");
    }
    for wrong in [
        "a1850100010203a0",
        "a18001",
        "a1200a",
        "a10101",
        "a101a100a101a101a10100",
        "a101a100a1018101",
        "a10000ff",
        "a1",
    ] {
        let read = decode(PayloadFormat::Lwm2mCbor, Path::Object(1), &hex::decode(wrong).unwrap(), &data_type);
        assert!(read.is_err(), "{wrong}: {read:?}");
    }
}

#[test]
fn senml_json_is_that_of_the_specification() {
    let mut objects = one(0, Value::Integer(1));
    objects[0].instances[0].resources.push(Resource {
        id: 7,
        content: Content::Multiple(vec![
            (0, Value::Opaque(Opaque::new(vec![0xfb, 0xff]))),
            (1, Value::Text("a\"b".into())),
        ]),
    });
    let text = encode(PayloadFormat::SenmlJson, Path::Root, &objects)
        .unwrap()
        .expose(|bytes| String::from_utf8(bytes.to_vec()));
    assert_eq!(text.unwrap(), r#"[{"bn":"/1/0/","n":"0","v":1},{"n":"7/0","vd":"-_8"},{"n":"7/1","vs":"a\"b"}]"#);
}

#[test]
fn what_senml_json_cannot_mean_is_refused() {
    for (text, words) in [
        (r#"[{"n":"/1/0/0"}]"#, "no value"),
        (r#"[{"n":"/1/0/0","v":1,"vs":"a"}]"#, "two values"),
        (r#"[{"n":"/1/0/0","v":1},{"n":"/1/0/0","v":1}]"#, "there already"),
        (r#"[{"n":"/1/0","v":1}]"#, "no path"),
        (r#"[{"n":"/1/0/0","v":1,"bv":3}]"#, "base value"),
        (r#"[{"n":"/1/0/0","vd":"*"}]"#, "base64"),
        (r#"[{"n":"/1/0/0","vlo":"1"}]"#, "object link"),
        (r#"[{"n":"/1/0/0","v":"secret"}]"#, "not of the right shape: line 1, column"),
        (r#"{"n":1}"#, "right shape"),
        ("[", "too early"),
        ("x", "no JSON"),
        (r#"[{"n":"/3/0/0","v":1}]"#, "asked was /1, and the payload holds /3/0/0"),
    ] {
        let error = decode(PayloadFormat::SenmlJson, Path::Object(1), text.as_bytes(), &types).unwrap_err().to_string();
        assert!(error.contains(words) && !error.contains("secret"), "{text}: {error}");
    }
    let flood = format!("[{}{{}}]", "{},".repeat(MOST_VALUES));
    assert!(decode(PayloadFormat::SenmlJson, Path::Root, flood.as_bytes(), &types).is_err());
    let nested = "[".repeat(100_000);
    assert!(decode(PayloadFormat::SenmlJson, Path::Root, nested.as_bytes(), &types).is_err());
    let long = vec![b' '; LONGEST + 1];
    for format in PayloadFormat::all() {
        assert!(
            matches!(decode(format, Path::Object(1), &long, &types), Err(PayloadError::TooMuch { .. })),
            "{format}"
        );
    }
}

/// The example of LwM2M 1.0.2, section 6.4.4, and what clients make of it.
#[test]
fn the_json_of_old_clients_is_read() {
    let read = |text: &str, at: &str| decode(PayloadFormat::OldJson, at.parse().unwrap(), text.as_bytes(), &data_type);
    let server = one(0, Value::Integer(1));
    for (text, at) in [
        (r#"{"bn":"/1/0/","e":[{"n":"0","v":1}]}"#, "/1/0"),
        (r#"{"e":[{"n":"0","v":1.0}]}"#, "/1/0"),
        (r#"{"bn":"/1","e":[{"n":"0/0","v":1}]}"#, "/1"),
        (r#"{"bn":"/1/0/0","e":[{"v":1}],"bt":3}"#, "/1/0/0"),
        (r#"{"bn":"/","e":[{"n":"1/0/0","v":1}]}"#, "/1/0"),
    ] {
        assert_eq!(read(text, at).unwrap(), server, "{text}");
    }
    let key =
        read(r#"{"e":[{"n":"5","sv":"AP8="},{"n":"17","sv":"21:0"},{"n":"0","sv":"coap://a"}]}"#, "/0/1").unwrap();
    let values: Vec<&Content> = key[0].instances[0].resources.iter().map(|resource| &resource.content).collect();
    assert_eq!(values[0], &Content::Single(Value::Text("coap://a".into())));
    assert_eq!(values[1], &Content::Single(Value::Opaque(Opaque::new(vec![0, 255]))));
    assert_eq!(values[2], &Content::Single(Value::Link { object: 21, instance: 0 }));
    assert!(encode(PayloadFormat::OldJson, Path::Object(1), &server).is_err());
}

#[test]
fn a_format_that_cannot_hold_it_says_so() {
    let objects = one(0, Value::Integer(1));
    let error = encode(PayloadFormat::Text, Path::Instance(1, 0), &objects).map(drop).unwrap_err();
    assert_eq!(error.to_string(), "text cannot hold /1/0");
    let error = encode(PayloadFormat::SenmlCbor, Path::Object(3), &objects).map(drop).unwrap_err();
    assert_eq!(error.to_string(), "there is nothing at /3 to be written");
    assert_eq!(PayloadFormat::of(11_544), Some(PayloadFormat::Lwm2mCbor));
    assert!(PayloadFormat::all().all(|format| format.to_string().parse() == Ok(format)));
}
