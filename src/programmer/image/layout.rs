//! Where each part lies: addresses from the partition table, checked against each other.

use std::sync::Arc;

use crate::fleet::FactoryPlan;
use crate::fleet::factory::{FactoryPart, PartFormat, PartPlace};
use crate::format::esp_partition_table::{self, Partition, kinds};
use crate::format::nvs;

use super::ImageError;

/// A part and its addresses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Placed<'a> {
    /// The part.
    pub part: &'a FactoryPart,
    /// Address of its first byte.
    pub address: u64,
    /// Its length in bytes.
    pub size: u64,
    /// Address and length of the partition its keys go to, where they go to one.
    pub keys: Option<(u64, u64)>,
}

/// Every part of a plan at its place.
#[derive(Debug)]
pub struct Layout<'a> {
    /// The parts, in the order of the plan.
    pub parts: Vec<Placed<'a>>,
    /// The partition table the chip must have.
    pub table: Option<Vec<Partition>>,
    /// Where that table lies.
    pub table_offset: u32,
}

impl<'a> Layout<'a> {
    /// Finds the place of every part. Fails where the table lacks a partition, where one is no data, and where two parts
    /// overlap.
    pub fn of(plan: &'a FactoryPlan) -> Result<Self, ImageError> {
        let offset = plan.partition_table_offset;
        let table = plan.partition_table.as_ref();
        let table = table.map(|text| esp_partition_table::from_csv(text, offset)).transpose()?;
        let partitions = table.as_deref().unwrap_or_default();
        let parts = plan.parts.iter().map(|part| placed(part, partitions)).collect::<Result<Vec<_>, _>>()?;
        let layout = Self { parts, table, table_offset: offset };
        layout.refuse_overlaps()?;
        layout.parts.iter().try_for_each(check_nvs)?;
        Ok(layout)
    }

    fn refuse_overlaps(&self) -> Result<(), ImageError> {
        let mut spans: Vec<(u64, u64, &Arc<str>)> = Vec::new();
        for placed in &self.parts {
            spans.push((placed.address, placed.size, &placed.part.name));
            spans.extend(placed.keys.map(|(address, size)| (address, size, &placed.part.name)));
        }
        spans.sort_by_key(|(address, ..)| *address);
        for pair in spans.windows(2) {
            let ((start, size, one), (address, _, other)) = (pair[0], pair[1]);
            if start.saturating_add(size) > address {
                return Err(ImageError::Overlap { one: Arc::clone(one), other: Arc::clone(other), address });
            }
        }
        Ok(())
    }
}

/// NVS consists of whole pages, and of three at least where the device writes.
fn check_nvs(placed: &Placed<'_>) -> Result<(), ImageError> {
    let PartFormat::Nvs { read_only, .. } = placed.part.format else { return Ok(()) };
    let made = if read_only { nvs::Partition::read_only(placed.size) } else { nvs::Partition::read_write(placed.size) };
    made.map(drop).map_err(|source| ImageError::Nvs { part: placed.part.name.clone(), source })
}

fn placed<'a>(part: &'a FactoryPart, partitions: &[Partition]) -> Result<Placed<'a>, ImageError> {
    let (address, size) = match &part.place {
        PartPlace::Region { address, size } => (*address, *size),
        PartPlace::Partition(name) => place_of(name, partitions)?,
    };
    let keys = match &part.format {
        PartFormat::Nvs { keys: Some(keys), .. } => {
            keys.partition.as_ref().map(|name| place_of(name, partitions)).transpose()?
        }
        _ => None,
    };
    Ok(Placed { part, address, size, keys })
}

fn place_of(name: &Arc<str>, partitions: &[Partition]) -> Result<(u64, u64), ImageError> {
    let wrong = |reason: String| ImageError::Partition { partition: Arc::clone(name), reason };
    let Some(found) = partitions.iter().find(|partition| partition.name == **name) else {
        let names: Vec<&str> = partitions.iter().map(|partition| partition.name.as_str()).collect();
        return Err(wrong(format!("is not in the partition table ({})", names.join(", "))));
    };
    if matches!(found.kind, kinds::APP | kinds::BOOTLOADER | kinds::PARTITION_TABLE) {
        return Err(wrong("holds no data but a program".to_owned()));
    }
    Ok((u64::from(found.offset), u64::from(found.size)))
}
