//! The tables of [`TokenScores`](crate::TokenScores) as the kernels read them.

/// Rows of a table.
#[derive(Clone, Copy)]
pub struct TableRows {
    /// Where column 0 of the first row is, or would be.
    pub first: *const f32,
    pub stride: usize,
}

impl TableRows {
    /// A number of a row.
    #[inline(always)]
    pub fn at(&self, row: usize, column: usize) -> *const f32 {
        self.first.wrapping_add(row * self.stride + column)
    }
}

/// What a query and a key add to their score, each by their distance, `query − key`.
///
/// Guarantees: the column of a distance is `distance` after `columns`, which is valid for all distances
/// of queries and keys. `queries` has a row for each query and `keys` one for each key, each valid for all
/// of these columns. Places of numbers in 16 rows are below 2^31.
#[derive(Clone, Copy)]
pub struct TokenTables {
    /// The place of the first query among the keys.
    pub first_query: usize,
    pub queries: Option<TableRows>,
    pub keys: Option<TableRows>,
    pub columns: *const u32,
}

impl TokenTables {
    /// The column of a query and a key.
    ///
    /// # Safety
    /// The guarantees hold, and there are this query and this key.
    #[inline(always)]
    pub unsafe fn column(&self, query: usize, key: usize) -> usize {
        // SAFETY: there is a column for the distance of any query and key.
        unsafe { *self.columns_from(query, key) as usize }
    }

    /// The columns of a query and those after it with a key.
    #[inline(always)]
    pub fn columns_from(&self, query: usize, key: usize) -> *const u32 {
        self.columns.wrapping_add(self.first_query + query).wrapping_sub(key)
    }

    /// The score with what the query and the key add to it.
    ///
    /// # Safety
    /// As for [`column`](Self::column).
    #[inline(always)]
    pub unsafe fn add(&self, score: f32, query: usize, key: usize) -> f32 {
        // SAFETY: the caller guarantees the query and the key, so that both rows have this column.
        unsafe {
            let column = self.column(query, key);
            let with_query = match self.queries {
                Some(rows) => score + *rows.at(query, column),
                None => score,
            };
            match self.keys {
                Some(rows) => with_query + *rows.at(key, column),
                None => with_query,
            }
        }
    }
}
