//! The whole network and each of its layers.

use rekindle::File;
use rekindle::prelude::*;
use rekindle_examples::idx::Samples;
use rekindle_examples::lenet::{
    ARENA, Activations, Image, LENET, Scores, answer, classify, classify_by_element, image,
};

use crate::archive::Archive;

#[derive(Layout)]
struct Memory {
    image: Buffer<Image>,
    net: Activations,
    scores: Buffer<Scores>,
}

/// A memory with room for the network and the control area.
fn words() -> Vec<u64> {
    vec![0; Memory::SIZE / 8 + 128]
}

#[test]
fn every_image_of_the_subset_gets_the_reference_scores() {
    let golden = Archive::open("lenet.golden");
    let (logits, scores): ([[i8; 10]; 256], [[i8; 10]; 256]) =
        (golden.i8("logits"), golden.i8("softmax"));
    let samples = Samples::subset().unwrap();
    let mut words = words();
    let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words)).unwrap();
    let mut right = 0;
    for (i, bytes) in samples.images.iter().enumerate() {
        nvm.restart().unwrap();
        nvm.write(|m| &mut m.image, &image(bytes)).unwrap();
        nvm.resume_or_start(&mut [], |cx, m| {
            classify(cx, &m.image, &LENET, &mut m.net, &mut m.scores)
        })
        .unwrap();
        assert_eq!(
            nvm.read(|m| &m.net.fc2).unwrap(),
            logits[i],
            "logits of image {i}"
        );
        let found = nvm.read(|m| &m.scores).unwrap();
        assert_eq!(found, scores[i], "scores of image {i}");
        right += u32::from(answer(&found) == samples.labels[i]);
    }
    assert_eq!(right, 235);
}

#[test]
fn every_layer_is_the_references_at_both_granularities() {
    let golden = Archive::open("lenet.golden");
    let samples = Samples::subset().unwrap();
    let mut words = words();
    let mut nvm = Nvm::<Memory, _>::open(Mapped::from_words(&mut words)).unwrap();
    for i in 0..2 {
        for by_element in [false, true] {
            nvm.restart().unwrap();
            nvm.write(|m| &mut m.image, &image(&samples.images[i]))
                .unwrap();
            nvm.resume_or_start(&mut [], |cx, m| {
                let task = (&m.image, &mut m.net, &mut m.scores);
                if by_element {
                    classify_by_element(cx, task.0, &LENET, task.1, task.2)
                } else {
                    classify(cx, task.0, &LENET, task.1, task.2)
                }
            })
            .unwrap();
            let name = |layer| format!("{i}.{layer}");
            golden.check(&name("conv1"), &nvm.read(|m| &m.net.conv1).unwrap());
            golden.check(&name("pool1"), &nvm.read(|m| &m.net.pool1).unwrap());
            golden.check(&name("conv2"), &nvm.read(|m| &m.net.conv2).unwrap());
            golden.check(&name("pool2"), &nvm.read(|m| &m.net.pool2).unwrap());
            golden.check(&name("fc1"), &nvm.read(|m| &m.net.fc1).unwrap());
            golden.check(&name("fc2"), &nvm.read(|m| &m.net.fc2).unwrap());
            golden.check(&name("softmax"), &nvm.read(|m| &m.scores).unwrap());
        }
    }
}

#[test]
fn a_file_holds_the_same_activations_as_mapped_memory() {
    let golden = Archive::open("lenet.golden");
    let path = std::env::temp_dir().join(format!("rekindle-golden-{}.nvm", std::process::id()));
    let store = File::create(&path, 8 * words().len()).unwrap().sync(false);
    let mut nvm = Nvm::<Memory, _>::open(store).unwrap();
    nvm.write(
        |m| &mut m.image,
        &image(&Samples::subset().unwrap().images[0]),
    )
    .unwrap();
    let mut arena = vec![0; ARENA];
    nvm.resume_or_start(&mut arena, |cx, m| {
        classify(cx, &m.image, &LENET, &mut m.net, &mut m.scores)
    })
    .unwrap();
    golden.check("0.conv1", &nvm.read(|m| &m.net.conv1).unwrap());
    golden.check("0.pool2", &nvm.read(|m| &m.net.pool2).unwrap());
    golden.check("0.softmax", &nvm.read(|m| &m.scores).unwrap());
    std::fs::remove_file(path).unwrap();
}
