//! Locks and other steps that cannot be taken back, as data: words to write, words to read; and the recipe file they are
//! written in.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Faults;
use super::shape::{self, NAME, Record, Rule, Shape, TextRule, optional, required};
use super::yaml::{self, Node};

/// A recipe file.
#[derive(Clone, PartialEq, Eq, Debug, Serialize)]
pub struct Recipe {
    /// Its name.
    pub name: String,
    /// The chip it is for; `*` at its end stands for any rest.
    pub chip: String,
    /// True if no way leads back.
    pub irreversible: bool,
    /// What is done, in order.
    pub steps: Vec<LockStep>,
}

/// One step of a lock recipe.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LockStep {
    /// Its name in the ledger: `read-out-protection`.
    pub name: String,
    /// What applies it, in order.
    pub apply: Vec<Act>,
    /// What shows that it holds; empty if nothing can, which makes it unobservable.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub observe: Vec<Probe>,
}

/// One act.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Act {
    /// Writes a word.
    Write {
        /// Where.
        address: u64,
        /// What.
        value: u32,
    },
    /// Waits until the masked word has a value; at most so many milliseconds, 1 to 10,000.
    Wait {
        /// Where.
        address: u64,
        /// Bits that count.
        mask: u32,
        /// What they must become.
        value: u32,
        /// Limit in milliseconds.
        within: u32,
    },
    /// Resets the chip and connects again.
    Reset,
}

/// One look at the chip.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Probe {
    /// The masked word has this value.
    Equals {
        /// Where.
        address: u64,
        /// Bits that count.
        mask: u32,
        /// What they are when the lock holds.
        value: u32,
    },
    /// Reading this word is refused by the chip.
    Refused {
        /// Where.
        address: u64,
    },
}

static RECIPE: Record = Record {
    fields: &[
        required("name", Shape::Text(&NAME), "name of the recipe"),
        required("chip", Shape::Text(&CHIP), "the chip it is for such as stm32f405, with * at its end for a family"),
        required("irreversible", Shape::Boolean, "true if no way leads back"),
        required("steps", Shape::List(&Shape::Record(&STEP)), "what is done, in order"),
    ],
    rule: Rule::Free,
};

static STEP: Record = Record {
    fields: &[
        required("name", Shape::Text(&NAME), "name of the step in the ledger"),
        required("apply", Shape::List(&Shape::Record(&ACT)), "what applies it, in order"),
        optional("observe", Shape::List(&Shape::Record(&PROBE)), "what shows that it holds; all of it must"),
    ],
    rule: Rule::Free,
};

static ACT: Record = Record {
    fields: &[
        optional("write", Shape::Record(&WRITE), "writes a word"),
        optional("wait", Shape::Record(&WAIT), "waits until the masked word has a value"),
        optional("reset", Shape::True, "true resets the chip and connects again"),
    ],
    rule: Rule::OneOf(&["write", "wait", "reset"]),
};

static PROBE: Record = Record {
    fields: &[
        optional("equals", Shape::Record(&EQUALS), "the masked word has this value"),
        optional("refused", Shape::Record(&REFUSED), "the chip refuses to read this word"),
    ],
    rule: Rule::OneOf(&["equals", "refused"]),
};

const ADDRESS: shape::Field =
    required("address", Shape::Integer { least: 0, most: i64::MAX }, "address of the word, a multiple of 4");
const WORD: Shape = Shape::Integer { least: 0, most: u32::MAX as i64 };
const MASK: shape::Field = required("mask", WORD, "bits that count");

static WRITE: Record = Record { fields: &[ADDRESS, required("value", WORD, "what is written")], rule: Rule::Free };
static WAIT: Record = Record {
    fields: &[
        ADDRESS,
        MASK,
        required("value", WORD, "what the bits must become"),
        required("within", Shape::Integer { least: 1, most: 10_000 }, "limit in milliseconds"),
    ],
    rule: Rule::Free,
};
static EQUALS: Record =
    Record { fields: &[ADDRESS, MASK, required("value", WORD, "what the bits are when it holds")], rule: Rule::Free };
static REFUSED: Record = Record { fields: &[ADDRESS], rule: Rule::Free };

/// The name of a chip as probes and data sheets have it.
static CHIP: TextRule = TextRule {
    wanted: "a chip such as stm32f405, or a family such as nRF52*",
    pattern: r"^[A-Za-z0-9][A-Za-z0-9_-]{0,63}\*?$",
    accepts: |text| {
        let name = text.strip_suffix('*').unwrap_or(text);
        (1..=64).contains(&name.len())
            && name.starts_with(|c: char| c.is_ascii_alphanumeric())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-')
    },
};

