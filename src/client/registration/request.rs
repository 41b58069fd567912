//! The request: what the device says of itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Map, Value, json};

use super::error::RegisterError;
use super::order::Placed;
use crate::client::facts::Facts;
use crate::delivery::Property;

/// The longest request the server takes, in bytes.
const LONGEST: usize = 64 << 10;

/// Returns the body of `POST /v1/register`: the same bytes in every run, as long as nothing changes.
pub fn body(placed: &Placed<'_>, facts: &Facts) -> Result<Vec<u8>, RegisterError> {
    let order = &placed.order;
    let mut body = Map::from_iter([("id".to_owned(), json!(order.id)), ("group".to_owned(), json!(order.group))]);
    let mut put = |name: &str, value: Option<Value>| body.extend(value.map(|value| (name.to_owned(), value)));
    let serial = order.serial.clone().or_else(|| facts.values(Property::Serial).into_iter().next());
    put("serial", serial.map(Value::from));
    put("vendor", order.vendor.clone().map(Value::from));
    put("model", order.model.as_ref().map(|model| json!({ "ref": model })));
    put("hardware", order.hardware.clone().map(Value::from));
    put("firmware", placed.firmware()?.map(Value::from));
    put("endpoint", order.endpoint.as_ref().map(|endpoint| json!(endpoint)));
    put("attributes", (!order.attributes.is_empty()).then(|| json!(order.attributes)));
    put("objects", (!order.objects.is_empty()).then(|| json!(order.objects)));
    put("csr", placed.request()?.map(|der| BASE64.encode(der).into()));
    let bytes = Value::from(body).to_string().into_bytes();
    if bytes.len() > LONGEST {
        let detail = format!("it is {} bytes long, {LONGEST} are possible", bytes.len());
        return Err(RegisterError::Denied { code: "request-too-large".into(), status: 413, detail, hint: None });
    }
    Ok(bytes)
}
