//! The embedding stage: a sum of rows of tables, a norm, and a projection if the tables are narrower.

use super::tensors::{LinearSpec, NormSpec, TableSpec};

/// The embedding stage.
#[derive(Clone, Debug)]
pub struct EmbeddingSpec {
    /// A row for each id, `(vocabulary, e)`; `e` is `c` if there is no projection.
    pub words: TableSpec,
    /// A row for each position.
    pub positions: Option<PositionTable>,
    /// A row for each token type.
    pub token_types: Option<TableSpec>,
    /// The projection, `(e) → (c)`.
    pub projection: Option<LinearSpec>,
    /// The norm, of `e` columns if it comes first, and of `c` columns otherwise.
    pub norm: NormSpec,
    /// Whether the norm comes before the projection.
    pub is_norm_first: bool,
}

impl EmbeddingSpec {
    /// The same stage with a projection, and as many columns in its tables as that has inputs.
    #[must_use]
    pub fn with_projection(self, projection: LinearSpec) -> Self {
        let narrow = |table: TableSpec| TableSpec { columns: projection.inputs, ..table };
        let positions = self.positions.map(|positions| PositionTable {
            table: narrow(positions.table),
            rows: positions.rows,
        });
        Self {
            words: narrow(self.words),
            positions,
            token_types: self.token_types.map(narrow),
            projection: Some(projection),
            ..self
        }
    }

    /// The same stage with a norm of the tables' columns, before the projection.
    #[must_use]
    pub fn with_norm_first(self) -> Self {
        let norm = NormSpec { columns: self.words.columns, ..self.norm };
        Self { norm, is_norm_first: true, ..self }
    }

    /// `c`, columns of a hidden state.
    pub fn hidden_size(&self) -> usize {
        self.projection.as_ref().map_or(self.words.columns, |projection| projection.outputs)
    }
}

/// The table of position embeddings.
#[derive(Clone, Debug)]
pub struct PositionTable {
    /// `(positions, e)`
    pub table: TableSpec,
    /// Which row belongs to which token.
    pub rows: PositionRows,
}

/// Which row of the position table a token has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PositionRows {
    /// The token's place, counted from 0.
    Places,
    /// As in RoBERTa: with `p` the id of padding, `p` for a token of padding, also inside a text, and
    /// `p + 1`, `p + 2` and so on for the others.
    AfterPadding(u32),
}

impl PositionRows {
    /// The row of each token.
    pub fn of_tokens(self, ids: &[u32]) -> impl Iterator<Item = usize> {
        let mut counted = 0;
        ids.iter().enumerate().map(move |(place, &id)| match self {
            Self::Places => place,
            Self::AfterPadding(padding) if id == padding => padding as usize,
            Self::AfterPadding(padding) => {
                counted += 1;
                padding as usize + counted
            }
        })
    }

    /// The most tokens for which a table of `rows` rows has a row each.
    pub fn most_tokens(self, rows: usize) -> usize {
        match self {
            Self::Places => rows,
            Self::AfterPadding(padding) => rows.saturating_sub(padding as usize + 1),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn padding_inside_a_text_has_the_row_of_padding_and_takes_no_place() {
        let rows = |rows: PositionRows| rows.of_tokens(&[0, 7, 1, 7, 2]).collect::<Vec<_>>();
        assert_eq!(rows(PositionRows::Places), [0, 1, 2, 3, 4]);
        assert_eq!(rows(PositionRows::AfterPadding(1)), [2, 3, 1, 4, 5]);
        assert_eq!(PositionRows::Places.most_tokens(514), 514);
        assert_eq!(PositionRows::AfterPadding(1).most_tokens(514), 512);
        assert_eq!(PositionRows::AfterPadding(1).most_tokens(1), 0);
    }
}
