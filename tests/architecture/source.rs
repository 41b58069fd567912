//! Reads Rust source just well enough to know which paths it names: comments and literals are dropped, the rest is words.

/// One path as written, with what it is relative to, and how it got there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Named {
    /// The module the path stands in: the file's own, then inline modules.
    pub(crate) inside: Vec<String>,
    /// The path's segments as written (`crate`, `super`, a crate's or module's name first).
    pub(crate) path: Vec<String>,
    /// Number of the line.
    pub(crate) line: usize,
    /// True in a `use` declaration.
    pub(crate) is_use: bool,
    /// True in a `pub use` declaration.
    pub(crate) is_pub: bool,
    /// The name a `use` gives it (`as`), else the last segment.
    pub(crate) alias: Option<String>,
    /// True inside a `#[cfg(test)]` module.
    pub(crate) in_tests: bool,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Token {
    Word(String),
    PathSep,
    Mark(char),
}

/// Returns every path named in `text`, the source of module `module`.
pub(crate) fn paths(text: &str, module: &[String]) -> Vec<Named> {
    Reader { tokens: tokens(&blank_out(text)), at: 0, found: Vec::new() }.read(module)
}

/// Replaces comments, strings and character literals by blanks; line breaks stay.
pub(crate) fn blank_out(text: &str) -> String {
    let bytes: Vec<char> = text.chars().collect();
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while at < bytes.len() {
        let end = match (bytes[at], bytes.get(at + 1)) {
            ('/', Some('/')) => line_end(&bytes, at),
            ('/', Some('*')) => comment_end(&bytes, at),
            ('"', _) => string_end(&bytes, at),
            ('r', Some('"' | '#')) if !ends_in_word(&out) => raw_string_end(&bytes, at).unwrap_or(at),
            ('\'', _) => character_end(&bytes, at).unwrap_or(at),
            _ => at,
        };
        if end == at {
            out.push(bytes[at]);
            at += 1;
        } else {
            out.extend(bytes[at..end].iter().map(|c| if *c == '\n' { '\n' } else { ' ' }));
            at = end;
        }
    }
    out
}

fn ends_in_word(text: &str) -> bool {
    text.ends_with(|c: char| c.is_alphanumeric() || c == '_') && !text.ends_with('b')
}

fn line_end(text: &[char], at: usize) -> usize {
    text[at..].iter().position(|c| *c == '\n').map_or(text.len(), |length| at + length)
}

