//! Tokenizer files.

use crate::kind::judge;

#[tokio::test]
async fn vocab_txt_serves_berts_own_tokenizer_classes_and_any_other_is_refused() {
    judge("tokenizer-classes").await;
}

#[tokio::test]
async fn casing_accents_and_cjk_are_those_of_tokenizer_config() {
    judge("casing").await;
}

#[tokio::test]
async fn a_text_without_tokens_is_refused_by_every_route() {
    judge("no-tokens").await;
}

#[tokio::test]
async fn patterns_mean_what_they_mean_in_python() {
    judge("patterns").await;
}

#[tokio::test]
async fn ids_and_types_of_the_post_processor_must_be_in_the_tables() {
    judge("processor-tables").await;
}

#[tokio::test]
async fn the_post_processor_runs_once_whatever_it_takes() {
    judge("processor-once").await;
}

#[tokio::test]
async fn a_long_text_is_cut_at_the_side_that_the_files_name() {
    judge("truncation-sides").await;
}

#[tokio::test]
async fn sequences_are_as_long_as_the_files_allow() {
    judge("length-limits").await;
}

#[tokio::test]
async fn a_tokenizer_without_token_types_gives_zeros() {
    judge("input-names").await;
}

#[tokio::test]
async fn tokens_that_are_declared_beside_the_vocabulary_are_added() {
    judge("added-tokens").await;
}

#[tokio::test]
async fn lines_and_special_tokens_of_vocab_txt_are_read_as_python_does() {
    judge("vocabulary-lines").await;
}

#[tokio::test]
async fn other_models_of_tokenizer_json_are_computed() {
    judge("tokenizer-models").await;
}
