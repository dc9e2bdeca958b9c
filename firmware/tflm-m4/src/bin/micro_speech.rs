//! `micro_speech`, what it takes.
#![no_std]
#![no_main]

rekindle_tflm_m4::measured!(
    micro_speech,
    "micro_speech_quantized",
    [Reshape, DepthwiseConv, FullyConnected, Softmax]
);
