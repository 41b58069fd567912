//! The table of attributes, kept in step with the attributes that stand in each device's record.

use std::collections::BTreeMap;

use super::{RegistryError, Sql, Value, sql};

/// The most attributes of a device.
const MOST: usize = 64;
/// The longest name, in bytes.
const LONGEST_NAME: usize = crate::fleet::enrolment::filter::LONGEST_ATTRIBUTE_NAME;
/// The longest value, in bytes.
const LONGEST_VALUE: usize = 512;

/// Refuses attributes that cannot be stored or looked for.
pub(super) fn check(id: &str, attributes: &BTreeMap<String, String>) -> Result<(), RegistryError> {
    let refuse = |reason| Err(RegistryError::Refused { what: "device", name: id.to_owned(), reason });
    if attributes.len() > MOST {
        return refuse(format!("it has {} attributes, at most {MOST} are possible", attributes.len()));
    }
    for (name, value) in attributes {
        if name.is_empty() || name.len() > LONGEST_NAME || name.contains(|c: char| c.is_control() || c.is_whitespace())
        {
            return refuse(format!("{name:?} cannot name an attribute"));
        }
        if value.len() > LONGEST_VALUE || value.contains('\0') {
            return refuse(format!("attribute {name:?} holds NUL or has over {LONGEST_VALUE} bytes"));
        }
    }
    Ok(())
}

/// Replaces the rows of some devices by what their records say.
pub(super) fn keep_in_step<'a>(
    sql: &mut dyn Sql,
    tenant: &str,
    devices: impl Iterator<Item = (&'a str, &'a BTreeMap<String, String>)>,
) -> Result<(), RegistryError> {
    let mut rows = Vec::new();
    let mut keys = Vec::new();
    for (device, attributes) in devices {
        keys.push(Value::from(device));
        for (name, value) in attributes {
            rows.push(vec![tenant.into(), Value::from(name), Value::from(value), device.into()]);
        }
    }
    let text = "SELECT DISTINCT device FROM attribute WHERE tenant = $1 AND device IN";
    for row in sql::query_in(sql, text, &[tenant.into()], &keys)? {
        let values = [tenant.into(), Value::from(row.text(0)?)];
        sql.execute("DELETE FROM attribute WHERE tenant = $1 AND device = $2", &values)?;
    }
    sql::insert(sql, "attribute (tenant, name, value, device)", rows, "").map(|_| ())
}
