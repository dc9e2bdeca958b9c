//! `person_detection`, what it takes.
#![no_std]
#![no_main]

rekindle_tflm_m4::measured!(
    person_detection,
    "person_detect",
    [Conv, DepthwiseConv, AveragePool, Reshape, Softmax]
);
