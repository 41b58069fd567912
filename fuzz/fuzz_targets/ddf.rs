//! An object definition from a stranger: no panic, and what is read gives a valid model and comes back from it.
#![no_main]

use firstlight::format::{ddf, wot};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    let Ok(import) = ddf::read(bytes) else { return };
    for mut object in import.objects {
        let (model, _) = ddf::to_thing_model(&object);
        assert!(wot::validate_thing_model(&model).is_ok(), "a definition gives a valid model");
        object.resources.sort_by_key(|resource| resource.id);
        let (again, _) = ddf::from_thing_model(&model).expect("a model of ours has all of our terms");
        assert_eq!(again, object, "a definition comes back from its model");
    }
});
