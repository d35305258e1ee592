use super::*;
use crate::sequence::Sequence;

fn sequence(tokens: usize) -> Sequence {
    Sequence::new(vec![0; tokens], vec![0; tokens])
}

fn tap(layer: usize, pooling: Pooling) -> Tap {
    Tap { layer, read: Read::Pooled(pooling) }
}

/// The layout of sequences with so many tokens and these taps.
fn layout(batch: &[(usize, &[Tap])]) -> RowLayout {
    let sequences: Vec<Sequence> = batch.iter().map(|(tokens, _)| sequence(*tokens)).collect();
    let inputs = sequences.iter().zip(batch);
    let inputs = inputs.map(|(sequence, (_, taps))| PassInput::whole(sequence, taps));
    RowLayout::new(&inputs.collect::<Vec<_>>())
}

#[test]
fn the_deepest_sequences_come_first_and_each_leaves_after_its_last_layer() {
    let (mean, deep) = ([tap(2, Pooling::Mean)], [tap(1, Pooling::Cls), tap(4, Pooling::Max)]);
    let layout = layout(&[(3, &mean), (5, &deep), (2, &[tap(0, Pooling::Mean)])]);
    let places: Vec<_> =
        layout.sequences().iter().map(|sequence| (sequence.input, sequence.first)).collect();
    assert_eq!(places, [(1, 0), (0, 5), (2, 8)]);
    assert_eq!((layout.rows(), layout.depth()), (10, 4));
    let rows = |layer| (layout.layer(layer).rows, layout.layer(layer).rows_out);
    assert_eq!([1, 2, 3, 4].map(rows), [(8, 8), (8, 8), (5, 5), (5, 5)]);
}

#[test]
fn a_last_layer_that_is_read_at_one_token_computes_only_that_token() {
    let (cls, last) = ([tap(2, Pooling::Cls)], [tap(2, Pooling::LastToken), tap(2, Pooling::Cls)]);
    let layout = layout(&[(4, &cls), (3, &[tap(2, Pooling::Mean)]), (6, &last)]);
    let layer = layout.layer(1);
    assert_eq!((layer.whole.len(), layer.rows, layer.rows_out), (3, 13, 13));
    let layer = layout.layer(2);
    assert_eq!((layer.whole_rows, layer.rows, layer.rows_out), (3, 13, 6));
    let out: Vec<_> = layer.outputs().map(|(sequence, rows)| (sequence.input, rows)).collect();
    assert_eq!(out, [(1, 0..3), (0, 3..4), (2, 4..6)]);
    // Rows 3 to 6 are the first sequence's, 7 to 12 the third's.
    assert_eq!(layer.moves().collect::<Vec<_>>(), [(3, 3), (7, 4), (12, 5)]);
}

#[test]
fn reading_one_token_of_an_earlier_layer_saves_nothing() {
    let layout = layout(&[(4, &[tap(1, Pooling::Cls), tap(2, Pooling::Mean)])]);
    assert_eq!((layout.layer(1).rows_out, layout.layer(2).rows_out), (4, 4));
}

#[test]
fn a_sequence_of_one_token_has_one_row_for_any_pooling() {
    let taps = [tap(3, Pooling::Cls), tap(3, Pooling::LastToken)];
    assert_eq!(layout(&[(1, &taps)]).layer(3).rows_out, 1);
}

#[test]
fn an_empty_pass_has_no_rows() {
    let layout = layout(&[]);
    assert_eq!((layout.rows(), layout.depth()), (0, 0));
}
