//! Interfaces from a device's configuration descriptor (USB 2.0, section 9.6).

/// The most descriptors that are looked at in one configuration.
const MOST: usize = 1024;
/// Descriptor types.
const DEVICE: u8 = 1;
const CONFIGURATION: u8 = 2;
const INTERFACE: u8 = 4;

/// One descriptor: its type, and its bytes with length and type in front.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Descriptor<'a> {
    /// `bDescriptorType`.
    pub kind: u8,
    /// All its bytes, at least 2.
    pub bytes: &'a [u8],
}

/// Returns the descriptors that lie one behind the other in `bytes`, at most 1024; ends at the first that is broken.
pub fn descriptors(bytes: &[u8]) -> Vec<Descriptor<'_>> {
    let mut found = Vec::new();
    let mut rest = bytes;
    while let [length, kind, ..] = rest {
        let length = usize::from(*length);
        if length < 2 || length > rest.len() || found.len() == MOST {
            break;
        }
        found.push(Descriptor { kind: *kind, bytes: &rest[..length] });
        rest = &rest[length..];
    }
    found
}

/// One alternate setting of an interface, as its descriptor has it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct InterfaceDescriptor {
    /// `bInterfaceNumber`.
    pub number: u8,
    /// `bAlternateSetting`.
    pub alternate: u8,
    /// Class, subclass and protocol.
    pub class: (u8, u8, u8),
    /// `iInterface`: number of the string that names it, 0 for none.
    pub name: u8,
}

/// Reads an interface descriptor.
pub fn interface(descriptor: Descriptor<'_>) -> Option<InterfaceDescriptor> {
    match *descriptor.bytes {
        [_, INTERFACE, number, alternate, _, class, subclass, protocol, name, ..] => {
            Some(InterfaceDescriptor { number, alternate, class: (class, subclass, protocol), name })
        }
        _ => None,
    }
}

/// Returns the interfaces of the first configuration: `bytes` is what sysfs has in `descriptors`, or a configuration alone.
pub fn interfaces(bytes: &[u8]) -> Vec<InterfaceDescriptor> {
    let mut configurations = 0;
    let all = descriptors(bytes).into_iter().filter(|one| one.kind != DEVICE);
    let first = all.take_while(|one| {
        configurations += usize::from(one.kind == CONFIGURATION);
        configurations < 2
    });
    first.filter_map(interface).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const DFU: [u8; 9] = [9, 4, 0, 1, 0, 0xfe, 1, 2, 5];

    #[test]
    fn interfaces_of_the_first_configuration_are_found() {
        let configuration = [9, 2, 0, 0, 1, 1, 0, 0x80, 50];
        let functional = [9, 0x21, 0x0b, 255, 0, 0, 8, 0x1a, 1];
        let bytes = [&configuration[..], &DFU, &functional, &configuration, &DFU].concat();
        let found = interfaces(&bytes);
        assert_eq!(found, [InterfaceDescriptor { number: 0, alternate: 1, class: (0xfe, 1, 2), name: 5 }]);
    }

    #[test]
    fn broken_descriptors_end_the_list_and_nothing_else() {
        for broken in [&[0u8, 4][..], &[1, 4], &[9, 4, 0], &[200, 4, 0, 0], &[2]] {
            let bytes = [&DFU[..], broken].concat();
            assert_eq!(interfaces(&bytes).len(), 1, "{broken:?}");
        }
        assert_eq!(descriptors(&[2u8, 7].repeat(5000)).len(), MOST);
        assert_eq!(interfaces(&[2, 4]), []);
    }
}
