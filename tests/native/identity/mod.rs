//! Identity, natively: tokens from everywhere, mutations of good ones, key servers, and tokens that come again.

mod isolate;
mod issuer;
mod mutations;
mod remote;
mod repeated;
mod vectors;
