use super::*;
use crate::sequence::Sequence;

fn sequence(tokens: usize) -> Sequence {
    Sequence { ids: vec![0; tokens], type_ids: vec![0; tokens] }
}

fn tap(layer: usize, pooling: Pooling) -> Tap {
    Tap { layer, read: Read::Pooled(pooling) }
}

/// A plan for sequences of so many tokens with these taps.
fn plan(batch: &[(usize, &[Tap])]) -> Plan {
    let sequences: Vec<Sequence> = batch.iter().map(|(tokens, _)| sequence(*tokens)).collect();
    let queries = sequences.iter().zip(batch);
    let queries = queries.map(|(sequence, (_, taps))| Query { sequence, taps, mask: None });
    Plan::new(&queries.collect::<Vec<_>>())
}

#[test]
fn sequences_that_go_deepest_come_first_and_each_leaves_after_its_last_layer() {
    let (mean, deep) = ([tap(2, Pooling::Mean)], [tap(1, Pooling::Cls), tap(4, Pooling::Max)]);
    let plan = plan(&[(3, &mean), (5, &deep), (2, &[tap(0, Pooling::Mean)])]);
    let places: Vec<_> = plan.members().iter().map(|member| (member.query, member.first)).collect();
    assert_eq!(places, [(1, 0), (0, 5), (2, 8)]);
    assert_eq!((plan.rows(), plan.depth()), (10, 4));
    let rows = |layer| (plan.layer(layer).rows, plan.layer(layer).rows_out);
    assert_eq!([1, 2, 3, 4].map(rows), [(8, 8), (8, 8), (5, 5), (5, 5)]);
}

#[test]
fn a_last_layer_read_at_one_token_computes_that_one() {
    let (cls, last) = ([tap(2, Pooling::Cls)], [tap(2, Pooling::LastToken), tap(2, Pooling::Cls)]);
    let plan = plan(&[(4, &cls), (3, &[tap(2, Pooling::Mean)]), (6, &last)]);
    let layer = plan.layer(1);
    assert_eq!((layer.whole.len(), layer.rows, layer.rows_out), (3, 13, 13));
    let layer = plan.layer(2);
    assert_eq!((layer.whole_rows, layer.rows, layer.rows_out), (3, 13, 6));
    let out: Vec<_> = layer.out().map(|(member, rows)| (member.query, rows)).collect();
    assert_eq!(out, [(1, 0..3), (0, 3..4), (2, 4..6)]);
    // Rows 3 to 6 are the first sequence's, 7 to 12 the third's.
    assert_eq!(layer.moves().collect::<Vec<_>>(), [(3, 3), (7, 4), (12, 5)]);
}

#[test]
fn one_token_read_at_an_earlier_layer_saves_nothing() {
    let plan = plan(&[(4, &[tap(1, Pooling::Cls), tap(2, Pooling::Mean)])]);
    assert_eq!((plan.layer(1).rows_out, plan.layer(2).rows_out), (4, 4));
}

#[test]
fn a_sequence_of_one_token_has_one_row_however_it_is_read() {
    let taps = [tap(3, Pooling::Cls), tap(3, Pooling::LastToken)];
    assert_eq!(plan(&[(1, &taps)]).layer(3).rows_out, 1);
}

#[test]
fn an_empty_pass_has_no_rows() {
    let plan = plan(&[]);
    assert_eq!((plan.rows(), plan.depth()), (0, 0));
}
