//! The recipes that are compared.

use serde::Serialize;

use crate::model::recipe::{Combine, Pooling, Recipe, last_four};

/// A recipe and its place in a table of layers by poolings.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// The layers and how they are combined, in words.
    pub layers: String,
    /// How tokens are pooled.
    pub pooling: Pooling,
    /// The recipe, as `train` takes it.
    pub recipe: Recipe,
}

impl Candidate {
    /// `last four averaged, mean`
    pub fn name(&self) -> String {
        format!("{}, {}", self.layers, self.pooling.name())
    }
}

/// The poolings that are compared.
pub const POOLINGS: [Pooling; 4] = [Pooling::Mean, Pooling::Cls, Pooling::Max, Pooling::MeanMax];

/// For an encoder with `layers` layers: each layer alone, and the last four averaged, concatenated,
/// and weighted with learned layer weights, each with every pooling. If `quick`, the ten most
/// useful of them.
pub fn candidates(layers: usize, quick: bool) -> Vec<Candidate> {
    let all = combinations(layers).into_iter().enumerate().flat_map(|(row, combination)| {
        POOLINGS.into_iter().filter(move |&pooling| !quick || is_quick(row, pooling)).map(
            move |pooling| {
                let Combination { name, layers, combine } = combination.clone();
                let recipe = Recipe { layers, combine, pooling, ..Recipe::default() };
                Candidate { layers: name, pooling, recipe }
            },
        )
    });
    all.collect()
}

#[derive(Clone)]
struct Combination {
    name: String,
    /// As a recipe numbers them: -1 is the last layer, 0 the embedding output.
    layers: Vec<i32>,
    combine: Combine,
}

/// The last four layers averaged, concatenated and weighted (with several layers); then each layer
/// alone, from the last to the embedding output.
fn combinations(layers: usize) -> Vec<Combination> {
    let last = last_four(layers);
    let number = match last.len() {
        4 => "four".to_owned(),
        n => n.to_string(),
    };
    let combined = [
        ("averaged", Combine::Mean),
        ("concatenated", Combine::Concat),
        ("weighted", Combine::Weighted),
    ];
    let combined = combined.into_iter().filter(|_| last.len() > 1).map(|(verb, combine)| {
        Combination { name: format!("last {number} {verb}"), layers: last.clone(), combine }
    });
    let alone = |name: String, layer: i32| Combination {
        name,
        layers: vec![layer],
        combine: Combine::Mean,
    };
    let single = (1..=layers as i32).map(|back| {
        let name = match back {
            1 => "last layer".to_owned(),
            2 => "second to last layer".to_owned(),
            back => format!("layer {}", layers as i32 + 1 - back),
        };
        alone(name, -back)
    });
    combined.chain(single).chain([alone("embedding output".to_owned(), 0)]).collect()
}

/// By the row of [`combinations`]: mean pooling of all combinations, of the last layer and of the
/// one before it; CLS pooling of the average and of the concatenation; all poolings of the last
/// layer.
fn is_quick(row: usize, pooling: Pooling) -> bool {
    match row {
        0 | 1 => matches!(pooling, Pooling::Mean | Pooling::Cls),
        2 | 4 => pooling == Pooling::Mean,
        3 => true,
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_layer_and_combination_is_compared_with_every_pooling() {
        let all = candidates(6, false);
        assert_eq!(all.len(), (3 + 7) * 4);
        assert_eq!(all[0].recipe, Recipe::default());
        assert_eq!(all[0].name(), "last four averaged, mean");
        let names: Vec<&str> =
            all.iter().step_by(4).map(|candidate| candidate.layers.as_str()).collect();
        assert_eq!(names[3..6], ["last layer", "second to last layer", "layer 4"]);
        assert_eq!(all[39].recipe.layers, [0]);
    }

    #[test]
    fn a_quick_comparison_has_ten_recipes() {
        let quick = candidates(12, true);
        assert_eq!(quick.len(), 10);
        assert!(quick.iter().all(|candidate| candidates(12, false).contains(candidate)));
    }

    #[test]
    fn a_single_layer_is_not_combined() {
        let names: Vec<String> =
            candidates(1, false).into_iter().step_by(4).map(|candidate| candidate.layers).collect();
        assert_eq!(names, ["last layer", "embedding output"]);
    }
}
