//! Tests of the whole room: plans, targets and credentials made up; files and processes real.

mod happy;
mod world;
