//! Calibration files.

use std::fs;
use std::sync::Arc;

use serde_json::Value;
use strata::quantization::{Calibration, CalibrationError, Calibrations, Precision};
use tempfile::TempDir;

/// Reads a calibration. One that is accepted is the same after it was written and read again, and
/// converts rows; a refusal names the file.
pub fn run(data: &[u8]) {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("calibration.json");
    fs::write(&file, data).unwrap();
    let json: Option<Value> = serde_json::from_slice(data).ok();
    let fingerprint = json.and_then(|json| Some(json.get("fingerprint")?.as_str()?.to_owned()));
    let calibration = match Calibration::read(&file, fingerprint.as_deref().unwrap_or_default()) {
        Ok(calibration) => calibration,
        Err(error) => {
            assert!(!matches!(error, CalibrationError::OtherModel { .. }), "{error}");
            assert!(error.to_string().contains("calibration.json"), "{error}");
            return;
        }
    };
    let written = folder.path().join("again.json");
    calibration.write(&written).unwrap();
    assert_eq!(Calibration::read(&written, &calibration.fingerprint).unwrap(), calibration);
    let twice = Calibrations::read(&[file, written], &calibration.fingerprint);
    assert!(matches!(twice, Err(CalibrationError::Repeated { .. })));
    let width = calibration.ranges.width();
    for precision in [Precision::Int8, Precision::Uint8] {
        let ranges = || Ok::<_, ()>(Arc::clone(&calibration.ranges));
        let quantizer = precision.quantizer(ranges).unwrap();
        let values = serde_json::to_value(quantizer.convert(vec![0.5; width])).unwrap();
        assert_eq!(values.as_array().map(Vec::len), Some(width));
    }
}