fn comment_end(text: &[char], mut at: usize) -> usize {
    let mut depth = 0;
    while at < text.len() {
        match (text[at], text.get(at + 1)) {
            ('/', Some('*')) => (depth, at) = (depth + 1, at + 2),
            ('*', Some('/')) => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
        if depth == 0 {
            return at;
        }
    }
    at
}

fn string_end(text: &[char], mut at: usize) -> usize {
    at += 1;
    while at < text.len() {
        match text[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    text.len()
}

fn raw_string_end(text: &[char], at: usize) -> Option<usize> {
    let marks = text[at + 1..].iter().take_while(|c| **c == '#').count();
    (text.get(at + 1 + marks) == Some(&'"')).then_some(())?;
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', marks)).collect();
    let from = at + 2 + marks;
    let length = text.get(from..)?.windows(end.len()).position(|window| window == end)?;
    Some(from + length + end.len())
}

/// A quote begins a character, or a lifetime, which stays.
fn character_end(text: &[char], at: usize) -> Option<usize> {
    match (text.get(at + 1)?, text.get(at + 2)?) {
        ('\\', _) => text[at + 3..].iter().position(|c| *c == '\'').map(|length| at + 4 + length),
        (_, '\'') => Some(at + 3),
        _ => None,
    }
}

fn tokens(text: &str) -> Vec<(Token, usize)> {
    let mut tokens = Vec::new();
    for (number, line) in text.lines().enumerate() {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            let word = rest.find(|c: char| !c.is_alphanumeric() && c != '_').unwrap_or(rest.len());
            let (token, length) = if word > 0 {
                (Some(Token::Word(rest[..word].to_owned())), word)
            } else if rest.starts_with("::") {
                (Some(Token::PathSep), 2)
            } else {
                ((!first.is_whitespace()).then_some(Token::Mark(first)), first.len_utf8())
            };
            tokens.extend(token.map(|token| (token, number + 1)));
            rest = &rest[length..];
        }
    }
    tokens
}

struct Reader {
    tokens: Vec<(Token, usize)>,
    at: usize,
    found: Vec<Named>,
}

/// An inline module that is open: its name, the brace depth inside it, whether it is for tests.
struct Open {
    name: String,
    depth: usize,
    tests: bool,
}

impl Reader {
    fn read(mut self, module: &[String]) -> Vec<Named> {
        let (mut open, mut depth): (Vec<Open>, usize) = (Vec::new(), 0);
        while self.at < self.tokens.len() {
            if let Some(name) = self.inline_module() {
                let tests = self.follows_cfg_test();
                self.at += 3;
                depth += 1;
                open.push(Open { name, depth, tests });
                continue;
            }
            let inside: Vec<String> = module.iter().cloned().chain(open.iter().map(|open| open.name.clone())).collect();
            let in_tests = open.iter().any(|open| open.tests);
            match self.peek(0) {
                Some(Token::Mark('{')) => depth += 1,
                Some(Token::Mark('}')) => {
                    open.retain(|open| open.depth < depth);
                    depth = depth.saturating_sub(1);
                }
                Some(Token::Word(word)) if word == "use" => {
                    self.declaration(&inside, in_tests);
                    continue;
                }
                Some(Token::Word(_)) => {
                    self.path(&inside, in_tests);
                    continue;
                }
                _ => {}
            }
            self.at += 1;
        }
        self.found
    }

    fn peek(&self, ahead: usize) -> Option<&Token> {
        self.tokens.get(self.at + ahead).map(|(token, _)| token)
    }

    fn inline_module(&self) -> Option<String> {
        let is_mod = self.peek(0) == Some(&Token::Word("mod".into()));
        match (is_mod, self.peek(1), self.peek(2)) {
            (true, Some(Token::Word(name)), Some(Token::Mark('{'))) => Some(name.clone()),
            _ => None,
        }
    }

    /// Looks back over visibility and attributes for `#[cfg(test)]` right before a module.
    fn follows_cfg_test(&self) -> bool {
        let before: Vec<&Token> =
            self.tokens[self.at.saturating_sub(24)..self.at].iter().map(|(token, _)| token).collect();
        let start = before.iter().rposition(|token| matches!(token, Token::Mark(';' | '}'))).map_or(0, |at| at + 1);
        let words: Vec<&str> = before[start..]
            .iter()
            .filter_map(|token| if let Token::Word(word) = token { Some(word.as_str()) } else { None })
            .collect();
        words.windows(2).any(|pair| pair == ["cfg", "test"])
    }

    fn path(&mut self, inside: &[String], in_tests: bool) {
        let line = self.tokens[self.at].1;
        let continues = self.at > 0 && self.tokens[self.at - 1].0 == Token::PathSep;
        let mut path = Vec::new();
        while let Some(Token::Word(word)) = self.peek(0) {
            path.push(word.clone());
            self.at += 1;
            if self.peek(0) != Some(&Token::PathSep) {
                break;
            }
            self.at += 1;
        }
        if path.len() > 1 && !continues {
            let inside = inside.to_vec();
            self.found.push(Named { inside, path, line, is_use: false, is_pub: false, alias: None, in_tests });
        }
    }

    fn declaration(&mut self, inside: &[String], in_tests: bool) {
        let is_pub = self.is_public();
        let line = self.tokens[self.at].1;
        self.at += 1;
        let mut leaves = Vec::new();
        self.tree(&mut Vec::new(), &mut leaves);
        for (path, alias) in leaves {
            let inside = inside.to_vec();
            self.found.push(Named { inside, path, line, is_use: true, is_pub, alias: Some(alias), in_tests });
        }
    }

    fn is_public(&self) -> bool {
        let before = self.at.checked_sub(1).map(|at| &self.tokens[at].0);
        matches!(before, Some(Token::Word(word)) if word == "pub") || before == Some(&Token::Mark(')'))
    }

    /// Reads one tree of a `use` declaration up to its `,`, `}` or `;`.
    fn tree(&mut self, prefix: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, String)>) {
        let depth = prefix.len();
        loop {
            match self.peek(0).cloned() {
                Some(Token::Word(word)) => {
                    prefix.push(word);
                    self.at += 1;
                }
                Some(Token::PathSep) => self.at += 1,
                Some(Token::Mark('*')) => {
                    leaves.push((prefix.clone(), "*".into()));
                    self.at += 1;
                    break;
                }
                Some(Token::Mark('{')) => {
                    self.branches(prefix, leaves);
                    break;
                }
                _ => {
                    leaves.push(leaf(prefix));
                    break;
                }
            }
        }
        prefix.truncate(depth);
    }

    fn branches(&mut self, prefix: &mut Vec<String>, leaves: &mut Vec<(Vec<String>, String)>) {
        self.at += 1;
        while let Some(token) = self.peek(0) {
            match token {
                Token::Mark('}') => {
                    self.at += 1;
                    return;
                }
                Token::Mark(',') => self.at += 1,
                _ => self.tree(prefix, leaves),
            }
        }
    }
}

/// `a::b as c` was read as the words a, b, as, c.
fn leaf(path: &[String]) -> (Vec<String>, String) {
    let (path, alias) = match path {
        [path @ .., word, alias] if word == "as" => (path, alias.clone()),
        path => (path, path.last().cloned().unwrap_or_default()),
    };
    match path {
        [module @ .., last] if last == "self" && !module.is_empty() => {
            (module.to_vec(), module[module.len() - 1].clone())
        }
        path => (path.to_vec(), alias),
    }
}
