//! The application on a mapped store, as it is. On the host: what it must compute.
#![cfg_attr(target_os = "none", no_std, no_main)]

#[cfg(target_os = "none")]
mod device {
    use cortex_m_rt::entry;
    use rekindle::store::Mapped;
    use rekindle::{Error, Fingerprint};
    use rekindle_app::{by_element, by_row, open, step_with};
    use rekindle_cortex_m4::harness::{By, Judge, Program, run};
    use rekindle_cortex_m4::pictures::Pictures;

    struct Plain;

    impl Program for Plain {
        fn step(
            nvm: &'static mut [u8],
            print: Fingerprint,
            by: By,
            sensor: &mut Pictures,
            judge: &mut Judge,
        ) -> Result<(), Error> {
            let mut nvm = open(Mapped::from_bytes(nvm), print)?;
            match by {
                By::Row => step_with(&mut nvm, &mut [], sensor, judge, by_row),
                By::Element => step_with(&mut nvm, &mut [], sensor, judge, by_element),
            }
        }
    }

    #[entry]
    fn main() -> ! {
        run::<Plain>()
    }
}

#[cfg(not(target_os = "none"))]
fn main() -> Result<(), rekindle::Error> {
    use rekindle_cortex_m4::pictures::{PICTURES, Pictures};

    struct Nowhere;
    impl rekindle_app::Report for Nowhere {
        fn report(&mut self, _: u32, _: &[i8; 10]) {}
    }

    for number in 0..PICTURES {
        let mut words = vec![0_u64; rekindle_app::NVM.div_ceil(8)];
        let store = rekindle::Mapped::from_words(&mut words);
        let mut nvm = rekindle_app::open(store, rekindle_app::FINGERPRINT)?;
        let mut sensor = Pictures {
            next: number as u32,
            taken: || {},
        };
        rekindle_app::step(&mut nvm, &mut [], &mut sensor, &mut Nowhere)?;
        drop(nvm);
        let bytes = rekindle::zerocopy::IntoBytes::as_bytes(&words[..]);
        for byte in &bytes[rekindle_app::DATA_AT..rekindle_app::NVM] {
            print!("{byte:02x}");
        }
        println!();
    }
    Ok(())
}
