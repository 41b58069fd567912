//! Near misses: what a person probably meant.

/// Returns the candidate nearest to `word` if it is near enough to be meant: case apart, at most a third of the letters
/// added, dropped, changed or swapped.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = folded(word);
    let reach = (wanted.len() / 3).max(1);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(word.len()) <= reach * 4)
        .map(|candidate| (distance(&wanted, &folded(candidate)), candidate))
        .filter(|(distance, _)| *distance <= reach)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Returns the hint that goes with an unknown word: the nearest candidate, else all of them if they are few.
pub fn hint<'a>(word: &str, candidates: impl Iterator<Item = &'a str> + Clone) -> Option<String> {
    if let Some(near) = nearest(word, candidates.clone()) {
        return Some(format!("did you mean {near:?}?"));
    }
    let known: Vec<&str> = candidates.take(13).collect();
    (1..=12).contains(&known.len()).then(|| format!("known here: {}", known.join(", ")))
}

fn folded(word: &str) -> Vec<char> {
    word.chars().take(64).map(|c| if c == '-' { '_' } else { c.to_ascii_lowercase() }).collect()
}

/// Optimal string alignment distance: insertions, deletions, changes and swaps of neighbours count one each.
fn distance(a: &[char], b: &[char]) -> usize {
    let mut before = vec![0; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).collect();
    for i in 1..=a.len() {
        let mut row = vec![i; b.len() + 1];
        for j in 1..=b.len() {
            let changed = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = changed.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        before = std::mem::replace(&mut last, row);
    }
    last[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_and_another_word_does_not() {
        let words = ["template", "seal", "accept_plaintext"];
        assert_eq!(nearest("tempalte", words), Some("template"));
        assert_eq!(nearest("accept-plaintext", words), Some("accept_plaintext"));
        assert_eq!(nearest("SEAL", words), Some("seal"));
        assert_eq!(nearest("label", words), None);
        assert_eq!(nearest("", words), None);
    }
}
