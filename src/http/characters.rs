//! Characters of a text by their number.

/// A text, indexed by its characters.
pub struct Characters<'t> {
    text: &'t str,
    /// The byte where each character begins, and the length of the text.
    starts: Vec<usize>,
}

impl<'t> Characters<'t> {
    /// Finds the characters of a text.
    pub fn new(text: &'t str) -> Self {
        let starts = text.char_indices().map(|(at, _)| at).chain([text.len()]).collect();
        Self { text, starts }
    }

    /// The characters from `start` to before `end`, if that is behind it; none beyond the end of the text.
    pub fn slice(&self, start: usize, end: usize) -> String {
        let at = |character: usize| self.starts.get(character).copied().unwrap_or(self.text.len());
        self.text.get(at(start)..at(end)).unwrap_or_default().to_owned()
    }
}
