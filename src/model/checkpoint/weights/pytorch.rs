//! The tensors of a file that `torch.save` wrote: where they lie in it. No code in it is run.
//!
//! Such a file is a ZIP archive. Its `data.pkl` says which tensor lies in which other file of the
//! archive, which candle reads as data; those files aren't compressed, so that tensors can be read in
//! place.

use std::collections::BTreeMap;
use std::io::Cursor;
use std::path::Path;

use candle_core::DType;
use candle_core::pickle::{TensorInfo, read_pth_tensor_info};
use safetensors::Dtype;
use zip::{CompressionMethod, ZipArchive};

use super::Located;

/// The first bytes of a ZIP archive.
const ARCHIVE: &[u8] = b"PK";
/// The first bytes of a pickle, which older versions of PyTorch wrote as they are.
const PICKLE: &[u8] = &[0x80];
/// Names under which training scripts save tensors among other things.
const INNER: [&str; 4] = ["state_dict", "model_state_dict", "model", "module"];

/// The tensors of the file at `path`, which has these `bytes`, by their names. `file` is the index that
/// they get.
///
/// # Errors
/// It has no tensors, or one that can't be read in place; the message says why and what to do.
pub(super) fn tensors(
    path: &Path,
    bytes: &[u8],
    file: usize,
) -> Result<BTreeMap<String, Located>, String> {
    if bytes.starts_with(PICKLE) {
        return Err(
            "PyTorch older than 1.6 wrote it; load it and save it again, best as safetensors"
                .to_owned(),
        );
    }
    if !bytes.starts_with(ARCHIVE) {
        return Err("not a file of torch.save; download it again".to_owned());
    }
    let damaged = |error: &dyn std::fmt::Display| format!("{error}; download it again");
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|error| damaged(&error))?;
    let mut infos = Vec::new();
    for key in [None].into_iter().chain(INNER.map(Some)) {
        // Without the key, the file has no such part.
        infos = match read_pth_tensor_info(path, false, key) {
            Ok(infos) => infos,
            Err(_) if key.is_some() => continue,
            Err(error) => return Err(damaged(&error)),
        };
        if !infos.is_empty() {
            break;
        }
    }
    if infos.is_empty() {
        return Err("it has no tensors by name; save a state_dict".to_owned());
    }
    infos
        .into_iter()
        .map(|info| {
            let located = locate(&info, &mut archive, bytes.len(), file)
                .map_err(|message| format!("tensor \"{}\": {message}", info.name))?;
            Ok((info.name, located))
        })
        .collect()
}

/// Where a tensor lies.
fn locate(
    info: &TensorInfo,
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    length: usize,
    file: usize,
) -> Result<Located, String> {
    let TensorInfo { dtype, layout, path, .. } = info;
    let dtype = match dtype {
        DType::F64 => Dtype::F64,
        DType::F32 => Dtype::F32,
        DType::F16 => Dtype::F16,
        DType::BF16 => Dtype::BF16,
        DType::I64 => Dtype::I64,
        DType::U8 => Dtype::U8,
        other => return Err(format!("its numbers are {other:?}; save it as float32")),
    };
    if !layout.is_contiguous() {
        return Err("its rows don't follow each other; save it after .contiguous()".to_owned());
    }
    let entry = archive.by_name(path).map_err(|error| format!("{path}: {error}"))?;
    if entry.compression() != CompressionMethod::Stored {
        return Err(format!("{path} is compressed; save it with torch.save again"));
    }
    let truncated = || format!("{path} is too short for it; download it again");
    let start = entry.data_start().and_then(|start| usize::try_from(start).ok());
    let start = start.ok_or_else(truncated)?;
    let size = usize::try_from(entry.size()).map_err(|_| truncated())?;
    let shape = layout.dims().to_vec();
    let numbers = shape.iter().try_fold(1_usize, |product, &size| product.checked_mul(size));
    let bytes = numbers.and_then(|numbers| numbers.checked_mul(info.dtype.size_in_bytes()));
    let end = bytes.and_then(|bytes| layout.start_offset().checked_add(bytes));
    let end = end.filter(|&end| end <= size).ok_or_else(truncated)?;
    let within = |offset: usize| start.checked_add(offset).filter(|&at| at <= length);
    match (within(layout.start_offset()), within(end)) {
        (Some(start), Some(end)) => Ok(Located { file, dtype, shape, bytes: start..end }),
        _ => Err(truncated()),
    }
}
