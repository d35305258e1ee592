//! `config.json` and the weights.

use crate::kind::judge;

#[tokio::test]
async fn attention_that_is_not_an_encoders_is_refused() {
    judge("decoders").await;
}

#[tokio::test]
async fn one_label_never_has_a_constant_probability() {
    judge("one-label").await;
}

#[tokio::test]
async fn a_cross_encoder_is_classified_as_transformers_does_or_refused_by_its_activation() {
    judge("cross-encoders").await;
}

#[tokio::test]
async fn every_activation_of_the_feed_forward_is_computed_or_refused() {
    judge("activations").await;
}

#[tokio::test]
async fn dtypes_padding_ids_and_labels_are_read_as_transformers_reads_them() {
    judge("values").await;
}

#[tokio::test]
async fn the_encoder_serves_where_the_head_cannot() {
    judge("other-heads").await;
}
