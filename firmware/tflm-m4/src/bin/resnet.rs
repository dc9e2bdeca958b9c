//! `resnet`, what it takes.
#![no_std]
#![no_main]

rekindle_tflm_m4::measured!(
    resnet,
    "pretrainedResnet_quant",
    [Conv, Add, AveragePool, Reshape, FullyConnected, Softmax]
);
