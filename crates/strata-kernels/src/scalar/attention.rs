//! Attention, query by query.

use std::slice;

use crate::arguments::{AttentionArguments, Distances, KEYS};

/// Attention with a running softmax over blocks of keys, as in `simd::attention`.
///
/// # Safety
/// The guarantees of [`AttentionArguments`] hold.
pub unsafe fn attention(arguments: &AttentionArguments) {
    let AttentionArguments { q, q_stride, k, v, kv_stride, d, scale, tables, .. } = *arguments;
    for i in 0..arguments.queries {
        // SAFETY: `i` is below `queries` and every key below `t`; scratch holds more than a block
        // of scores.
        unsafe {
            let query = slice::from_raw_parts(q.add(i * q_stride), d);
            let out = slice::from_raw_parts_mut(arguments.out.add(i * arguments.out_stride), d);
            let scores = slice::from_raw_parts_mut(arguments.scratch, KEYS);
            let row =
                |from: *const f32, key: usize| slice::from_raw_parts(from.add(key * kv_stride), d);
            let excludes = arguments.distances.is_some_and(|distances| distances.reach.is_some());
            let bias = |key: usize| {
                arguments.distances.map_or(0.0, |Distances { first_query, bias, .. }| {
                    *bias.wrapping_add(first_query + i).wrapping_sub(key)
                })
            };
            out.fill(0.0);
            let (mut max, mut sum) = (f32::NEG_INFINITY, 0.0);
            let all_keys = arguments.keys_of(i);
            for start in all_keys.clone().step_by(KEYS) {
                let keys = start..all_keys.end.min(start + KEYS);
                let mut new_max = max;
                for (score, key) in scores.iter_mut().zip(keys.clone()) {
                    let dot: f32 = query.iter().zip(row(k, key)).map(|(q, k)| q * k).sum();
                    let sum = dot + bias(key);
                    let sum = tables.map_or(sum, |tables| tables.add(sum, i, key));
                    *score = sum * scale;
                    new_max = new_max.max(*score);
                }
                let correction = libm::exp2f(max - new_max);
                max = new_max;
                sum *= correction;
                out.iter_mut().for_each(|x| *x *= correction);
                for (score, key) in scores.iter().zip(keys) {
                    let kept = if excludes && bias(key) < 0.0 { 0.0 } else { 1.0 };
                    let power = libm::exp2f(score - max) * kept;
                    sum += power;
                    out.iter_mut().zip(row(v, key)).for_each(|(x, v)| *x += power * v);
                }
            }
            out.iter_mut().for_each(|x| *x /= sum);
        }
    }
}
