//! `keyword_spotting`, what it takes.
#![no_std]
#![no_main]

use microflow::buffer::Buffer2D;
use microflow_macros::model;

#[model("../../../shared/models/kws_ref_model.tflite")]
struct Model;

rekindle_microflow_m4::measured!(Model, [Buffer2D::from_element([0])]);
