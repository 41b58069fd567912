//! What a format leaves open, by the data types of the resources; and that an answer is one to what was asked.

use crate::fleet::lwm2m::{Content, DataType, Object, Opaque, Path, Value};
use crate::format::leaves::{leaves, read_link};
use crate::format::tlv::Types;

use super::error::PayloadError;
use super::json::base64_of;
use super::written::PayloadFormat;

/// Makes each value one of its data type, and refuses objects that do not lie at `at`.
pub(super) fn fit(
    format: PayloadFormat,
    at: Path,
    mut objects: Vec<Object>,
    types: Types<'_>,
) -> Result<Vec<Object>, PayloadError> {
    check_place(at, &objects)?;
    for object in &mut objects {
        let id = object.id;
        for resource in object.instances.iter_mut().flat_map(|instance| &mut instance.resources) {
            let data_type = types(id, resource.id);
            match &mut resource.content {
                Content::Single(value) => fit_value(format, value, data_type),
                Content::Multiple(values) => {
                    values.iter_mut().for_each(|(_, value)| fit_value(format, value, data_type));
                }
            }
        }
    }
    Ok(objects)
}

fn check_place(at: Path, objects: &[Object]) -> Result<(), PayloadError> {
    let outside = |found: String| Err(PayloadError::Outside { at, found });
    if let Some(leaf) = leaves(Path::Root, objects).iter().find(|leaf| !at.covers(leaf.path())) {
        return outside(leaf.path().to_string());
    }
    let instances = objects.iter().flat_map(|object| object.instances.iter().map(|instance| (object.id, instance.id)));
    for (object, instance) in instances {
        if !at.covers(Path::Instance(object, instance)) && !Path::Instance(object, instance).covers(at) {
            return outside(Path::Instance(object, instance).to_string());
        }
    }
    Ok(())
}

fn fit_value(format: PayloadFormat, value: &mut Value, data_type: Option<DataType>) {
    let fitting = match (&*value, data_type) {
        (Value::Integer(number), Some(DataType::Float)) => exact(*number).map(Value::Float),
        (Value::Float(number), Some(DataType::Integer | DataType::Unsigned)) => whole(*number),
        (Value::Text(text), Some(DataType::Link)) => read_link(text),
        (Value::Text(text), Some(DataType::Opaque)) if format == PayloadFormat::OldJson => {
            base64_of(text).map(|bytes| Value::Opaque(Opaque::new(bytes)))
        }
        _ => None,
    };
    if let Some(fitting) = fitting {
        *value = fitting;
    }
}

/// Beyond 53 bits a float cannot hold every integer.
const EXACT: i64 = 1 << 53;

#[allow(clippy::cast_precision_loss, reason = "53 bits are exact")]
fn exact(number: i64) -> Option<f64> {
    (-EXACT..=EXACT).contains(&number).then_some(number as f64)
}

#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss, reason = "53 bits are exact")]
fn whole(number: f64) -> Option<Value> {
    (number.fract() == 0.0 && number.abs() <= EXACT as f64).then_some(Value::Integer(number as i64))
}
