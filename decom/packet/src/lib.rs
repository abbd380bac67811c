//! COSMOS packet definitions and bit-level truth: parse, decode, encode, identify, build.
