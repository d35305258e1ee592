//! sentence-transformers folders.

use crate::kind::judge;

#[tokio::test]
async fn a_list_of_modules_that_makes_no_row_is_refused() {
    judge("module-lists").await;
}

#[tokio::test]
async fn a_transformer_in_a_folder_of_its_own_is_read_from_there() {
    judge("subfolders").await;
}

#[tokio::test]
async fn the_transformers_own_settings_are_obeyed_or_refused() {
    judge("transformer-settings").await;
}

#[tokio::test]
async fn several_poolings_come_in_the_order_of_sentence_transformers() {
    judge("poolings").await;
}

#[tokio::test]
async fn layers_after_the_pooling_run_in_their_order() {
    judge("module-chains").await;
}

#[tokio::test]
async fn prompts_may_be_null_or_left_out_of_the_pooling() {
    judge("prompts").await;
}