/// Most steps of a recipe, and acts and probes of a step.
const MOST: usize = 256;

impl Recipe {
    /// Reads a recipe file; every fault is noted with its place. None if there is any, so that a recipe is always whole.
    pub fn parse(file: &Arc<str>, text: &str, faults: &mut Faults) -> Option<Self> {
        let mut own = Faults::default();
        let recipe = yaml::parse(file, text, &mut own).and_then(|root| {
            shape::check("the recipe", &root, &RECIPE, &mut own);
            check(&root, &mut own);
            read(&root)
        });
        let whole = own.is_empty();
        for fault in own.0 {
            match fault.hint {
                Some(hint) => faults.add_with_hint(fault.place, fault.message, hint),
                None => faults.add(fault.place, fault.message),
            }
        }
        recipe.filter(|_| whole)
    }

    /// Returns true if the recipe is for this chip; the case of letters does not count.
    pub fn fits(&self, chip: &str) -> bool {
        let (wanted, chip) = (self.chip.to_ascii_lowercase(), chip.to_ascii_lowercase());
        match wanted.strip_suffix('*') {
            Some(family) => chip.starts_with(family),
            None => chip == wanted,
        }
    }
}

/// What the table does not say: names that differ, addresses of words, nothing empty, nothing endless, values within masks.
fn check(root: &Node, faults: &mut Faults) {
    let mut names = BTreeSet::new();
    check_length(root, "steps", faults);
    for step in items(root, "steps") {
        if let Some((name, node)) = step.get("name").and_then(|node| Some((node.text()?, node)))
            && !names.insert(name)
        {
            faults.add(node.place.clone(), format!("step {name:?} stands here a second time"));
        }
        check_length(step, "apply", faults);
        if step.get("observe").is_some() {
            check_length(step, "observe", faults);
        }
        for item in items(step, "apply").chain(items(step, "observe")) {
            item.entries().iter().for_each(|entry| check_word(&entry.value, faults));
        }
    }
}

fn check_length(node: &Node, key: &str, faults: &mut Faults) {
    let Some(list) = node.get(key) else { return };
    if list.items().is_empty() {
        faults.add(list.place.clone(), format!("{key:?} is empty"));
    }
    if list.items().len() > MOST {
        faults.add(list.place.clone(), format!("{key:?} has {} items, at most {MOST} are read", list.items().len()));
    }
}

fn check_word(node: &Node, faults: &mut Faults) {
    if let Some(address) = node.get("address")
        && number(node, "address").is_some_and(|at| !at.is_multiple_of(4))
    {
        faults.add(address.place.clone(), "the address is no multiple of 4");
    }
    if let (Some(mask), Some(value)) = (number(node, "mask"), number(node, "value"))
        && value & !mask != 0
        && let Some(entry) = node.get("value")
    {
        faults.add(entry.place.clone(), format!("the value {value:#x} has bits outside of the mask {mask:#x}"));
    }
}

fn read(root: &Node) -> Option<Recipe> {
    Some(Recipe {
        name: root.get("name")?.text()?.to_owned(),
        chip: root.get("chip")?.text()?.to_owned(),
        irreversible: root.get("irreversible")?.value().as_bool()?,
        steps: items(root, "steps").map(step).collect::<Option<_>>()?,
    })
}

fn step(node: &Node) -> Option<LockStep> {
    Some(LockStep {
        name: node.get("name")?.text()?.to_owned(),
        apply: items(node, "apply").map(act).collect::<Option<_>>()?,
        observe: items(node, "observe").map(probe).collect::<Option<_>>()?,
    })
}

fn act(node: &Node) -> Option<Act> {
    if let Some(of) = node.get("write") {
        return Some(Act::Write { address: number(of, "address")?, value: word(of, "value")? });
    }
    let Some(of) = node.get("wait") else { return node.get("reset").map(|_| Act::Reset) };
    let address = number(of, "address")?;
    Some(Act::Wait { address, mask: word(of, "mask")?, value: word(of, "value")?, within: word(of, "within")? })
}

fn probe(node: &Node) -> Option<Probe> {
    if let Some(of) = node.get("refused") {
        return Some(Probe::Refused { address: number(of, "address")? });
    }
    let of = node.get("equals")?;
    Some(Probe::Equals { address: number(of, "address")?, mask: word(of, "mask")?, value: word(of, "value")? })
}

fn items<'a>(node: &'a Node, key: &str) -> impl Iterator<Item = &'a Node> {
    node.get(key).map(Node::items).unwrap_or_default().iter()
}

