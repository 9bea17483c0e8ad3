//! The engine against an independent, slow simulator that follows the written definitions to the letter.

#[path = "../support/models.rs"]
#[allow(dead_code)]
mod models;

mod engine;
mod expand;
mod figures;
mod hand;
mod property;
mod simulator;
