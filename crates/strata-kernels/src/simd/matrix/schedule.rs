//! The order in which the products of a GEMM follow each other.

use super::{COLUMNS, ROWS, Start};

/// The most rows of a block.
const BLOCK_ROWS: usize = 256;

/// The sizes of a GEMM, and how many chunks of `k` follow each other. For some rows, and then the
/// next ones: all panels in rounds of `round_chunks` chunks, each panel in blocks of `block_chunks`.
pub struct Schedule {
    rows: usize,
    panels: usize,
    chunks: usize,
    round_chunks: usize,
    block_chunks: usize,
}

/// Some rows, one panel and some chunks of `k`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Block {
    pub first_row: usize,
    pub rows: usize,
    pub panel: usize,
    pub first_chunk: usize,
    pub chunks: usize,
}

/// Up to two tiles of rows and one panel.
#[derive(Clone, Copy)]
pub struct PanelRows {
    pub panel: usize,
    pub first_row: usize,
    pub rows: usize,
}

impl Block {
    /// How many times two tiles of rows it has.
    #[inline(always)]
    pub fn pairs(&self) -> usize {
        self.rows.div_ceil(ROWS)
    }

    /// Where the sums of its products start.
    #[inline(always)]
    pub fn start(&self) -> Start {
        if self.first_chunk == 0 { Start::Zero } else { Start::Memory }
    }

    /// The rows of a pair.
    #[inline(always)]
    pub fn pair(&self, pair: usize) -> PanelRows {
        PanelRows {
            panel: self.panel,
            first_row: self.first_row + pair * ROWS,
            rows: ROWS.min(self.rows - pair * ROWS),
        }
    }
}

impl Schedule {
    /// Two tiles of rows have all chunks of a panel in one block, since there is nothing to be
    /// reused.
    #[inline(always)]
    pub fn new(
        rows: usize,
        panels: usize,
        chunks: usize,
        round_chunks: usize,
        block_chunks: usize,
    ) -> Self {
        if rows <= ROWS {
            return Self { rows, panels, chunks, round_chunks: chunks, block_chunks: chunks };
        }
        Self { rows, panels, chunks, round_chunks, block_chunks }
    }

    /// The first block, unless there is none.
    #[inline(always)]
    pub fn first(&self) -> Option<Block> {
        (self.panels > 0).then(|| self.block(0, 0, 0)).flatten()
    }

    /// The block that follows.
    #[inline(always)]
    pub fn after(&self, block: &Block) -> Option<Block> {
        let Block { first_row, panel, first_chunk, .. } = *block;
        let next_chunk = first_chunk + block.chunks;
        let round = first_chunk / self.round_chunks * self.round_chunks;
        if next_chunk < self.round_end(first_chunk) {
            self.block(first_row, panel, next_chunk)
        } else if panel + 1 < self.panels {
            self.block(first_row, panel + 1, round)
        } else if next_chunk < self.chunks {
            self.block(first_row, 0, next_chunk)
        } else {
            self.block(first_row + block.rows, 0, 0)
        }
    }

    /// Whether the sums of a block's rows are complete after it.
    #[inline(always)]
    pub fn is_last_of_k(&self, block: &Block) -> bool {
        block.first_chunk + block.chunks == self.chunks
    }

    /// Whether it is the first block of its rows.
    #[inline(always)]
    pub fn is_first_of_rows(&self, block: &Block) -> bool {
        block.panel == 0 && block.first_chunk == 0
    }

    /// The words that the sums need.
    pub fn sums_words(&self) -> usize {
        let pairs = self.rows.min(BLOCK_ROWS).div_ceil(ROWS);
        self.places(pairs) * ROWS * COLUMNS
    }

    /// The first word of the sums of a pair of tiles of rows. They stay valid during the next
    /// product of the same rows.
    #[inline(always)]
    pub fn sums_of_pair(&self, block: &Block, pair: usize) -> usize {
        let pairs = block.pairs();
        (block.panel * pairs + pair) % self.places(pairs) * ROWS * COLUMNS
    }

    /// The number of pairs whose sums are kept at a time.
    #[inline(always)]
    fn places(&self, pairs: usize) -> usize {
        if self.round_chunks < self.chunks {
            self.panels * pairs
        } else if self.block_chunks < self.chunks {
            pairs + 1
        } else {
            2
        }
    }

    #[inline(always)]
    fn round_end(&self, chunk: usize) -> usize {
        ((chunk / self.round_chunks + 1) * self.round_chunks).min(self.chunks)
    }

    #[inline(always)]
    fn block(&self, first_row: usize, panel: usize, first_chunk: usize) -> Option<Block> {
        let rows = self.rows.checked_sub(first_row).filter(|rows| *rows > 0)?.min(BLOCK_ROWS);
        let chunks = self.block_chunks.min(self.round_end(first_chunk) - first_chunk);
        Some(Block { first_row, rows, panel, first_chunk, chunks })
    }
}
