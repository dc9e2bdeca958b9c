//! `keyword_spotting`, what it takes.
#![no_std]
#![no_main]

rekindle_tflm_m4::measured!(
    keyword_spotting,
    "kws_ref_model",
    [
        Conv,
        DepthwiseConv,
        AveragePool,
        Reshape,
        FullyConnected,
        Softmax
    ]
);
