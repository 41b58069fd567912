//! The templates a fleet uses: built-in ones and the fleet's own.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex};

use crate::bundle::Template;
use crate::fleet::{Digest, Faults, TemplateShape};

use super::load::{TemplateFolder, TemplateLibrary};
