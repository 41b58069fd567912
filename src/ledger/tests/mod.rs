//! Tests of the whole room: plans, targets and credentials made up; files and processes real.

mod again;
mod audit;
mod crash;
mod faults;
mod files;
mod happy;
mod load;
mod model;
mod race;
mod reports;
mod rules;
mod speed;
mod steps;
mod world;