fn number(node: &Node, key: &str) -> Option<u64> {
    node.get(key)?.value().as_u64()
}

fn word(node: &Node, key: &str) -> Option<u32> {
    u32::try_from(number(node, key)?).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    const RIGHT: &str = "\
name: level-1
chip: stm32f4*
irreversible: false
steps:
  - name: read-out-protection
    apply:
      - write: {address: 0x40023C08, value: 0x08192A3B}
      - wait: {address: 0x40023C0C, mask: 0x10000, value: 0, within: 100}
      - reset: true
    observe:
      - equals: {address: 0x40023C14, mask: 0xFF00, value: 0x5500}
      - refused: {address: 0x08000000}
";

    fn parsed(text: &str) -> Result<Recipe, Vec<String>> {
        let mut faults = Faults::default();
        let recipe = Recipe::parse(&Arc::from("r.yaml"), text, &mut faults);
        recipe.ok_or_else(|| faults.0.iter().map(|fault| format!("{}: {}", fault.place, fault.message)).collect())
    }

    #[test]
    fn a_recipe_is_read_whole() {
        let recipe = parsed(RIGHT).unwrap();
        assert_eq!((recipe.name.as_str(), recipe.irreversible, recipe.steps.len()), ("level-1", false, 1));
        assert_eq!(recipe.steps[0].apply[0], Act::Write { address: 0x4002_3C08, value: 0x0819_2A3B });
        let wait = Act::Wait { address: 0x4002_3C0C, mask: 0x1_0000, value: 0, within: 100 };
        assert_eq!(recipe.steps[0].apply[1..], [wait, Act::Reset]);
        let equals = Probe::Equals { address: 0x4002_3C14, mask: 0xFF00, value: 0x5500 };
        assert_eq!(recipe.steps[0].observe, [equals, Probe::Refused { address: 0x0800_0000 }]);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_us_panic_and_only_whole_recipes_come_out(from in 0..RIGHT.len(), length in 0..40_usize, put in "[a-z0-9:{}\\[\\], \n-]{0,12}") {
            let mut text = RIGHT.to_owned();
            text.replace_range(from..(from + length).min(RIGHT.len()), &put);
            if let Ok(recipe) = parsed(&text) {
                proptest::prop_assert!(!recipe.steps.is_empty() && recipe.steps.iter().all(|step| !step.apply.is_empty()));
            }
        }
    }

    #[test]
    fn a_recipe_is_for_its_chip_only() {
        let recipe = parsed(RIGHT).unwrap();
        assert!(recipe.fits("STM32F407VGTx") && !recipe.fits("stm32l4") && !recipe.fits("stm32f"));
        let one = parsed(&RIGHT.replace("stm32f4*", "nRF52832")).unwrap();
        assert!(one.fits("nrf52832") && !one.fits("nRF52832_xxAA"));
    }

    #[test]
    fn each_fault_is_told_with_its_place() {
        for (from, to, place, words) in [
            ("0x40023C08", "0x40023C0A", 7, "no multiple of 4"),
            ("value: 0x08192A3B", "value: 0x108192A3B", 7, "wanted is a whole number"),
            ("within: 100", "within: 10001", 8, "wanted is a whole number from 1 to 10000"),
            ("value: 0x5500", "value: 0x15500", 11, "outside of the mask"),
            ("reset: true", "reset: false", 9, "wanted is true"),
            ("- reset: true", "- {reset: true, write: {address: 0, value: 0}}", 9, "wanted is one of"),
            ("irreversible: false\n", "", 1, "lacks \"irreversible\""),
            ("chip: stm32f4*", "chip: \"*\"", 2, "wanted is a chip"),
            ("name: level-1", "name: level-1\nmore: 1", 2, "unknown key"),
        ] {
            assert!(RIGHT.contains(from), "{from}");
            let faults = parsed(&RIGHT.replacen(from, to, 1)).unwrap_err();
            let told =
                faults.iter().any(|fault| fault.starts_with(&format!("r.yaml:{place}:")) && fault.contains(words));
            assert!(told, "{to}: {faults:?}");
        }
        let twice = format!("{RIGHT}  - name: read-out-protection\n    apply: [{{reset: true}}]\n");
        assert!(parsed(&twice).unwrap_err()[0].contains("a second time"));
        assert!(parsed(&RIGHT[..RIGHT.find("steps").unwrap()]).is_err());
        assert!(parsed("name: x\nchip: y\nirreversible: true\nsteps: []\n").unwrap_err()[0].contains("is empty"));
        assert!(parsed("").is_err() && parsed("[]").is_err());
    }
}
