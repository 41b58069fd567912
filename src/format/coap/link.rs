//! Lists of links (RFC 6690, section 2): what a device says it offers.

/// The longest list that is read, in bytes.
pub const LONGEST_LINKS: usize = 1 << 16;
/// Most links of a list, and most attributes of a link.
const MOST: usize = 1_024;

/// Why a text is no list of links.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum LinkError {
    /// Longer than is read.
    #[error("the list of links has {found} {what}, at most {limit} are read")]
    TooMuch {
        /// "bytes", "links" or "attributes".
        what: &'static str,
        /// Found.
        found: usize,
        /// Allowed.
        limit: usize,
    },
    /// Against the grammar.
    #[error("the list of links is wrong at byte {at}: {reason}")]
    Wrong {
        /// Where, in bytes from 0.
        at: usize,
        /// What is wrong.
        reason: &'static str,
    },
}

/// A link with its attributes, as they stand.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Link {
    /// What stands between `<` and `>`.
    pub target: String,
    /// Name and value; none for a name alone.
    pub attributes: Vec<(String, Option<String>)>,
}

impl Link {
    /// Returns the first value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(known, _)| known == name)?.1.as_deref()
    }
}

/// Reads a list of links.
pub fn links(text: &str) -> Result<Vec<Link>, LinkError> {
    if text.len() > LONGEST_LINKS {
        return Err(LinkError::TooMuch { what: "bytes", found: text.len(), limit: LONGEST_LINKS });
    }
    let mut reader = Reader { text, at: 0 };
    let mut links = Vec::new();
    reader.skip_blanks();
    while !reader.rest().is_empty() {
        links.push(reader.link()?);
        if links.len() > MOST {
            return Err(LinkError::TooMuch { what: "links", found: links.len(), limit: MOST });
        }
        reader.skip_blanks();
        if !reader.rest().is_empty() && !reader.take(',') {
            return reader.wrong("a comma is missing");
        }
        reader.skip_blanks();
    }
    Ok(links)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    fn wrong<T>(&self, reason: &'static str) -> Result<T, LinkError> {
        Err(LinkError::Wrong { at: self.at, reason })
    }

    fn take(&mut self, letter: char) -> bool {
        let is_there = self.rest().starts_with(letter);
        self.at += if is_there { letter.len_utf8() } else { 0 };
        is_there
    }

    fn skip_blanks(&mut self) {
        self.at += self.rest().len() - self.rest().trim_start_matches([' ', '\t', '\r', '\n']).len();
    }

    /// Takes letters as long as `holds`.
    fn while_(&mut self, holds: impl Fn(char) -> bool) -> &'a str {
        let rest = self.rest();
        let length = rest.find(|letter| !holds(letter)).unwrap_or(rest.len());
        self.at += length;
        &rest[..length]
    }

    fn link(&mut self) -> Result<Link, LinkError> {
        if !self.take('<') {
            return self.wrong("a link begins with <");
        }
        let target = self.while_(|letter| !matches!(letter, '<' | '>') && !letter.is_control()).to_owned();
        if !self.take('>') {
            return self.wrong("a link is not closed with >");
        }
        let mut attributes = Vec::new();
        self.skip_blanks();
        while self.take(';') {
            self.skip_blanks();
            attributes.push(self.attribute()?);
            if attributes.len() > MOST {
                return Err(LinkError::TooMuch { what: "attributes", found: attributes.len(), limit: MOST });
            }
            self.skip_blanks();
        }
        Ok(Link { target, attributes })
    }

    fn attribute(&mut self) -> Result<(String, Option<String>), LinkError> {
        let is_name = |letter: char| letter.is_ascii_alphanumeric() || "!#$&+-.^_`|~*".contains(letter);
        let name = self.while_(is_name).to_owned();
        if name.is_empty() {
            return self.wrong("the name of an attribute is missing");
        }
        if !self.take('=') {
            return Ok((name, None));
        }
        if self.take('"') {
            return Ok((name, Some(self.quoted()?)));
        }
        let value = self.while_(|letter| letter.is_ascii_graphic() && !matches!(letter, '"' | ',' | ';' | '\\'));
        if value.is_empty() {
            return self.wrong("the value of an attribute is missing");
        }
        Ok((name, Some(value.to_owned())))
    }

    /// Reads up to the closing quote; a backslash takes the next letter as it is.
    fn quoted(&mut self) -> Result<String, LinkError> {
        let mut value = String::new();
        let mut letters = self.rest().char_indices();
        while let Some((at, letter)) = letters.next() {
            match letter {
                '"' => {
                    self.at += at + 1;
                    return Ok(value);
                }
                '\\' => match letters.next() {
                    Some((_, letter)) => value.push(letter),
                    None => break,
                },
                letter => value.push(letter),
            }
        }
        self.wrong("a quote is not closed")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// RFC 6690, section 5, and RFC 9176, section 9.
    #[test]
    fn the_examples_of_the_standards_are_read() {
        let text = "</sensors>;ct=40;title=\"Sensor Index\",\r\n</sensors/temp>;rt=\"temperature-c\";if=\"sensor\",
            <http://www.example.com/sensors/t123>;anchor=\"/sensors/temp\";rel=\"describedby\",</t>;obs";
        let found = links(text).unwrap();
        assert_eq!(found.len(), 4);
        assert_eq!(found[0].attribute("title"), Some("Sensor Index"));
        assert_eq!(found[0].attribute("ct"), Some("40"));
        assert_eq!(found[3].attributes, [("obs".to_owned(), None)]);
        let node = links("<coap://[2001:db8:3::123]:61616>;ep=\"node1\"").unwrap();
        assert_eq!(
            (node[0].target.as_str(), node[0].attribute("ep")),
            ("coap://[2001:db8:3::123]:61616", Some("node1"))
        );
        assert_eq!(links("</a>;t=\"say \\\"x\\\", y\"").unwrap()[0].attribute("t"), Some("say \"x\", y"));
        assert_eq!(links(""), Ok(Vec::new()));
    }

    #[test]
    fn what_is_no_list_is_refused_at_its_place() {
        for (text, at) in [
            ("x", 0),
            ("</a", 3),
            ("</a>x", 4),
            ("</a>;", 5),
            ("</a>;t=", 7),
            ("</a>;t=\"x", 8),
            ("</a>,</b> </c>", 10),
        ] {
            match links(text) {
                Err(LinkError::Wrong { at: found, .. }) => assert_eq!(found, at, "{text}"),
                other => panic!("{text}: {other:?}"),
            }
        }
        assert!(matches!(links(&"</a>,".repeat(2_000)), Err(LinkError::TooMuch { what: "links", .. })));
        assert!(matches!(links(&" ".repeat(LONGEST_LINKS + 1)), Err(LinkError::TooMuch { what: "bytes", .. })));
    }

    proptest! {
        #[test]
        fn nothing_panics(text in "[<>;,=\" a-c\\\\/é\r\n]{0,60}") {
            if let Ok(found) = links(&text) {
                prop_assert!(found.len() <= text.len());
            }
        }
    }
}
